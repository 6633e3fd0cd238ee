package activities

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"

	"holdfast/saga"
)

// signalling is one attempt of a delisting, with what it knows about each order.
type signalling struct {
	*CancelAll
	params saga.Delisting
	// earlier counts orders that earlier attempts signalled and that hold nothing any more.
	earlier int
	// an earlier attempt may have signalled them
	again                bool
	signals, settlements errgroup.Group

	mu      sync.Mutex // guards the fields below
	holders map[string]*holder
	told    int
	left    int
}

// holder is an order on the list.
type holder struct {
	orderID string
	busy    bool
	// told means that Temporal accepted the signal and won't lose it. alone means that
	// there is no workflow to signal. In both cases there is nothing left to send, and the
	// hold is settled when it is due.
	told, alone bool
	due         time.Time
	fails       int
	err         error // of the last try
}

func newSignalling(a *CancelAll, p saga.Delisting) *signalling {
	t := &signalling{CancelAll: a, params: p, holders: map[string]*holder{}}
	t.signals.SetLimit(signalsAtOnce)
	t.settlements.SetLimit(settlementsAtOnce)
	return t
}

func (t *signalling) wait() {
	_ = t.signals.Wait() // errors are kept with each order
	_ = t.settlements.Wait()
}

// begin signals an order once, in the background. It returns the hold if it is to be
// settled: its workflow is gone, or may have ended since it was signalled.
func (t *signalling) begin(ctx context.Context, orderID string) *holder {
	t.mu.Lock()
	h := t.holders[orderID]
	if h == nil {
		h = &holder{orderID: orderID}
		t.holders[orderID] = h
	}
	due := !h.busy && !time.Now().Before(h.due)
	tell := due && !h.told && !h.alone
	h.busy = h.busy || tell
	t.mu.Unlock()
	switch {
	case tell:
		t.signals.Go(func() error { t.done(h, t.tell(ctx, h)); return nil })
	case due:
		return h
	}
	return nil
}

// settleSome settles as many holds as there is room for, chosen at random: if it always
// took the first ones, those whose provider hangs would leave no room for the others.
func (t *signalling) settleSome(ctx context.Context, due []*holder) {
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] }) //nolint:gosec // no secret
	for _, h := range due {
		t.mu.Lock()
		h.busy = true
		t.mu.Unlock()
		if t.settlements.TryGo(func() error { t.done(h, t.settle(ctx, h)); return nil }) {
			continue
		}
		t.mu.Lock()
		h.busy = false
		t.mu.Unlock()
		return
	}
}

func (t *signalling) tell(ctx context.Context, h *holder) error {
	ctx, cancel := context.WithTimeout(ctx, tellAtMost)
	defer cancel()
	err := t.Signal(ctx, h.orderID, t.params)
	_, gone := errors.AsType[*serviceerror.NotFound](err)
	if err == nil && t.again {
		var runs bool
		runs, err = t.Runs(ctx, h.orderID)
		gone = err == nil && !runs
	}
	if err != nil && !gone {
		return fmt.Errorf("signal order %s that %s is delisted: %w", h.orderID, t.params.ProductID, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told++
	h.told, h.alone = !gone, gone
	if h.told {
		h.due = time.Now().Add(settleAfter)
	}
	return nil
}

// settle follows the sweeper's rule: an order that is running is left alone, and checked
// again later.
func (t *signalling) settle(ctx context.Context, h *holder) error {
	ctx, cancel := context.WithTimeout(ctx, settleAtMost)
	defer cancel()
	if _, err := t.Settler.Settle(ctx, t.params.ProductID, h.orderID); err != nil {
		return fmt.Errorf("settle the hold of order %s on %s: %w", h.orderID, t.params.ProductID, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h.due = time.Now().Add(settleAfter)
	return nil
}

// done notes the result of a try.
func (t *signalling) done(h *holder, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h.busy, h.err = false, err
	if err == nil {
		h.fails = 0
		return
	}
	h.due = time.Now().Add(min(retryFirst<<min(h.fails, 10), retryLast))
	h.fails++
}

// seen notes how many orders a complete read found.
func (t *signalling) seen(left int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = left
}

func (t *signalling) progress() HoldersProgress {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := HoldersProgress{Told: t.earlier + t.told, Left: t.left}
	for _, h := range t.holders {
		if h.err != nil {
			p.Failing++
			p.Error = h.err.Error()
		}
	}
	return p
}

// shownFailures is how many orders' errors an attempt's error includes.
const shownFailures = 5

// failure returns an error that names what an attempt still waited for at its end.
func (t *signalling) failure(cause error) error {
	t.wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	failing := 0
	all := []error{fmt.Errorf("%d orders still hold product %s", t.left, t.params.ProductID)}
	for _, h := range t.holders {
		if h.err == nil {
			continue
		}
		if failing++; failing <= shownFailures {
			all = append(all, h.err)
		}
	}
	if failing > shownFailures {
		all = append(all, fmt.Errorf("and %d more can't be signalled or settled", failing-shownFailures))
	}
	return errors.Join(append(all, cause)...)
}
