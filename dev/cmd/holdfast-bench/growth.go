package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"holdfast/dev/await"
	"holdfast/dev/bench/load"
	"holdfast/dev/temporal"
	"holdfast/redisdb"
)

// growthBench measures whether an order costs more after many earlier ones, compared with
// itself and with a fresh stack, and how a stack that has many of them recovers from being
// killed under load.
type growthBench struct {
	Data    string `help:"Folder for the stack's files." type:"path" required:""`
	Program string `help:"The stack's program." type:"path" default:"bin/holdfast-dev"`
	Orders  int    `default:"20000" help:"Orders placed and paid."`
	Warm    int    `default:"500" help:"Orders before the first that counts."`
	Window  int    `default:"2000" help:"Orders of one row."`
	C       int    `name:"concurrency" default:"32" help:"Concurrency."`
	Turns   int    `default:"8" help:"How often it is compared with a fresh stack then."`
	Turn    int    `default:"500" help:"Orders of one turn."`
	Kills   int    `default:"3" help:"How often the stack is killed under load in the end."`
}

// early is the number of orders after which memory is compared with the end.
const early = 5000

// sampleEvery is how often the stack is sampled.
const sampleEvery = 250 * time.Millisecond

// sample is the stack's state at one moment.
type sample struct {
	at      time.Time
	sold    int64
	usage   usage
	backlog int64
}

// Run places and pays all orders, and then kills the stack.
func (b *growthBench) Run(ctx context.Context, out report) error {
	stack, err := newChild(b.Program, b.grown())
	if err != nil {
		return err
	}
	if _, err := stack.start(ctx); err != nil {
		return err
	}
	defer stack.kill() // whichever is still running
	s, err := newShop(stack.url(), "", 2*b.C)
	if err != nil {
		return err
	}
	if err := s.product(ctx, "bench", 10_000_000); err != nil {
		return err
	}
	samples, repeated, err := b.grow(ctx, stack, s)
	b.printRows(out, samples, repeated) // even of an interrupted run
	if err != nil {
		return err
	}
	if err := b.printTurns(ctx, out, stack, s); err != nil {
		return err
	}
	return b.printKills(ctx, out, stack, s)
}

// grown is the folder of the stack that takes all orders.
func (b *growthBench) grown() string { return filepath.Join(b.Data, "grown") }

// grow places and pays, and samples the stack meanwhile.
func (b *growthBench) grow(ctx context.Context, stack *child, s *shop) ([]sample, int64, error) {
	rdb, err := redisdb.Open(ctx, stack.redisURL)
	if err != nil {
		return nil, 0, err
	}
	defer rdb.Close() //nolint:errcheck // only read from
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type series struct {
		samples []sample
		err     error
	}
	var repeated atomic.Int64
	looked := make(chan series, 1)
	done := make(chan struct{})
	go func() {
		samples, err := b.look(ctx, stack, rdb, done)
		if err != nil {
			cancel() // the load would continue for nothing
		}
		looked <- series{samples, err}
	}()
	_, err = load.Run(ctx, b.Warm+b.Orders, b.C, func(ctx context.Context, _ int) (time.Duration, error) {
		start := time.Now()
		err := untilDone(ctx, s, uuid.NewString(), func() { repeated.Add(1) })
		return time.Since(start), err
	}, func(ctx context.Context) error { return soldAll(ctx, rdb, int64(b.Warm+b.Orders)) })
	close(done)
	found := <-looked
	return found.samples, repeated.Load(), errors.Join(err, found.err)
}

// look samples until done is closed, and once more after that.
func (b *growthBench) look(ctx context.Context, stack *child, rdb redis.UniversalClient, done <-chan struct{}) ([]sample, error) {
	backlog, err := temporal.OpenBacklog(filepath.Join(b.grown(), "temporal", "temporal.db"))
	if err != nil {
		return nil, err
	}
	defer backlog.Close() //nolint:errcheck // only read from
	var samples []sample
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for last := false; !last; {
		select {
		case <-done:
			last = true
		case <-ctx.Done():
			return samples, nil
		case <-ticker.C:
		}
		var err error
		p := sample{at: time.Now()}
		if p.sold, err = sold(ctx, rdb); err != nil {
			return samples, fmt.Errorf("count the sold units: %w", err)
		}
		if p.usage, err = stack.usage(); err != nil {
			return samples, fmt.Errorf("measure the stack: %w", err)
		}
		if p.backlog, err = backlog.Tasks(ctx); err != nil {
			return samples, fmt.Errorf("count Temporal's visibility tasks: %w", err)
		}
		samples = append(samples, p)
	}
	return samples, nil
}

