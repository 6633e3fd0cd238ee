package script

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

//go:embed engine/quickjs.wasm
var quickjs []byte

//go:embed harness.js
var harness string

// machine is the engine as machine code, and the memory of a box in which nothing has been loaded yet.
type machine struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	base    *image
}

const wasmPage = 64 << 10

func newMachine(ctx context.Context, o Options) (*machine, error) {
	metered, err := meter(quickjs)
	if err != nil {
		return nil, err
	}
	// With the capacity of the maximum, memory that grows needn't be copied. Go gets it zeroed and unused from the
	// operating system, so what isn't touched costs nothing.
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(uint32(size(o.MemoryBytes) / wasmPage)).WithMemoryCapacityFromMax(true)
	m := &machine{runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	if err := m.prepare(ctx, metered, o); err != nil {
		return nil, errors.Join(err, m.close(ctx))
	}
	return m, nil
}

func (m *machine) prepare(ctx context.Context, metered []byte, o Options) error {
	if err := imports(ctx, m.runtime); err != nil {
		return err
	}
	var err error
	parallel := experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	if m.module, err = m.runtime.CompileModule(parallel, metered); err != nil {
		return err
	}
	b, err := m.newBox(ctx)
	if err != nil {
		return err
	}
	ctx = b.use(ctx, &run{deadline: time.Minute})
	b.run.begin(0, 1<<30)
	if m.base, err = b.prepare(ctx, o); err != nil {
		return fmt.Errorf("preparing a box: %w", err)
	}
	b.discard(ctx)
	return nil
}

// newBox returns a box whose memory has yet to be filled from an image.
func (m *machine) newBox(ctx context.Context) (*box, error) {
	// Without a name, so that there can be many.
	module, err := m.runtime.InstantiateModule(ctx, m.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, err
	}
	return openBox(m, module)
}

func (m *machine) close(ctx context.Context) error { return m.runtime.Close(ctx) }
