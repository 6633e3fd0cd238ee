package script

import (
	"encoding/json"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// thrown is expected of a script that ends with an exception whose message contains it.
type thrown string

func (e thrown) Error() string { return string(e) }

// attack is a program that tries to take more than it may. Its body is that of execute; before stands before it.
type attack struct {
	name   string
	before string
	body   string
	// nil if the program succeeds. ErrMemory stands for whichever limit it reaches first: filling 16 MiB takes many steps.
	want error
}

// What an attack may cost: processor time, because the time on the clock depends on what else the machine does, and memory,
// of which the box's own limit is 16 MiB.
const (
	mostTime   = 150 * time.Millisecond
	mostMemory = 20 << 20
)

var attacks = []attack{
	{name: "endless loop", body: `for (;;);`, want: ErrSteps},
	{name: "endless loop at the top level", before: `for (;;);`, want: ErrSteps},
	{name: "endless loop that catches its end", body: `for (;;) try { for (;;); } catch {} finally { continue; }`, want: ErrSteps},
	{name: "endless recursion", body: `const f = () => 1 + f(); return f();`, want: thrown("Maximum call stack size exceeded")},
	{name: "endless recursion that catches its end", body: `const f = () => { try { f(); } finally { f(); } }; return f();`, want: ErrSteps},
	{name: "generator without an end", body: `function* g() { for (;;) yield 1; } for (const x of g());`, want: ErrSteps},
	{name: "generator spread into an array", body: `function* g() { for (;;) yield {}; } return [...g()];`, want: ErrMemory},
	{name: "jobs without an end", before: `const f = () => Promise.resolve().then(f); await f();`, want: ErrSteps},

	// Loops in the engine's own code, at which its byte code is never polled.
	{name: "sort of four billion holes", body: `return [].sort.call({ length: 2 ** 32 - 1 });`, want: ErrSteps},
	{name: "search through 2^53 holes", body: `return [].includes.call({ length: 2 ** 53 - 1 }, 1);`, want: ErrSteps},
	{name: "join of a billion holes", body: `return new Array(1e9).join();`, want: ErrSteps},
	{name: "comparator that never ends", body: `return [1, 2].sort(() => { for (;;); });`, want: ErrSteps},
	{name: "comparator that contradicts itself", body: `let n = 0; const a = Array.from({ length: 30000 }, () => 1); for (;;) a.sort(() => ++n % 3 - 1);`, want: ErrSteps},
	{name: "catastrophic regular expression", body: `return /(a+)+b/.test('a'.repeat(100));`, want: ErrSteps},
	{name: "regular expression with lookahead", body: `return /^(?=(x+x+)+y)/.test('x'.repeat(60));`, want: ErrSteps},
	{name: "regular expression of great depth", body: `return new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('x');`, want: thrown("")},
	{name: "regular expression with great counts", body: `return new RegExp('((((x{1,200}){1,200}){1,200}){1,200})y').test('x'.repeat(1000));`, want: ErrSteps},
	{name: "quadratic search", body: `const s = 'a'.repeat(1 << 20); for (;;) s.indexOf('aab');`, want: ErrSteps},
	{name: "powers of big integers", body: `let n = 3n; for (;;) n = n * n % (1n << 60000n);`, want: ErrSteps},
	{name: "a big integer as text", body: `return (7n ** 200000n).toString().length;`, want: ErrSteps},
	{name: "normal forms", body: `const s = '\u0344\u1e9b\u0323'.repeat(50000); for (;;) s.normalize('NFKD');`, want: ErrSteps},
	{name: "unshift, which moves everything", body: `const a = new Array(3e5).fill(0); for (;;) { a.unshift(1); a.shift(); }`, want: ErrSteps},
	{name: "splice, which moves everything", body: `const a = new Array(3e5).fill(0); for (;;) { a.splice(0, 1); a.splice(0, 0, 1); }`, want: ErrMemory},
	{name: "copies of a long string", body: `const s = 'x'.repeat(3e6); let n = 0; for (;;) n += s.slice(1).length;`, want: ErrSteps},
	{name: "long keys of properties", body: `const o = {}; const s = 'x'.repeat(1e6); for (let i = 0; ; i++) o[s + i] = 1;`, want: ErrMemory},
	{name: "garbage that refers to itself", body: `for (;;) { const a = { b: new Array(100).fill(0) }; a.a = a; }`, want: ErrSteps},

	{name: "arrays of arrays", body: `const a = []; for (;;) a.push(new Array(1000).fill(1));`, want: ErrMemory},
	{name: "arrays whose end is caught", body: `const a = []; for (;;) try { for (;;) a.push(new Array(1000).fill(1)); } catch { a.length = 0; return 'caught'; }`, want: ErrMemory},
	{name: "memory at the top level", before: `const a = []; for (;;) a.push(new Array(1000).fill(1));`, want: ErrMemory},
	{name: "string that doubles", body: `let s = 'x'; for (;;) s += s;`, want: ErrMemory},
	{name: "string that doubles and is read", body: `let s = 'x'; for (;;) { s += s; s.charCodeAt(3); }`, want: ErrMemory},
	{name: "repeated string", body: `return 'x'.repeat(2 ** 29).length;`, want: ErrMemory},
	{name: "padded string", body: `return 'x'.padStart(2 ** 29, 'abc').length;`, want: ErrMemory},
	{name: "string split into letters", body: `return 'x'.repeat(1e6).split('').length;`, want: ErrMemory},
	{name: "array from a length", body: `return Array.from({ length: 2 ** 32 - 1 });`, want: ErrMemory},
	{name: "filled array", body: `return new Array(2 ** 32 - 1).fill(1);`, want: ErrMemory},
	{name: "map that grows", body: `const m = new Map(); for (let i = 0; ; i++) m.set(i, i);`, want: ErrMemory},
	{name: "symbols", body: `const o = {}; for (;;) o[Symbol()] = 1;`, want: ErrMemory},
	{name: "arguments", body: `return Math.max(...new Array(1e6).fill(1));`, want: ErrMemory},
	{name: "big integer that grows", body: `let n = 1n << 100000n; for (;;) n = n << 100000n;`, want: thrown("BigInt")},
	{name: "replacement that multiplies", body: "let s = 'x'.repeat(1000); for (;;) s = s.replace(/x/g, '$&$&$&');", want: ErrMemory},

	{name: "parsing a deep text", body: `return JSON.parse('['.repeat(1e5));`, want: thrown("Maximum call stack size exceeded")},
	{name: "writing a deep value", body: `let v = []; for (let i = 0; i < 1e4; i++) v = [v]; return JSON.stringify(v);`, want: ErrSteps},
	{name: "flattening a deep value", body: `let v = []; for (let i = 0; i < 1e4; i++) v = [v]; return v.flat(Infinity);`, want: thrown("Maximum call stack size exceeded")},
	{name: "freeing a deep value", body: `let v = null; for (let i = 0; i < 1e5; i++) v = { v }; v = null; return 1;`},

	{name: "huge result", body: `return 'x'.repeat(300000);`, want: ErrTooLarge},
	{name: "result of many parts", body: `return new Array(1e5).fill(1234);`, want: ErrSteps},
	{name: "result of long parts", body: `return new Array(300).fill('x'.repeat(1000));`, want: ErrTooLarge},
	{name: "result that multiplies", body: `let v = ['x']; for (let i = 0; i < 60; i++) v = [v, v]; return v;`, want: ErrSteps},
	{name: "result without an end", body: `const a = []; a.length = 2 ** 32 - 1; Object.defineProperty(Array.prototype, 0, { get: () => 1 }); return a;`, want: ErrBadResult},
	{name: "getter that never ends", body: `return { get a() { for (;;); } };`, want: ErrSteps},
	{name: "getter that nests without an end", body: `const f = () => ({ get a() { return f(); } }); return f();`, want: ErrBadResult},

	{name: "exception whose message never ends", body: `throw { get message() { for (;;); } };`, want: ErrSteps},
	{name: "exception whose message throws", body: `throw { get message() { throw 1; } };`, want: thrown("can not be described")},
	{name: "exception with a long message", body: `throw new Error('x'.repeat(1e6));`, want: thrown("xxx")},
	{name: "exception that is a symbol", body: `throw Symbol('s');`, want: thrown("Symbol(s)")},
	{name: "exception that can't be text", body: `throw Object.create(null);`, want: thrown("an object without a message")},
	{name: "stack traces that never end", body: `Error.prepareStackTrace = () => { for (;;); }; null.x;`, want: ErrSteps},
}

func (a attack) source() string {
	return a.before + "\nexport function execute(view, params) {\n" + a.body + "\n}"
}

func TestAttacksEndWithinTheirTimeAndMemory(t *testing.T) {
	e := open(t, Options{Workers: 1})
	good := compile(t, e, goodProgram)
	before, err := e.Run(t.Context(), good, sampleView(), json.RawMessage(`{}`))
	require.NoError(t, err)

	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			cost, err := a.run(t, e)
			if !errors.Is(a.want, ErrMemory) || !errors.Is(err, ErrSteps) {
				requireOutcome(t, a.want, err)
			}
			assert.LessOrEqual(t, cost.processor, mostTime*slack)
			assert.LessOrEqual(t, cost.memory, uint64(mostMemory))

			after, err := e.Run(t.Context(), good, sampleView(), json.RawMessage(`{}`))
			require.NoError(t, err, "the next run")
			assert.Equal(t, before.Steps, after.Steps)
			assert.Equal(t, string(before.JSON), string(after.JSON))
		})
	}
}

