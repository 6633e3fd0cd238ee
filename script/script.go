// Package script is the box in which a merchant's JavaScript runs. It knows nothing of orders: a program is a module that
// exports the function execute, which gets two JSON values and returns one.
//
// The engine is QuickJS-ng compiled to WebAssembly (engine/README.md), run by wazero. Decision 46 says why. What a script
// can reach is the standard library of ECMAScript without Date, Math.random, eval, modules, timers and anything that
// another run, another program or the machine could be seen by.
//
// The outcome of a run depends on the program and its input alone, never on the machine or its load: the engine counts
// steps, inside native code too (meter.go), and memory. A run that the clock ended has no outcome, and says so by ErrDeadline.
//
// Numbers are what JavaScript makes of them, 64-bit floats. So that none is rounded on the way in, an integer beyond ±2^53
// is refused.
package script

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unicode/utf8"
)

// Limits are what one program, or one run of it, may use.
type Limits struct {
	// Bytes of a program's source. Defaults to 64 KiB.
	SourceBytes int
	// Bytes of the view and of the params, each. Defaults to 256 KiB.
	InputBytes int
	// Bytes of the result. Defaults to 256 KiB.
	OutputBytes int
	// Bytes of the engine's memory, of which its own stack and data take about 1.3 MiB. At least 4 MiB.
	// Defaults to 16 MiB.
	MemoryBytes int
	// Steps of loading the program, running it and writing its result, together: a turn of a loop in a script takes about
	// 27. Defaults to 10 million, which is about 50 ms. Reading the input is not counted, so that a long order doesn't
	// leave a script with less.
	Steps int64
	// Deadline is for a machine so loaded that the steps take longer than a caller can wait. It counts from when a run has
	// got a worker. Defaults to 250 ms.
	Deadline time.Duration
}

// Options say how much of the machine all runs together may use.
type Options struct {
	Limits
	// Workers is how many runs there may be at a time. Each keeps an engine's memory. Defaults to half of GOMAXPROCS,
	// at least 1, so that scripts leave room for the process that they serve.
	Workers int
	// Queue is how many runs may wait for a worker. Defaults to 64.
	Queue int
	// CacheBytes is how much memory loaded programs may take between their runs. The program that has not run for longest
	// is dropped, and loaded again with its next run. Defaults to 32 MiB.
	CacheBytes int
}

// maxDepth is how deeply arrays and objects may be nested, in what goes in and in what comes out. It bounds recursion
// wherever the values are read, here and by the caller.
const maxDepth = 64

func (o Options) withDefaults() Options {
	def(&o.SourceBytes, 64<<10)
	def(&o.InputBytes, 256<<10)
	def(&o.OutputBytes, 256<<10)
	def(&o.MemoryBytes, 16<<20)
	def(&o.Steps, 10_000_000)
	def(&o.Deadline, 250*time.Millisecond)
	def(&o.Workers, max(1, runtime.GOMAXPROCS(0)/2))
	def(&o.Queue, 64)
	def(&o.CacheBytes, 32<<20)
	return o
}

func def[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

func (o Options) check() error {
	if min(o.SourceBytes, o.InputBytes, o.OutputBytes, o.Workers, o.Queue, o.CacheBytes) < 0 || o.Steps < 0 || o.Deadline < 0 {
		return errors.New("a limit of scripts is negative")
	}
	if o.MemoryBytes < 4<<20 || o.MemoryBytes > 1<<30 {
		return fmt.Errorf("scripts may use %d bytes of memory: the limit must be between 4 MiB and 1 GiB", o.MemoryBytes)
	}
	return nil
}

// Engine compiles and runs programs. It is safe for concurrent use.
type Engine struct {
	options Options
	machine *machine
	pool    *pool
	images  *images
}

// NewEngine translates the engine to machine code, which takes about half a second. A process needs one of it. It raises
// GOMAXPROCS by its workers until it is closed.
func NewEngine(ctx context.Context, o Options) (*Engine, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	m, err := newMachine(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("the engine of scripts: %w", err)
	}
	addProcessors(o.Workers)
	return &Engine{options: o, machine: m, pool: newPool(o.Workers, o.Queue), images: newImages(o.CacheBytes)}, nil
}

// Close waits for the runs that are under way and frees the engine's memory.
func (e *Engine) Close(ctx context.Context) error {
	if err := e.pool.close(ctx); err != nil {
		return err
	}
	addProcessors(-e.options.Workers)
	return e.machine.close(ctx)
}

// Program is a script that has been compiled and loaded once without an error.
type Program struct {
	source string
	key    [sha256.Size]byte
}

// Result is what a run returned, and what it took.
type Result struct {
	JSON json.RawMessage
	// Steps are the same in every run of the program with the same input. Those of loading the program are included.
	Steps    int64
	Duration time.Duration
}

// Compile compiles a program and runs its top-level code.
func (e *Engine) Compile(ctx context.Context, source string) (*Program, error) {
	if len(source) > e.options.SourceBytes {
		return nil, fmt.Errorf("%w: the source has %d bytes, at most %d are allowed", ErrTooLarge, len(source), e.options.SourceBytes)
	}
	if !utf8.ValidString(source) {
		return nil, &SyntaxError{Message: "the source is not valid UTF-8"}
	}
	p := &Program{source: source, key: sha256.Sum256([]byte(source))}
	err := e.work(ctx, func(ctx context.Context, b *box) error {
		_, err := e.image(ctx, b, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Run calls the program's execute(view, params) in a box that nothing else has used.
func (e *Engine) Run(ctx context.Context, p *Program, view, params json.RawMessage) (Result, error) {
	for name, input := range map[string]json.RawMessage{"view": view, "params": params} {
		if err := checkInput(input, e.options.InputBytes); err != nil {
			return Result{}, fmt.Errorf("the %s: %w", name, err)
		}
	}
	var result Result
	err := e.work(ctx, func(ctx context.Context, b *box) error {
		image, err := e.image(ctx, b, p)
		if err != nil {
			return err
		}
		if err := b.restore(ctx, image); err != nil {
			return err
		}
		text, err := b.execute(ctx, image, view, params, e.options.Limits)
		result = Result{JSON: text, Steps: b.run.steps(), Duration: time.Since(b.run.started)}
		return err
	})
	if err != nil {
		result.JSON = nil
	}
	return result, err
}

// image returns the memory of a box in which the program has been loaded.
func (e *Engine) image(ctx context.Context, b *box, p *Program) (*image, error) {
	if image := e.images.get(p.key); image != nil {
		return image, nil
	}
	if err := b.restore(ctx, e.machine.base); err != nil {
		return nil, err
	}
	b.run.begin(0, e.options.Steps)
	image, err := b.load(ctx, p.source)
	if err != nil {
		return nil, err
	}
	e.images.put(p.key, image)
	return image, nil
}

// work does something in a box of the pool.
func (e *Engine) work(ctx context.Context, do func(context.Context, *box) error) error {
	b, err := e.pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { e.pool.release(b) }()
	if b == nil {
		if b, err = e.machine.newBox(ctx); err != nil {
			return err
		}
	}
	ctx = b.use(ctx, &run{deadline: e.options.Deadline})
	err = onOwnThread(func() error { return do(ctx, b) })
	if errors.Is(err, errEngine) {
		b.discard(ctx)
		b = nil
	}
	return err
}
