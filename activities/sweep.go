package activities

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"holdfast/product"
)

const (
	// sweepGrace is how long after its deadline a hold is left to its order, whose own
	// timer releases it.
	sweepGrace = 5 * time.Minute
	// sweepPage is how many holds of a bucket are read in one round.
	sweepPage = 32
	// sweepAtMost bounds the holds that one run handles, and sweepFor its time; the next
	// run, within a minute, continues behind them.
	sweepAtMost = 10_000
	sweepFor    = 4 * time.Minute
	// sweepAtOnce keeps the sweeper from competing with orders. settleAtMost bounds the
	// time of each settling: a provider may hang.
	sweepAtOnce  = 16
	settleAtMost = 10 * time.Second
	// askTogether is how many orders one query about waiting orders covers, and askPause
	// the time between queries: Temporal allows few of them per second.
	askTogether = 100
	askPause    = 200 * time.Millisecond
	askAtMost   = 5 * time.Second
)

// Sweeper settles holds that outlived their order.
type Sweeper struct {
	// Holds of products and of uses of coupons.
	Holds interface {
		Buckets() int
		// Overdue reads a page of each bucket, behind its cursor. The page of an unreadable
		// bucket carries the error.
		Overdue(ctx context.Context, before time.Time, behind map[int]string, limit int) (map[int]product.HoldPage, error)
	}
	// Waiting returns which of the orders are running and wait for a payment, according to
	// a list that may be wrong.
	Waiting interface {
		StillWaiting(ctx context.Context, orderIDs []string) (map[string]bool, error)
	}
	// Ended lists orders whose workflows were terminated, and which no hold may lead to.
	// Nil lists none.
	Ended interface {
		EndedByForce(ctx context.Context, before time.Time, behind []byte, limit int) (orderIDs []string, next []byte, err error)
	}
	// Erasures restarts what was to be erased; nil disables that.
	Erasures interface {
		Restart(ctx context.Context) (int, error)
	}
	Settler *Settler
	// Found counts what was settled, for a metric, and Failed what was not; nil disables
	// them.
	Found  func(Settling)
	Failed func(n int)
	Now    func() time.Time
	// For is how long a run starts new settlings, Each how long one may take, Pause the
	// time between two queries to Waiting, and AtMost how many holds a run handles. They
	// default to four minutes, ten seconds, a fifth of a second, and 10,000.
	For, Each, Pause time.Duration
	AtMost           int
}

// SweepResult counts the overdue holds by the action taken.
type SweepResult struct {
	Overdue int              `json:"overdue"`
	Settled map[Settling]int `json:"settled,omitempty"`
	// Failed counts holds left for a later run, and buckets that can't be read, each as
	// one.
	Failed int `json:"failed,omitempty"`
	// Error says why a bucket couldn't be read, or what ended the run early.
	Error string `json:"error,omitempty"`
	// Interrupted means that the run's worker died or didn't respond in time.
	Interrupted bool `json:"interrupted,omitempty"`
	// Next is where the next run continues.
	Next SweepCursor `json:"next,omitzero"`
}

// Execute continues behind the last run, bucket by bucket in turn, and settles each overdue
// hold at most once. One that fails or hangs stops neither the others nor the heartbeats;
// it is retried the next time its bucket is read from the start. Orders that wait for a
// payment, or for a provider to end one, are skipped after one query for a hundred of them.
//
// An unreadable bucket is left for the next run, which continues at the same place. The run
// fails only if it made no progress: the result of a failed run is lost, and its position
// with it.
func (a *Sweeper) Execute(ctx context.Context, from SweepCursor) (SweepResult, error) {
	run := &sweepRun{
		Sweeper: a, until: time.Now().Add(cmp.Or(a.For, sweepFor)),
		walk: newSweepWalk(from, a.Holds.Buckets()), res: SweepResult{Settled: map[Settling]int{}},
	}
	defer whileBeating(ctx, func() { activity.RecordHeartbeat(ctx, run.progress()) })()
	run.group.SetLimit(sweepAtOnce)
	run.ended(ctx)
	run.erasures(ctx)
	var err error
	for more := true; more && err == nil; {
		more, err = run.round(ctx)
	}
	_ = run.group.Wait() // settlings return no errors: they are counted
	res := run.progress()
	if err = cmp.Or(err, run.unread); err == nil {
		return res, nil
	}
	if !run.moved {
		return res, err
	}
	res.Error = err.Error()
	return res, nil
}

// sweepRun is the state of one Execute.
type sweepRun struct {
	*Sweeper
	until time.Time
	group errgroup.Group
	asked time.Time // when Waiting was last queried
	// moved means that a part has passed. unread is why the first unreadable bucket was
	// skipped.
	moved  bool
	unread error

	mu   sync.Mutex // guards the fields below
	walk *sweepWalk
	res  SweepResult
}

func (r *sweepRun) progress() SweepResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := r.res
	res.Settled = maps.Clone(r.res.Settled)
	res.Next = r.walk.cursor()
	return res
}

// goesOn reports whether another part should be started. A run always finishes the first
// part, so that each run makes progress.
func (r *sweepRun) goesOn(ctx context.Context) bool {
	return ctx.Err() == nil && r.res.Overdue < cmp.Or(r.AtMost, sweepAtMost) && time.Now().Before(r.until)
}

