package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestABoxHasNothingThatDiffersBetweenRunsOrLeadsOutOfIt(t *testing.T) {
	e := open(t, Options{Workers: 1})
	result, err := try(t, e, `export function execute() {
		const names = ["Date", "performance", "setTimeout", "setInterval", "queueMicrotask", "eval", "Function", "require", "process",
			"console", "fetch", "WebAssembly", "WeakRef", "FinalizationRegistry", "SharedArrayBuffer", "Atomics", "ArrayBuffer",
			"Uint8Array", "DataView", "Proxy", "Intl", "print", "os", "std", "navigator", "scriptArgs", "crypto", "structuredClone"];
		return { found: names.filter(name => name in globalThis), random: typeof Math.random };
	}`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"found":[],"random":"undefined"}`, string(result.JSON))

	for _, body := range []string{
		"return (() => 1).constructor('return 1')()",
		"return (async () => 1).constructor('return 1')()",
		"return (function* () {}).constructor('yield 1')()",
		"return (async function* () {}).constructor('yield 1')()",
		"return JSON.parse.constructor('return 1')()",
		"return Reflect.construct((class {}).constructor, ['return 1'])()",
		"return eval('1')",
		"return (0, eval)('1')",
		"return new Date()",
		"return Math.random()",
		"return Proxy({}, {})",
		"return execute.caller.name",
		"return arguments.callee.name",
		"return this.x",
		"undeclared = 1",
	} {
		_, err := try(t, e, "export function execute() { "+body+"\n}")
		var thrown *ThrownError
		require.ErrorAs(t, err, &thrown, body)
	}
	result, err = try(t, e, "export function execute() { import('fs').then(() => { for (;;); }); return 1 }")
	require.NoError(t, err, "a promise's callbacks never run")
	assert.Equal(t, "1", string(result.JSON))
	for _, source := range []string{"import fs from 'fs';", "export * from 'fs';", "import './x.json' with { type: 'json' };"} {
		_, err := e.Compile(t.Context(), source+" export function execute() {}")
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, source)
	}
	_, err = e.Compile(t.Context(), "await import('fs'); export function execute() {}")
	var thrown *ThrownError
	require.ErrorAs(t, err, &thrown)
}

func TestSourcesThatAreNoneAreRefused(t *testing.T) {
	e := open(t, Options{Workers: 1})
	const program = "export function execute() { return 1 }"
	_, err := e.Compile(t.Context(), program+strings.Repeat(" ", 64<<10-len(program)))
	require.NoError(t, err, "64 KiB are allowed")
	_, err = e.Compile(t.Context(), program+strings.Repeat(" ", 64<<10-len(program)+1))
	require.ErrorIs(t, err, ErrTooLarge)

	for name, source := range map[string]string{
		"a NUL":                   "\x00" + program,
		"a NUL behind":            program + "\x00",
		"invalid UTF-8":           program + "// \xff",
		"nested too deeply":       strings.Repeat("(", 30000) + program,
		"blocks nested deeply":    strings.Repeat("{", 30000) + program,
		"return":                  "return 1",
		"a sloppy construct":      program + "; with ({}) {}",
		"a forever pending await": "await new Promise(() => {}); " + program,
	} {
		_, err := e.Compile(t.Context(), source)
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, name)
	}
}

func TestARunSeesNothingOfAnother(t *testing.T) {
	e := open(t, Options{Workers: 1})
	leaver := compile(t, e, `
		let kept = [];
		export function execute(view) {
			kept.push(view.secret);
			globalThis.secret = view.secret;
			Object.prototype.secret = view.secret;
			Array.prototype.secret = view.secret;
			RegExp.prototype.secret = view.secret;
			Symbol.for(view.secret);
			/(.*)/.exec(view.secret);
			execute.secret = view.secret;
			return [kept.length];
		}`)
	const finder = `
		export function execute() {
			const kept = typeof globalThis.kept;
			return [kept, typeof secret, {}.secret, [].secret, /x/.secret, execute.secret, RegExp.$1, RegExp.lastMatch].map(v => "" + v);
		}`
	reader := compile(t, e, finder)
	want, err := e.Run(t.Context(), reader, json.RawMessage(`{}`), json.RawMessage(`{}`))
	require.NoError(t, err)
	for range 3 {
		result, err := e.Run(t.Context(), leaver, json.RawMessage(`{"secret":"xyzzy-4711"}`), json.RawMessage(`{}`))
		require.NoError(t, err)
		assert.Equal(t, "[1]", string(result.JSON), "the module's own state starts afresh")
		found, err := e.Run(t.Context(), reader, json.RawMessage(`{}`), json.RawMessage(`{}`))
		require.NoError(t, err)
		assert.Equal(t, string(want.JSON), string(found.JSON))
		assert.NotContains(t, string(found.JSON), "xyzzy")
	}
	b, err := e.pool.acquire(t.Context())
	require.NoError(t, err)
	defer e.pool.release(b)
	memory, _ := b.memory.Read(0, b.memory.Size())
	assert.NotContains(t, string(memory), "xyzzy-4711", "what the box still holds when the next run has used it")
}

func TestStepsAreTheSameInEveryRun(t *testing.T) {
	e := open(t, Options{Workers: 4, Queue: 100})
	programs := map[string]*Program{
		"good":      compile(t, e, goodProgram),
		"allocates": compile(t, e, `export function execute() { const a = []; for (let i = 0; i < 2000; i++) a.push({ i, s: "s" + i }); return a.length }`),
		"regexp":    compile(t, e, `export function execute() { return /(a+)+b/.test("a".repeat(10)) }`),
		"sorts":     compile(t, e, `export function execute() { const a = []; for (let i = 0; i < 500; i++) a.push(i * 7919 % 501); return a.sort()[5] }`),
		"loads":     compile(t, e, `const table = []; for (let i = 0; i < 5000; i++) table.push([i]); export function execute() { return table.length }`),
	}
	want := map[string]Result{}
	for name, p := range programs {
		result, err := e.Run(t.Context(), p, sampleView(), json.RawMessage(`{}`))
		require.NoError(t, err, name)
		want[name] = result
	}
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for range 13 {
				for name, p := range programs {
					result, err := e.Run(t.Context(), p, sampleView(), json.RawMessage(`{}`))
					if err != nil {
						return fmt.Errorf("%s: %w", name, err)
					}
					if result.Steps != want[name].Steps || !bytes.Equal(result.JSON, want[name].JSON) {
						return fmt.Errorf("%s took %d steps and returned %s", name, result.Steps, result.JSON)
					}
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

func TestAProgramThatWasDroppedFromTheCacheTakesTheSameSteps(t *testing.T) {
	big := open(t, Options{Workers: 1})
	none := open(t, Options{Workers: 1, CacheBytes: 1})
	kept, dropped := compile(t, big, goodProgram), compile(t, none, goodProgram)
	for range 3 {
		a, err := big.Run(t.Context(), kept, sampleView(), json.RawMessage(`{}`))
		require.NoError(t, err)
		b, err := none.Run(t.Context(), dropped, sampleView(), json.RawMessage(`{}`))
		require.NoError(t, err)
		assert.Equal(t, a.Steps, b.Steps)
	}
	assert.Zero(t, none.images.bytes)
	assert.Empty(t, none.images.byKey)
	assert.Positive(t, big.images.bytes)
}
