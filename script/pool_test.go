package script

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFullQueueIsBusyAtOnceAndAWaitingRunHonoursItsContext(t *testing.T) {
	e := open(t, Options{Workers: 1, Queue: 1})
	p := compile(t, e, goodProgram)
	run := func(ctx context.Context) error {
		_, err := e.Run(ctx, p, sampleView(), json.RawMessage(`{}`))
		return err
	}
	taken, err := e.pool.acquire(t.Context())
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() { waiting <- run(ctx) }()
	require.Eventually(t, func() bool { return e.pool.waiting.Load() == 1 }, time.Minute, time.Millisecond)
	require.ErrorIs(t, run(t.Context()), ErrBusy, "one waits already")

	cancel()
	err = <-waiting
	require.ErrorIs(t, err, ErrBusy)
	require.ErrorIs(t, err, context.Canceled)

	go func() { waiting <- run(t.Context()) }()
	require.Eventually(t, func() bool { return e.pool.waiting.Load() == 1 }, time.Minute, time.Millisecond)
	e.pool.release(taken)
	require.NoError(t, <-waiting)
	assert.Zero(t, e.pool.waiting.Load())
}

func TestClosingWaitsForRunsAndRefusesLaterOnes(t *testing.T) {
	e, err := NewEngine(t.Context(), Options{Workers: 3})
	require.NoError(t, err)
	p := compile(t, e, goodProgram)
	taken, err := e.pool.acquire(t.Context())
	require.NoError(t, err)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, e.Close(ended), context.Canceled, "a run is under way")
	_, err = e.Run(t.Context(), p, sampleView(), json.RawMessage(`{}`))
	require.ErrorIs(t, err, ErrClosed)

	e.pool.release(taken)
	require.NoError(t, e.Close(t.Context()))
	_, err = e.Compile(t.Context(), goodProgram)
	require.ErrorIs(t, err, ErrClosed)
}

func TestTheClockEndsARunWithAnErrorOfItsOwn(t *testing.T) {
	e := open(t, Options{Workers: 1, Limits: Limits{Deadline: time.Nanosecond}})
	_, err := e.Compile(t.Context(), "for (;;); export function execute() {}")
	require.ErrorIs(t, err, ErrDeadline)
	require.NotErrorIs(t, err, ErrSteps)
	short := compile(t, e, "export function execute() { return 1 }")
	result, err := e.Run(t.Context(), short, json.RawMessage(`{}`), json.RawMessage(`{}`))
	require.NoError(t, err, "a run that is done before the clock is looked at has its outcome")
	assert.Equal(t, "1", string(result.JSON))
}

func TestACallersContextEndsARun(t *testing.T) {
	e := open(t, Options{Workers: 1, Limits: Limits{Steps: 1 << 40}})
	p := compile(t, e, "export function execute() { for (;;); }")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := e.Run(ctx, p, json.RawMessage(`{}`), json.RawMessage(`{}`))
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(e.pool.slots) == 0 }, time.Minute, time.Millisecond)
	cancel()
	err := <-ended
	require.ErrorIs(t, err, ErrDeadline)
	require.ErrorIs(t, err, context.Canceled)
}

func TestLimitsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, o := range []Options{{Workers: -1}, {Limits: Limits{MemoryBytes: 1 << 20}}, {Limits: Limits{Steps: -1}}, {Limits: Limits{MemoryBytes: 2 << 30}}} {
		_, err := NewEngine(t.Context(), o)
		require.Error(t, err)
	}
}

func TestImagesThatWereUsedLongestAgoAreDropped(t *testing.T) {
	of := func(pages int) *image { return &image{pages: make([]page, pages)} }
	key := func(n byte) [32]byte { return [32]byte{n} }
	c := newImages(10 * (pageSize + 200))
	c.put(key(1), of(4))
	c.put(key(2), of(4))
	require.NotNil(t, c.get(key(1)), "used again")
	c.put(key(3), of(4))
	assert.NotNil(t, c.get(key(1)))
	assert.Nil(t, c.get(key(2)))
	assert.NotNil(t, c.get(key(3)))
	c.put(key(3), of(4))
	assert.Equal(t, 2*of(4).bytes(), c.bytes, "another worker's image of the same program isn't counted twice")
	c.put(key(4), of(100))
	assert.Nil(t, c.get(key(4)), "larger than the cache")
}
