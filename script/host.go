package script

import (
	"context"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// quantum is how many steps the engine takes between two calls of interrupt: well under a millisecond.
const quantum = 20_000

// run is one use of a box, within its limits.
type run struct {
	box      *box
	started  time.Time
	deadline time.Duration
	budget   int64
	granted  int64 // steps that were granted so far, of which the box's fuel is what remains
	stopped  error // why interrupt ended the run
}

// begin starts to count steps towards a budget. Some may have been spent already.
func (r *run) begin(spent, budget int64) {
	r.granted, r.budget, r.stopped = spent, budget, nil
	r.grant()
}

func (r *run) grant() {
	next := min(quantum, r.budget-r.granted)
	r.granted += next
	r.box.fuel.Set(api.EncodeI32(int32(next))) //nolint:gosec // at most a quantum
}

// steps returns how many have been taken. A run that was stopped took exactly what it may, whatever its last operation
// would have taken.
func (r *run) steps() int64 {
	return min(r.budget, r.granted-int64(api.DecodeI32(r.box.fuel.Get())))
}

// runKey is the key of the *run in the context of calls of the engine.
type runKey struct{}

// use gives the box to a run. The box's methods take the context that it returns.
func (b *box) use(ctx context.Context, r *run) context.Context {
	r.box, b.run, r.started = b, r, time.Now()
	return context.WithValue(ctx, runKey{}, r)
}

// interrupt is called when the fuel has fallen below zero. It grants more, or answers with 1.
func interrupt(ctx context.Context, stack []uint64) {
	r, ok := ctx.Value(runKey{}).(*run)
	if ok {
		r.granted = r.steps() // includes what a bulk operation took beyond what was granted
		switch {
		case r.granted >= r.budget:
			r.stopped = ErrSteps
		case time.Since(r.started) > r.deadline || ctx.Err() != nil:
			r.stopped = ErrDeadline
		default:
			r.grant()
		}
	}
	stack[0] = 0
	if !ok || r.stopped != nil {
		stack[0] = 1
	}
}

// errnoNotSupported is WASI's ENOTSUP. The engine can do without: it asks for the clock only to seed Math.random, which
// the box doesn't have.
const errnoNotSupported = 58

// imports provides the functions that the engine imports. All but interrupt do nothing: a box has no clock, no files, no
// modules and no host functions.
func imports(ctx context.Context, r wazero.Runtime) error {
	i32, i64 := api.ValueTypeI32, api.ValueTypeI64
	answer := func(v uint64) api.GoFunc {
		return func(_ context.Context, stack []uint64) { stack[0] = v }
	}
	env := r.NewHostModuleBuilder("env")
	for _, f := range []struct {
		name    string
		params  int
		results []api.ValueType
		do      api.GoFunc
	}{
		{"host_interrupt", 0, []api.ValueType{i32}, interrupt},
		{"host_get_timezone_offset", 2, []api.ValueType{i32}, answer(0)},
		{"host_promise_rejection", 3, nil, func(context.Context, []uint64) {}},
		{"host_module_normalize", 2, []api.ValueType{i32}, answer(0)},
		{"host_module_load", 2, []api.ValueType{i32}, answer(0)},
		{"host_call", 5, []api.ValueType{i32}, answer(0)},
	} {
		params := make([]api.ValueType, f.params)
		for i := range params {
			params[i] = i32
		}
		env.NewFunctionBuilder().WithGoFunction(f.do, params, f.results).Export(f.name)
	}
	if _, err := env.Instantiate(ctx); err != nil {
		return err
	}

	wasi := r.NewHostModuleBuilder("wasi_snapshot_preview1")
	for name, params := range map[string][]api.ValueType{
		"clock_time_get": {i32, i64, i32},
		"fd_close":       {i32},
		"fd_fdstat_get":  {i32, i32},
		"fd_seek":        {i32, i64, i32, i32},
		"fd_write":       {i32, i32, i32, i32},
		"random_get":     {i32, i32},
	} {
		wasi.NewFunctionBuilder().WithGoFunction(answer(errnoNotSupported), params, []api.ValueType{i32}).Export(name)
	}
	_, err := wasi.Instantiate(ctx)
	return err
}
