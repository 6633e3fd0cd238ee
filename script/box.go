package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"
)

// box is one instance of the engine. Its memory is overwritten before each use, so nothing survives from one run to the
// next. One goroutine at a time uses it.
type box struct {
	machine   *machine
	module    api.Module
	memory    api.Memory
	fuel      api.MutableGlobal
	stack     api.MutableGlobal
	functions map[string]api.Function
	run       *run // who uses it
}

func openBox(m *machine, module api.Module) (*box, error) {
	b := &box{machine: m, module: module, memory: module.Memory(), functions: map[string]api.Function{}}
	var ok, ok2 bool
	b.fuel, ok = module.ExportedGlobal(fuelGlobal).(api.MutableGlobal)
	b.stack, ok2 = module.ExportedGlobal("__stack_pointer").(api.MutableGlobal)
	if !ok || !ok2 {
		return nil, errors.New("the engine doesn't export its stack pointer and its fuel")
	}
	return b, nil
}

func (b *box) discard(ctx context.Context) {
	// Closing an instance only marks it: without files or other resources it can't fail.
	_ = b.module.Close(ctx)
}

// pointer is an address in the box's memory. Where a function of the engine takes a number, it is that.
type pointer uint32

// size returns a length as the engine takes it.
func size(n int) pointer {
	return pointer(n) //nolint:gosec // what has a length here is within the box's memory, which is at most 1 GiB
}

// call calls a function of the engine. A function that answers with a value returns a pointer to it; a null pointer
// means that there was no memory for it.
func (b *box) call(ctx context.Context, name string, args ...pointer) (pointer, error) {
	f := b.functions[name]
	if f == nil {
		if f = b.module.ExportedFunction(name); f == nil {
			return 0, fmt.Errorf("the engine has no function %s", name)
		}
		b.functions[name] = f
	}
	var stack [8]uint64
	for i, arg := range args {
		stack[i] = uint64(arg)
	}
	err := f.CallWithStack(ctx, stack[:])
	switch {
	case errors.Is(b.run.stopped, ErrDeadline):
		return 0, errors.Join(ErrDeadline, ctx.Err())
	case b.run.stopped != nil:
		return 0, b.run.stopped
	case err != nil:
		return 0, fmt.Errorf("%w in %s: %w", errEngine, name, err)
	}
	return pointer(api.DecodeU32(stack[0])), nil
}

// object calls a function that returns a pointer.
func (b *box) object(ctx context.Context, name string, args ...pointer) (pointer, error) {
	p, err := b.call(ctx, name, args...)
	if err == nil && p == 0 {
		err = ErrMemory
	}
	return p, err
}

// bytes copies bytes into the box, with a 0 behind them, as the engine expects of source code.
func (b *box) bytes(ctx context.Context, data []byte) (pointer, error) {
	p, err := b.object(ctx, "wasm_malloc", size(len(data)+1))
	if err != nil {
		return 0, err
	}
	if !b.memory.Write(uint32(p), data) || !b.memory.WriteByte(uint32(p+size(len(data))), 0) {
		return 0, fmt.Errorf("%w: it allocated memory that it doesn't have", errEngine)
	}
	return p, nil
}

// string makes a JavaScript string.
func (b *box) string(ctx context.Context, data []byte) (pointer, error) {
	p, err := b.bytes(ctx, data)
	if err != nil {
		return 0, err
	}
	s, err := b.value(ctx, "qjs_new_string", p, size(len(data)))
	if err != nil {
		return 0, err
	}
	_, err = b.call(ctx, "wasm_free", p)
	return s, err
}

// text reads a JavaScript string.
func (b *box) text(ctx context.Context, value pointer) ([]byte, error) {
	length, err := b.object(ctx, "wasm_malloc", 4)
	if err != nil {
		return nil, err
	}
	p, err := b.object(ctx, "qjs_get_string_len", value, length)
	if err != nil {
		return nil, err
	}
	n, ok := b.memory.ReadUint32Le(uint32(length))
	data, ok2 := b.memory.Read(uint32(p), n)
	if !ok || !ok2 {
		return nil, fmt.Errorf("%w: it returned a string outside its memory", errEngine)
	}
	return append([]byte(nil), data...), nil
}

// value calls a function that returns a JavaScript value, or throws.
func (b *box) value(ctx context.Context, name string, args ...pointer) (pointer, error) {
	v, err := b.object(ctx, name, args...)
	if err != nil {
		return 0, err
	}
	threw, err := b.call(ctx, "qjs_is_exception", v)
	if err != nil || threw == 0 {
		return v, err
	}
	thrown, err := b.object(ctx, "qjs_get_exception")
	if err != nil {
		return 0, err
	}
	return 0, b.thrown(ctx, thrown)
}

// apply calls a JavaScript function.
func (b *box) apply(ctx context.Context, function pointer, args ...pointer) (pointer, error) {
	undefined, err := b.object(ctx, "qjs_get_undefined")
	if err != nil {
		return 0, err
	}
	list, err := b.object(ctx, "wasm_malloc", size(4*len(args)))
	if err != nil {
		return 0, err
	}
	for i, arg := range args {
		if !b.memory.WriteUint32Le(uint32(list+size(4*i)), uint32(arg)) {
			return 0, fmt.Errorf("%w: it allocated memory that it doesn't have", errEngine)
		}
	}
	return b.value(ctx, "qjs_call", function, undefined, size(len(args)), list)
}

// input makes a frozen JavaScript value of JSON.
func (b *box) input(ctx context.Context, i *image, text json.RawMessage) (pointer, error) {
	s, err := b.string(ctx, text)
	if err != nil {
		return 0, err
	}
	return b.apply(ctx, i.read, s)
}

// execute calls a loaded program.
func (b *box) execute(ctx context.Context, i *image, view, params json.RawMessage, limits Limits) (json.RawMessage, error) {
	// What reading takes is bounded by the input's size: about 100 steps a byte, at most.
	b.run.begin(0, 1<<40)
	viewValue, err := b.input(ctx, i, view)
	if err != nil {
		return nil, err
	}
	paramsValue, err := b.input(ctx, i, params)
	if err != nil {
		return nil, err
	}
	b.run.begin(i.steps, limits.Steps)
	returned, err := b.apply(ctx, i.run, i.execute, viewValue, paramsValue)
	if err != nil {
		return nil, err
	}
	text, err := b.text(ctx, returned)
	if err != nil {
		return nil, err
	}
	return checkOutput(text, limits.OutputBytes)
}
