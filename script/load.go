package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The groups of built-in objects that a box has, by their bits in the engine's qjs_init2. It has no Date; no Proxy,
// Reflect, typed arrays, WeakRef or Atomics either, which no command needs and which are where engines have their bugs.
const intrinsics = 1<<1 | // evaluating code, which harness.js takes away from scripts
	1<<2 | // RegExp
	1<<3 | // JSON
	1<<5 | // Map and Set
	1<<7 | // Promise, on which modules are built
	1<<8 // BigInt

// The engine's flags for evaluating a script and a module, and the states of its promises.
const (
	evalScript = 0
	evalModule = 1

	promisePending  = 0
	promiseRejected = 2
)

const (
	// How much of the engine's stack a script may use before it gets a RangeError: calls nest about 270 deep, and an "else if"
	// 360. The machine's own stack grows with it, to about 1.5 MiB.
	stackBytes = 64 << 10
	// Memory that isn't counted as a script's: the engine's stack, its data, and what it allocates for the host.
	overheadBytes = 2 << 20
	// Free memory in a fresh box. A box whose memory has grown in a run can't shrink, so it is replaced. With this much,
	// ordinary runs don't grow it.
	spareBytes = 1 << 20
)

// prepare starts the engine in a new box and runs harness.js. The result is what every program is loaded into.
func (b *box) prepare(ctx context.Context, o Options) (*image, error) {
	if _, err := b.call(ctx, "_initialize"); err != nil {
		return nil, err
	}
	if failed, err := b.call(ctx, "qjs_init2", intrinsics); err != nil || failed != 0 {
		return nil, errors.Join(errors.New("the engine doesn't start"), err)
	}
	if _, err := b.call(ctx, "qjs_set_max_stack_size", stackBytes); err != nil {
		return nil, err
	}
	if _, err := b.call(ctx, "qjs_set_memory_limit", size(o.MemoryBytes-overheadBytes)); err != nil {
		return nil, err
	}
	functions, err := b.eval(ctx, fmt.Sprintf("(%s)(%d, %d)", harness, o.OutputBytes, maxDepth), "harness.js", evalScript)
	if err != nil {
		return nil, err
	}
	i := &image{}
	for name, function := range map[string]*pointer{"read": &i.read, "run": &i.run, "describe": &i.describe} {
		if *function, err = b.property(ctx, functions, name); err != nil {
			return nil, err
		}
	}
	spare, err := b.object(ctx, "wasm_malloc", spareBytes)
	if err != nil {
		return nil, err
	}
	if _, err := b.call(ctx, "wasm_free", spare); err != nil {
		return nil, err
	}
	b.capture(i)
	return i, nil
}

// load evaluates a program in a fresh box.
func (b *box) load(ctx context.Context, source string) (*image, error) {
	promise, err := b.eval(ctx, source, scriptName, evalModule)
	if err != nil {
		// Nothing has run yet, so this is no exception of the program's.
		if thrown, ok := errors.AsType[*ThrownError](err); ok {
			return nil, &SyntaxError{
				Message: strings.TrimPrefix(thrown.Message, "SyntaxError: "), Line: thrown.Line, Column: thrown.Column,
			}
		}
		return nil, err
	}
	namespace, err := b.settled(ctx, promise)
	if err != nil {
		return nil, err
	}
	i := *b.machine.base
	if i.execute, err = b.property(ctx, namespace, "execute"); err != nil {
		return nil, err
	}
	is, err := b.call(ctx, "qjs_is_function", i.execute)
	if err != nil {
		return nil, err
	}
	if is == 0 {
		return nil, ErrNoExecute
	}
	i.steps = b.run.steps()
	b.capture(&i)
	return &i, nil
}

// scriptName is the program's file in stack traces.
const scriptName = "script.js"

func (b *box) eval(ctx context.Context, source, name string, flags pointer) (pointer, error) {
	code, err := b.bytes(ctx, []byte(source))
	if err != nil {
		return 0, err
	}
	file, err := b.bytes(ctx, []byte(name))
	if err != nil {
		return 0, err
	}
	return b.value(ctx, "qjs_eval", code, size(len(source)), file, flags)
}

// settled returns the value of a promise that needs nothing but the jobs that are waiting.
func (b *box) settled(ctx context.Context, promise pointer) (pointer, error) {
	for {
		state, err := b.call(ctx, "qjs_promise_state", promise)
		if err != nil {
			return 0, err
		}
		if state != promisePending {
			result, err := b.object(ctx, "qjs_promise_result", promise)
			if err == nil && state == promiseRejected {
				err = b.thrown(ctx, result)
			}
			return result, err
		}
		waiting, err := b.call(ctx, "qjs_is_job_pending")
		if err != nil {
			return 0, err
		}
		if waiting == 0 {
			return 0, &SyntaxError{Message: "the script waits at its top level for something that never happens"}
		}
		// A job that fails rejects the promise that waits for it.
		if _, err := b.call(ctx, "qjs_execute_pending_job"); err != nil {
			return 0, err
		}
	}
}

func (b *box) property(ctx context.Context, object pointer, name string) (pointer, error) {
	key, err := b.bytes(ctx, []byte(name))
	if err != nil {
		return 0, err
	}
	return b.value(ctx, "qjs_get_prop_string", object, key)
}

// thrown returns a thrown value as an error.
func (b *box) thrown(ctx context.Context, value pointer) error {
	uncatchable, err := b.call(ctx, "qjs_is_uncatchable_error", value)
	if err != nil {
		return err
	}
	if uncatchable != 0 { // scripts are stopped by metering, so the engine has only this reason
		return ErrMemory
	}
	if b.machine.base == nil {
		text, err := b.text(ctx, value)
		return errors.Join(fmt.Errorf("harness.js threw %s", text), err)
	}
	described, err := b.apply(ctx, b.machine.base.describe, value)
	if err != nil {
		return err
	}
	text, err := b.text(ctx, described)
	if err != nil {
		return err
	}
	return newThrownError(text)
}

// newThrownError reads what describe in harness.js returned.
func newThrownError(text []byte) error {
	var name, message, stack string
	lines := strings.SplitN(string(text), "\n", 3)
	for i, v := range []*string{&name, &message, &stack} {
		if i >= len(lines) || json.Unmarshal([]byte(lines[i]), v) != nil {
			return fmt.Errorf("harness.js described an exception as %q", text)
		}
	}
	e := &ThrownError{Message: message, Stack: stack}
	if name != "" {
		e.Message = name + ": " + message
	}
	e.Line, e.Column = position(stack)
	return e
}

// position returns the first place of a stack trace that is in the program: "    at execute (script.js:3:14)".
func position(stack string) (line, column int) {
	_, after, found := strings.Cut(stack, scriptName+":")
	if !found {
		return 0, 0
	}
	first, rest, _ := strings.Cut(after, ":")
	digits := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	if digits < 0 {
		digits = len(rest)
	}
	line, _ = strconv.Atoi(first)
	column, _ = strconv.Atoi(rest[:digits])
	return line, column
}
