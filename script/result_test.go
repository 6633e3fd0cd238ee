package script

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestOnlyPlainJSONIsAResult(t *testing.T) {
	e := open(t, Options{Workers: 1})
	for body, want := range map[string]string{
		"return () => 1":                      "a function is not JSON",
		"return execute":                      "a function is not JSON",
		"return Symbol('s')":                  "a symbol is not JSON",
		"return 1n":                           "a bigint is not JSON",
		"return NaN":                          "NaN is not a JSON number",
		"return [1, { a: [-1 / 0] }]":         "-Infinity is not a JSON number, at /1/a/0",
		"return { f() {} }":                   "a function is not JSON, at /f",
		"return { toJSON() { return 1; } }":   "a function is not JSON, at /toJSON",
		"return [undefined]":                  "undefined is not JSON, at /0",
		"return [1, , 2]":                     "undefined is not JSON, at /1",
		"const a = []; a[0] = a; return a":    "contains itself",
		"const o = {}; o.a = { o }; return o": "contains itself",
		"let v = 1; for (let i = 0; i < 65; i++) v = [v]; return v": "nested too deeply",
		"return new Map([[1, 2]])":                                  "only plain objects",
		"return { set: new Set([1]) }":                              "only plain objects and arrays can be returned; a promise, a Map or an instance of a class can not, at /set",
		"return new (class A {})":                                   "only plain objects",
		"return new Number(1)":                                      "only plain objects",
		"return /x/":                                                "only plain objects",
		"return new Error('x')":                                     "only plain objects",
		"return new Promise(() => {})":                              "only plain objects",
		"return Promise.resolve(1)":                                 "a promise",
		"return (async () => 1)()":                                  "only plain objects",
		"return (function* () {})()":                                "only plain objects",
		"return { then() {} }":                                      "a function is not JSON, at /then",
		"return '\\ud800'":                                          "half of a surrogate pair",
		"return { '\\udfff': 1 }":                                   "half of a surrogate pair",
		"return ['\\udc00\\ud800']":                                 "half of a surrogate pair",
	} {
		_, err := try(t, e, "export function execute() { "+body+"\n}")
		require.ErrorIs(t, err, ErrBadResult, body)
		assert.ErrorContains(t, err, want, body)
	}
}

func TestWhatIsWrittenIsWhatTheScriptReturned(t *testing.T) {
	e := open(t, Options{Workers: 1})
	for body, want := range map[string]string{
		"return null":                   `null`,
		"return -0":                     `0`,
		"return 1e21":                   `1e+21`,
		"return 5e-324":                 `5e-324`,
		"return { a: undefined, b: 1 }": `{"b":1}`,
		"return undefined":              "null",
		"":                              "null",
		"return { ['__proto__']: 1, constructor: 2 }":                                        `{"__proto__":1,"constructor":2}`,
		"return { [Symbol('s')]: 1, b: 2 }":                                                  `{"b":2}`,
		"return Object.create(null, { a: { value: 1, enumerable: true }, b: { value: 2 } })": `{"a":1}`,
		"return '\\u0000\\u2028\"\\\\\\ud83d\\ude00'":                                        `"\u0000` + "\u2028" + `\"\\` + "\U0001F600" + `"`,
		"let v = 1; for (let i = 0; i < 4; i++) v = [v, v]; return v":                        `[[[[1,1],[1,1]],[[1,1],[1,1]]],[[[1,1],[1,1]],[[1,1],[1,1]]]]`,
	} {
		result, err := try(t, e, "export function execute() { "+body+"\n}")
		require.NoError(t, err, body)
		assert.Equal(t, want, string(result.JSON), body)
	}
}