// window is the cost of consecutive orders.
type window struct {
	upTo      int
	perSecond float64
	cpu       time.Duration // of one order
	resident  int64         // bytes, the median
	backlog   int64         // maximum
}

func (b *growthBench) windows(samples []sample) []window {
	var all []window
	if len(samples) == 0 {
		return nil
	}
	for from := b.Warm; from+b.Window <= b.Warm+b.Orders; from += b.Window {
		first := slices.IndexFunc(samples, func(p sample) bool { return p.sold >= int64(from) })
		last := slices.IndexFunc(samples, func(p sample) bool { return p.sold >= int64(from+b.Window) })
		if first < 0 || last <= first {
			continue
		}
		within := samples[first : last+1]
		orders := samples[last].sold - samples[first].sold
		resident := make([]float64, len(within))
		w := window{upTo: from + b.Window - b.Warm}
		for i, p := range within {
			resident[i] = float64(p.usage.resident)
			w.backlog = max(w.backlog, p.backlog)
		}
		w.perSecond = float64(orders) / samples[last].at.Sub(samples[first].at).Seconds()
		w.cpu = (samples[last].usage.cpu - samples[first].usage.cpu) / time.Duration(orders)
		w.resident = int64(median(resident))
		all = append(all, w)
	}
	return all
}

const mebibyte = 1 << 20

func (b *growthBench) printRows(out report, samples []sample, repeated int64) {
	rows := b.windows(samples)
	out.printf("c = %d, after %d orders to warm up. Backlog: tasks that Temporal's visibility queue has yet to do, at most.\n\n", b.C, b.Warm)
	out.printf("| orders | orders/s | CPU an order | resident memory | visibility backlog |\n|---:|---:|---:|---:|---:|\n")
	for _, w := range rows {
		out.printf("| %d | %.1f | %.1f ms | %d MiB | %d |\n", w.upTo, w.perSecond, float64(w.cpu.Microseconds())/1000, w.resident/mebibyte, w.backlog)
	}
	if len(rows) < 2 {
		return
	}
	first, last := rows[0], rows[len(rows)-1]
	out.printf("\n| measure | to reach | reached |\n|---|---|---|\n")
	out.printf("| orders/s, last %d against first | | %.2f |\n", b.Window, last.perSecond/first.perSecond)
	out.printf("| CPU an order, last %d against first | | %.2f |\n", b.Window, float64(last.cpu)/float64(first.cpu))
	// The row that contains order number `early`.
	i := slices.IndexFunc(rows, func(w window) bool { return w.upTo >= early })
	if i >= 0 && i < len(rows)-1 {
		out.printf("| resident memory, at the end against after %d orders | 1.2 | %.2f |\n", early, float64(last.resident)/float64(rows[i].resident))
	}
	out.printf("| orders asked for again, undecided after 5 s or unanswered | 0 | %d |\n", repeated)
	out.printf("| visibility backlog at most, last half against first half | 1.2 | %d against %d |\n",
		mostBehind(rows[len(rows)/2:]), mostBehind(rows[:len(rows)/2]))
}

func mostBehind(rows []window) (most int64) {
	for _, w := range rows {
		most = max(most, w.backlog)
	}
	return most
}

// soldAll waits until this many units have been sold.
func soldAll(ctx context.Context, rdb redis.UniversalClient, want int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return await.Success(ctx, func(ctx context.Context) error {
		now, err := sold(ctx, rdb)
		if err == nil && now < want {
			err = fmt.Errorf("%w: %d of %d", errNotYet, now, want)
		}
		return err
	})
}
