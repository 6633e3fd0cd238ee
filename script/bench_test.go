package script

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkRun runs goodProgram on an order of 20 lines, and measures the time on the clock and the processor's.
func BenchmarkRun(b *testing.B) {
	e := open(b, Options{Workers: 1})
	p := compile(b, e, goodProgram)
	view := sampleView()
	var clock, processor []time.Duration
	var result Result
	for b.Loop() {
		started, used := time.Now(), processorTime()
		var err error
		if result, err = e.Run(b.Context(), p, view, json.RawMessage(`{}`)); err != nil {
			b.Fatal(err)
		}
		clock, processor = append(clock, time.Since(started)), append(processor, processorTime()-used)
	}
	percentiles(b, "", clock)
	percentiles(b, "processor-", processor)
	b.ReportMetric(float64(len(view))/1024, "KiB")
	b.ReportMetric(float64(result.Steps), "steps")
}

func percentiles(b *testing.B, name string, times []time.Duration) {
	b.Helper()
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, name+"p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, name+"p99-ms")
}

// BenchmarkRestore is what a run pays for starting from the program's own memory.
func BenchmarkRestore(b *testing.B) {
	e := open(b, Options{Workers: 1})
	image := e.images.get(compile(b, e, goodProgram).key)
	box, err := e.pool.acquire(b.Context())
	require.NoError(b, err)
	defer e.pool.release(box)
	ctx := box.use(b.Context(), &run{deadline: time.Minute})
	for b.Loop() {
		if err := box.restore(ctx, image); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(image.size)/1024, "KiB-memory")
	b.ReportMetric(float64(image.bytes())/1024, "KiB-image")
}

// BenchmarkCompile compiles and loads goodProgram.
func BenchmarkCompile(b *testing.B) {
	e := open(b, Options{Workers: 1, CacheBytes: 1})
	for b.Loop() {
		compile(b, e, goodProgram)
	}
}

// BenchmarkBesideAnAttack compares the latency of good runs alone and beside a program that uses up its steps in every run.
// It takes two workers, and two free processors.
func BenchmarkBesideAnAttack(b *testing.B) {
	for _, attacked := range []bool{false, true} {
		b.Run(fmt.Sprintf("attacked=%v", attacked), func(b *testing.B) {
			e := open(b, Options{Workers: 2})
			good := compile(b, e, goodProgram)
			bad := compile(b, e, "export function execute() { for (;;); }")
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for attacked {
					select {
					case <-stop:
						return
					default:
						_, _ = e.Run(b.Context(), bad, json.RawMessage(`{}`), json.RawMessage(`{}`))
					}
				}
			}()
			var times []time.Duration
			for b.Loop() {
				started := time.Now()
				if _, err := e.Run(b.Context(), good, sampleView(), json.RawMessage(`{}`)); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(started))
			}
			close(stop)
			<-stopped
			percentiles(b, "", times)
		})
	}
}