// Whatever a script does to what is built in, it can return only what it could return anyway, and the host reads it as it is.
func TestAPollutedBoxStillWritesTheResult(t *testing.T) {
	e := open(t, Options{Workers: 1})
	result, err := try(t, e, `
		const evil = () => { throw new Error('polluted'); };
		const everything = [Object, Array, String, Number, JSON, Object.prototype, Array.prototype, String.prototype,
			Number.prototype, Symbol.prototype, Object.getPrototypeOf(evil)];
		const spare = new Set(['constructor', '__proto__', 'caller', 'arguments']);
		const names = Object.getOwnPropertyNames, define = Object.defineProperty;
		const all = [];
		for (const o of everything) for (const name of names(o)) if (!spare.has(name)) all[all.length] = [o, name];
		export function execute(view, params) {
			const result = { a: [1, 'two', true, null], b: { c: 1.5 } };
			for (let i = 0; i < all.length; i++) {
				try { all[i][0][all[i][1]] = evil; } catch {}
			}
			define(Object.prototype, 'toJSON', { get: evil });
			define(Array.prototype, 'toJSON', { value: evil });
			define(Array.prototype, 0, { set: evil, get: evil });
			define(Object.prototype, 'a', { set: evil });
			define(Object.prototype, 'get', { value: evil });
			delete Array.prototype[Symbol.iterator];
			globalThis.JSON = globalThis.Object = globalThis.Array = undefined;
			return result;
		}`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":[1,"two",true,null],"b":{"c":1.5}}`, string(result.JSON))
}

func TestInputThatAScriptCouldMisreadIsRefused(t *testing.T) {
	e := open(t, Options{Workers: 1, Limits: Limits{InputBytes: 1000}})
	p := compile(t, e, "export function execute(view) { return view }")
	deep := func(n int) string {
		text := "1"
		for range n {
			text = "[" + text + "]"
		}
		return text
	}
	for input, want := range map[string]error{
		"":                                ErrBadInput,
		"{":                               ErrBadInput,
		"1 2":                             ErrBadInput,
		"NaN":                             ErrBadInput,
		"\"\xff\"":                        ErrBadInput,
		"9007199254740993":                ErrBadInput,
		`{"amount":-9223372036854775808}`: ErrBadInput,
		`["\ud800"]`:                      ErrBadInput,
		`["\udc00\ud800"]`:                ErrBadInput,
		deep(65):                          ErrBadInput,
		deep(600):                         ErrTooLarge,
		deep(64):                          nil,
		"9007199254740992":                nil,
		"-9007199254740992":               nil,
		"1e300":                           nil,
		`"\ud83d\ude00 \\ud800"`:          nil,
	} {
		result, err := e.Run(t.Context(), p, json.RawMessage(input), json.RawMessage("null"))
		_, err2 := e.Run(t.Context(), p, json.RawMessage("null"), json.RawMessage(input))
		if want == nil {
			require.NoError(t, err, input)
			require.NoError(t, err2, input)
			assert.JSONEq(t, input, string(result.JSON))
			continue
		}
		require.ErrorIs(t, err, want, input)
		require.ErrorIs(t, err2, want, input)
	}
}

func TestTheInputIsFrozen(t *testing.T) {
	e := open(t, Options{Workers: 1})
	p := compile(t, e, `export function execute(view, params) {
		const failures = [];
		const attempt = f => { try { f(); } catch (e) { failures.push(e.name); } };
		attempt(() => { view.lines[0].quantity = 2; });
		attempt(() => { view.lines.push(1); });
		attempt(() => { view.more = 1; });
		attempt(() => { delete view.lines; });
		attempt(() => { params.a.b = 1; });
		attempt(() => { view.__proto__.__proto__ = params; });
		return { failures, view };
	}`)
	result, err := e.Run(t.Context(), p, json.RawMessage(`{"lines":[{"quantity":1}],"__proto__":{}}`), json.RawMessage(`{"a":{}}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"failures":["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"],
		"view":{"lines":[{"quantity":1}],"__proto__":{}}}`, string(result.JSON))
}

func TestRandomJSONComesBackAsItWas(t *testing.T) {
	e := open(t, Options{Workers: 1})
	p := compile(t, e, "export function execute(view, params) { return [view, params] }")
	rapid.Check(t, func(t *rapid.T) {
		view, err := json.Marshal(randomJSON(4).Draw(t, "view"))
		require.NoError(t, err)
		params, err := json.Marshal(randomJSON(2).Draw(t, "params"))
		require.NoError(t, err)
		result, err := e.Run(t.Context(), p, view, params)
		require.NoError(t, err)
		assert.JSONEq(t, "["+string(view)+","+string(params)+"]", string(result.JSON))
	})
}

func randomJSON(depth int) *rapid.Generator[any] {
	key := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"__proto__", "constructor", "toString", "length", "0", "-1", "toJSON", "then", "", "\u2028", "'", `\`,
	}))
	// From 1e21 on, Go writes an exponent. Below that, integers beyond 2^53 are refused.
	number := rapid.Float64().Filter(func(f float64) bool {
		return math.Abs(f) <= 1<<53 || math.Abs(f) >= 1e21 && !math.IsInf(f, 0)
	})
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), number.AsAny(),
		rapid.Int64Range(-1<<53, 1<<53).AsAny(), key.AsAny(),
	}
	if depth > 0 {
		kinds = append(kinds, rapid.SliceOfN(randomJSON(depth-1), 0, 5).AsAny(), rapid.MapOfN(key, randomJSON(depth-1), 0, 5).AsAny())
	}
	return rapid.OneOf(kinds...)
}