func TestMemoryIsBoundedHoweverManyStepsAProgramMayTake(t *testing.T) {
	e := open(t, Options{Workers: 1, Limits: Limits{Steps: 1 << 40}})
	for _, a := range attacks {
		if !errors.Is(a.want, ErrMemory) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			cost, err := a.run(t, e)
			require.ErrorIs(t, err, ErrMemory)
			assert.LessOrEqual(t, cost.memory, uint64(mostMemory))
		})
	}
}

// run measures the attack in a box of its own.
func (a attack) run(t *testing.T, e *Engine) (cost, error) {
	t.Helper()
	freshBox(t, e)
	var err error
	c := measure(func() { _, err = try(t, e, a.source()) })
	t.Logf("%4d ms of processor time, %4d ms on the clock, %5.1f MiB: %.100v",
		c.processor.Milliseconds(), c.clock.Milliseconds(), float64(c.memory)/(1<<20), err)
	return c, err
}

func requireOutcome(t *testing.T, want, err error) {
	t.Helper()
	message, isThrown := errors.AsType[thrown](want)
	switch {
	case want == nil:
		require.NoError(t, err)
	case isThrown:
		var e *ThrownError
		require.ErrorAs(t, err, &e)
		require.Contains(t, e.Message, string(message))
		require.Less(t, len(e.Message)+len(e.Stack), 10_000)
	default:
		require.ErrorIs(t, err, want)
	}
}

// freshBox makes the next run allocate its box, so that the box is in what is measured.
func freshBox(t testing.TB, e *Engine) {
	t.Helper()
	b, err := e.pool.acquire(t.Context())
	require.NoError(t, err)
	if b != nil {
		b.discard(t.Context())
	}
	e.pool.release(nil)
}

type cost struct {
	clock, processor time.Duration
	memory           uint64 // everything that was allocated, so at least what was in use at any moment
}

func measure(do func()) cost {
	var from, to runtime.MemStats
	runtime.ReadMemStats(&from)
	started, used := time.Now(), processorTime()
	do()
	c := cost{clock: time.Since(started), processor: processorTime() - used}
	runtime.ReadMemStats(&to)
	c.memory = to.TotalAlloc - from.TotalAlloc
	return c
}
