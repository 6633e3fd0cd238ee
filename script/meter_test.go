package script

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// tiny is a module like the engine, as small as can be: its function "turns" takes n turns of a loop, "fill" fills n bytes.
func tiny() []byte {
	section := func(id byte, body ...byte) []byte { return append([]byte{id, byte(len(body))}, body...) }
	name := func(s string) []byte { return append([]byte{byte(len(s))}, s...) }
	join := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	turns := []byte{0, opLoop, blockEmpty, opLocalGet, 0, opI32Const, 1, opI32Sub, 0x22, 0, 0x0d, 0, opEnd, opEnd}
	fill := []byte{0, opI32Const, 0, opI32Const, 7, opLocalGet, 0, opPrefix, 11, 0, opEnd}
	return join(wasmHeader,
		section(sectionType, 2, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 0),
		section(sectionImport, join([]byte{1}, name("env"), name("host_interrupt"), []byte{0, 0})...),
		section(sectionFunction, 2, 1, 1),
		section(5, 1, 0, 2),
		section(sectionGlobal, 1, 0x7f, 1, opI32Const, 0, opEnd),
		section(sectionExport, join([]byte{2}, name("turns"), []byte{0, 1}, name("fill"), []byte{0, 2})...),
		section(sectionCode, join([]byte{2, byte(len(turns))}, turns, []byte{byte(len(fill))}, fill)...))
}

func TestAMeteredModuleCountsTurnsCallsAndBytes(t *testing.T) {
	module, err := meter(tiny())
	require.NoError(t, err)
	ctx := t.Context()
	r := wazero.NewRuntime(ctx)
	defer func() { assert.NoError(t, r.Close(context.Background())) }()
	var calls int
	var answer uint64
	var fuel api.MutableGlobal
	_, err = r.NewHostModuleBuilder("env").NewFunctionBuilder().WithGoFunction(api.GoFunc(func(_ context.Context, stack []uint64) {
		calls++
		fuel.Set(1000)
		stack[0] = answer
	}), nil, []api.ValueType{api.ValueTypeI32}).Export("host_interrupt").Instantiate(ctx)
	require.NoError(t, err)
	m, err := r.Instantiate(ctx, module)
	require.NoError(t, err)
	fuel = m.ExportedGlobal(fuelGlobal).(api.MutableGlobal)
	spent := func(function string, n uint64) int32 {
		fuel.Set(100_000)
		_, err := m.ExportedFunction(function).Call(ctx, n)
		require.NoError(t, err)
		return 100_000 - api.DecodeI32(fuel.Get())
	}
	assert.EqualValues(t, 1+10, spent("turns", 10))
	assert.EqualValues(t, 1+5000, spent("turns", 5000))
	// The function itself, and its bytes. What charges for them is not charged.
	assert.EqualValues(t, 1+1000, spent("fill", 64_000))
	assert.Zero(t, calls)

	fuel.Set(0)
	_, err = m.ExportedFunction("turns").Call(ctx, 2500)
	require.NoError(t, err)
	assert.Equal(t, 3, calls, "asked when the fuel is used up")

	answer = 1
	fuel.Set(10)
	_, err = m.ExportedFunction("turns").Call(ctx, 2500)
	require.ErrorContains(t, err, "unreachable")
	fuel.Set(10)
	_, err = m.ExportedFunction("fill").Call(ctx, 64_000)
	require.ErrorContains(t, err, "unreachable")
	first, _ := m.Memory().ReadByte(0)
	assert.EqualValues(t, 7, first)
}

func TestWhatCannotBeMeteredIsRefused(t *testing.T) {
	for name, module := range map[string][]byte{
		"nothing":          {},
		"no module":        []byte("not a module"),
		"only a header":    wasmHeader,
		"an end too early": quickjs[:len(quickjs)/2],
		"an unknown instruction": func() []byte {
			m := tiny()
			m[len(m)-4] = 0xfe // in the place of the prefix of memory.fill
			return m
		}(),
	} {
		_, err := meter(module)
		require.Error(t, err, name)
	}
	_, err := meter(quickjs)
	require.NoError(t, err)
}
