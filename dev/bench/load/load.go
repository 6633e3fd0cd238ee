// Package load makes a number of calls with a fixed concurrency and measures them.
package load

import (
	"context"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"
)

// Result is the result of a run.
type Result struct {
	Calls   int
	Elapsed time.Duration
	// Latency of single calls, in microseconds.
	Latency *hdrhistogram.Histogram
}

// PerSecond is the rate of the whole run.
func (r Result) PerSecond() float64 { return float64(r.Calls) / r.Elapsed.Seconds() }

// P returns a percentile of the latency.
func (r Result) P(percentile float64) time.Duration {
	return time.Duration(r.Latency.ValueAtPercentile(percentile)) * time.Microsecond
}

// Run makes n calls, c at a time. call returns the latency to record. The run ends when
// settled returns; settled may be nil.
func Run(ctx context.Context, n, c int, call func(ctx context.Context, i int) (time.Duration, error),
	settled func(ctx context.Context) error,
) (Result, error) {
	hists := make([]*hdrhistogram.Histogram, c)
	group, gctx := errgroup.WithContext(ctx)
	next := make(chan int)
	start := time.Now()
	group.Go(func() error {
		defer close(next)
		for i := range n {
			select {
			case next <- i:
			case <-gctx.Done():
				return gctx.Err()
			}
		}
		return nil
	})
	for w := range c {
		hists[w] = hdrhistogram.New(1, time.Minute.Microseconds(), 3)
		group.Go(func() error {
			for i := range next {
				d, err := call(gctx, i)
				if err != nil {
					return fmt.Errorf("call %d: %w", i, err)
				}
				if err := hists[w].RecordValue(max(1, d.Microseconds())); err != nil {
					return fmt.Errorf("call %d took %s: %w", i, d, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Result{}, err
	}
	if settled != nil {
		if err := settled(ctx); err != nil {
			return Result{}, err
		}
	}
	res := Result{Calls: n, Elapsed: time.Since(start), Latency: hists[0]}
	for _, h := range hists[1:] {
		res.Latency.Merge(h)
	}
	return res, nil
}