// ended starts settling a page of orders whose workflows were terminated. The next run
// continues behind it.
func (r *sweepRun) ended(ctx context.Context) {
	if r.Ended == nil {
		return
	}
	before := r.Now().Add(-sweepGrace)
	ask, cancel := context.WithTimeout(ctx, askAtMost)
	defer cancel()
	orderIDs, next, err := r.Ended.EndedByForce(ask, before, r.walk.ended, askTogether)
	if err != nil {
		r.failed(1)
		activity.GetLogger(ctx).Warn("orders whose workflows were terminated can't be listed", "error", err)
	}
	r.mu.Lock()
	r.walk.ended = next
	r.mu.Unlock()
	for _, id := range orderIDs {
		r.group.Go(func() error { r.settleEnded(ctx, id, before); return nil })
	}
}

// erasures restarts erasures that no workflow is at work on.
func (r *sweepRun) erasures(ctx context.Context) {
	if r.Erasures == nil {
		return
	}
	ask, cancel := context.WithTimeout(ctx, askAtMost)
	defer cancel()
	n, err := r.Erasures.Restart(ask)
	if err != nil {
		r.failed(1)
		activity.GetLogger(ctx).Warn("erasures could not be restarted", "error", err)
	}
	if n > 0 {
		activity.GetLogger(ctx).Warn("erasures without a workflow were restarted", "erasures", n)
	}
}

func (r *sweepRun) settleEnded(ctx context.Context, orderID string, before time.Time) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Each, settleAtMost))
	defer cancel()
	what, err := r.Settler.settleEnded(ctx, orderID, before)
	switch {
	case err != nil:
		r.failed(1)
		activity.GetLogger(ctx).Warn("an order whose workflow was terminated could not be closed",
			"order_id", orderID, "error", err)
	case what != SettlingLeftAlone:
		r.mu.Lock()
		r.res.Settled[what]++
		r.mu.Unlock()
		if r.Found != nil {
			r.Found(what)
		}
	}
}

// round reads one page of each unfinished bucket and starts settling what it finds. It
// reports whether another round follows.
func (r *sweepRun) round(ctx context.Context) (bool, error) {
	pages, err := r.Holds.Overdue(ctx, r.Now().Add(-sweepGrace), r.walk.open, sweepPage)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return false, fmt.Errorf("find overdue holds: %w", err)
	}
	r.leaveUnread(ctx, pages)
	for _, part := range r.walk.parts(pages) {
		r.begin(ctx, part)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		r.mu.Lock()
		r.walk.passed(part)
		r.mu.Unlock()
		r.moved = true
		if !r.goesOn(ctx) {
			return false, nil
		}
	}
	return len(r.walk.open) > 0, nil
}

// leaveUnread excludes unreadable buckets from the run: each would cause the same wait in
// every round.
func (r *sweepRun) leaveUnread(ctx context.Context, pages map[int]product.HoldPage) {
	var buckets []int
	for _, b := range slices.Sorted(maps.Keys(pages)) {
		if pages[b].Err != nil {
			buckets = append(buckets, b)
		}
	}
	if len(buckets) == 0 {
		return
	}
	err := pages[buckets[0]].Err
	r.unread = cmp.Or(r.unread, err)
	activity.GetLogger(ctx).Warn("lists of overdue holds could not be read", "buckets", buckets, "error", err)
	r.failed(len(buckets))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range buckets {
		delete(pages, b)
		r.walk.leave(b)
	}
}

// failed counts what is left for a later run.
func (r *sweepRun) failed(n int) {
	r.mu.Lock()
	r.res.Failed += n
	r.mu.Unlock()
	if r.Failed != nil {
		r.Failed(n)
	}
}

// begin settles a part's orders, in the background.
func (r *sweepRun) begin(ctx context.Context, part sweepPart) {
	waiting := r.waiting(ctx, part)
	for _, o := range part.orders {
		left := waiting[o.id] && !o.closely
		r.mu.Lock()
		r.res.Overdue += len(o.holds)
		if left {
			r.res.Settled[SettlingLeftAlone] += len(o.holds)
		}
		r.mu.Unlock()
		if !left {
			r.group.Go(func() error { r.settle(ctx, o); return nil })
		}
	}
}

// waiting returns which orders of a part wait for a payment. If the query fails, each order
// is asked by itself.
func (r *sweepRun) waiting(ctx context.Context, part sweepPart) map[string]bool {
	if len(part.orders) == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(r.asked.Add(cmp.Or(r.Pause, askPause)))):
	}
	r.asked = time.Now()
	ctx, cancel := context.WithTimeout(ctx, askAtMost)
	defer cancel()
	ids := make([]string, len(part.orders))
	for i, o := range part.orders {
		ids[i] = o.id
	}
	waiting, err := r.Waiting.StillWaiting(ctx, ids)
	if err != nil {
		activity.GetLogger(ctx).Warn("waiting orders can't be queried together", "error", err)
	}
	return waiting
}

// settle settles the holds of one order. What can't be done in time, or fails, is left for
// a later run.
func (r *sweepRun) settle(ctx context.Context, o sweptOrder) {
	own, cancel := context.WithTimeout(ctx, cmp.Or(r.Each, settleAtMost))
	defer cancel()
	for i, h := range o.holds {
		what, running, err := r.Settler.settleAny(own, h)
		rest := len(o.holds) - i
		if err != nil {
			r.failed(rest)
			activity.GetLogger(ctx).Warn("an overdue hold could not be settled",
				"product_id", h.ProductID, "coupon", h.CouponCode, "order_id", o.id, "error", err)
			return
		}
		left := what == SettlingLeftAlone && running
		r.mu.Lock()
		if left {
			r.res.Settled[SettlingLeftAlone] += rest
		} else {
			r.res.Settled[what]++
		}
		r.mu.Unlock()
		if left {
			return
		}
		if r.Found != nil && what != SettlingLeftAlone {
			r.Found(what)
		}
	}
}
