package reindex_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/reindex"
)

var errAway = errors.New("no Redis")

// blips fails every third call.
type blips struct {
	mu    sync.Mutex
	calls int
	with  error
}

func (b *blips) fail() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls++; b.calls%3 == 2 {
		return b.with
	}
	return nil
}

// shakyEntities fails now and then; its list breaks off once, after this many ids.
type shakyEntities struct {
	reindex.Entities
	blips   *blips
	breakAt int
	lists   int
	read    []string
}

func (s *shakyEntities) IDs(ctx context.Context, v search.View) iter.Seq2[string, error] {
	s.lists++
	first, n := s.lists == 1, 0
	return func(yield func(string, error) bool) {
		for id, err := range s.Entities.IDs(ctx, v) {
			if n++; first && s.breakAt > 0 && n > s.breakAt {
				yield("", errAway)
				return
			}
			if !yield(id, err) {
				return
			}
		}
	}
}

func (s *shakyEntities) Read(ctx context.Context, v search.View, ids []string) (search.Batch, []search.Result, error) {
	if err := s.blips.fail(); err != nil {
		return search.Batch{}, nil, err
	}
	s.read = append(s.read, ids...)
	return s.Entities.Read(ctx, v, ids)
}

func (s *shakyEntities) WithPayments(ctx context.Context, orders []search.Order) ([]search.Order, error) {
	if err := s.blips.fail(); err != nil {
		return nil, err
	}
	return s.Entities.WithPayments(ctx, orders)
}

type shakyChanges struct {
	reindex.Changes
	blips *blips
	end   error
}

func (s shakyChanges) Since(ctx context.Context, v search.View) ([]string, error) {
	if err := s.blips.fail(); err != nil {
		return nil, err
	}
	return s.Changes.Since(ctx, v)
}

func (s shakyChanges) End(ctx context.Context) error { return errors.Join(s.Changes.End(ctx), s.end) }

// shaky is a rebuilder whose entities and streams fail now and then.
func (h *house) shaky() (*reindex.Rebuilder, *shakyEntities) {
	r := h.rebuilder()
	away := &blips{with: errAway}
	homes := &shakyEntities{Entities: r.Entities, blips: away}
	r.Entities, r.Changes = homes, shakyChanges{r.Changes, away, nil}
	r.Passing = func(err error) bool { return errors.Is(err, errAway) }
	return r, homes
}

func unavailable() error {
	return &search.UnavailableError{Doing: "a call", Cause: errors.New("status 503")}
}

// A short outage costs only its own time, not the hours before: one rebuild is started, and
// it loses nothing.
func TestARebuildOutlastsBlips(t *testing.T) {
	h := newHouse(t)
	for i := range 120 {
		h.putOrder(fmt.Sprint("o", i), 1)
	}
	h.putCold("cold", 3)
	h.refund("cold")
	h.lost.orders = map[string]search.Order{"lost": fromWorkflow(t, "lost")}
	h.index.swapping = func() { h.putOrder("o7", 2) }
	h.index.failing = (&blips{with: unavailable()}).fail
	r, _ := h.shaky()
	report, err := r.Run(t.Context(), search.ViewOrders)
	require.NoError(t, err)
	h.index.failing = nil
	require.Equal(t, 1, h.index.begun)
	require.Equal(t, []int64{120, 1, 1}, []int64{report.FromHomes, report.FromOldView, report.FromWorkflows})
	require.Len(t, h.index.views[search.ViewOrders], 122)
	require.Contains(t, h.order("cold").Payments, refundField)
	require.EqualValues(t, 2, h.order("o7").Version, "the last look after the swap")
}

// A list can't continue where it broke off. What the new view has by then isn't read again.
func TestAListThatBreaksOff(t *testing.T) {
	h := newHouse(t)
	for i := range 120 {
		h.putOrder(fmt.Sprint("o", i), 1)
	}
	r, homes := h.shaky()
	homes.breakAt = 110
	report, err := r.Run(t.Context(), search.ViewOrders)
	require.NoError(t, err)
	require.Equal(t, 2, homes.lists)
	require.EqualValues(t, 120, report.FromHomes)
	require.Len(t, h.index.views[search.ViewOrders], 120)
	require.Len(t, homes.read, 120)
}

func TestPatienceEnds(t *testing.T) {
	h := newHouse(t)
	h.putCold("cold", 1)
	h.putOrder("a", 1)
	h.index.putting = unavailable
	r := h.rebuilder()
	r.Patience = 250 * time.Millisecond
	begun := time.Now()
	_, err := r.Run(t.Context(), search.ViewOrders)
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.ErrorContains(t, err, "tried for 250ms")
	require.Less(t, time.Since(begun), 10*time.Second)
	require.Len(t, h.index.views[search.ViewOrders], 1, "the old view answers")
	require.Contains(t, h.log.String(), "a rebuild waits")
}

// A list that always breaks off at the same place makes no progress.
func TestPatienceEndsWithAListThatNeverEnds(t *testing.T) {
	h := newHouse(t)
	for i := range 60 {
		h.putOrder(fmt.Sprint("o", i), 1)
	}
	r, homes := h.shaky()
	r.Entities = alwaysBreaks{homes}
	r.Patience = 250 * time.Millisecond
	_, err := r.Run(t.Context(), search.ViewOrders)
	require.ErrorIs(t, err, errAway)
}

type alwaysBreaks struct{ *shakyEntities }

func (a alwaysBreaks) IDs(ctx context.Context, v search.View) iter.Seq2[string, error] {
	a.lists, a.breakAt = 0, 55
	return a.shakyEntities.IDs(ctx, v)
}

// These are not transient, and waiting would hide them.
func TestErrorsThatStay(t *testing.T) {
	for name, err := range map[string]error{
		"an older program":       &search.UnavailableError{Cause: search.ErrOutdated},
		"a later rebuild":        search.ErrRebuildOver,
		"the index was closed":   search.ErrClosed,
		"nobody knows the error": errors.New("a bug"),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.putOrder("a", 1)
			puts := 0
			h.index.putting = func() error { puts++; return err }
			_, got := h.rebuilder().Run(t.Context(), search.ViewOrders)
			require.ErrorIs(t, got, err)
			require.Equal(t, 1, puts)
		})
	}
}

// A view that disappears during the walk had more orders than were seen.
func TestTheOldViewGoesInTheMidstOfTheWalk(t *testing.T) {
	h := newHouse(t)
	for i := range 60 {
		h.putCold(fmt.Sprint("cold", i), 1)
	}
	h.index.putting = func() error { delete(h.index.views, search.ViewOrders); return nil }
	_, err := h.rebuilder().Run(t.Context(), search.ViewOrders)
	require.ErrorIs(t, err, search.ErrNoView)
	require.Nil(t, h.index.views[search.ViewOrders])
}

// The lease of the streams expires by itself: a finished rebuild is finished.
func TestTheStreamsCannotBeLetGo(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 1)
	r := h.rebuilder()
	r.Changes = shakyChanges{r.Changes, &blips{}, errAway}
	_, err := r.Run(t.Context(), search.ViewOrders)
	require.NoError(t, err)
	require.Contains(t, h.log.String(), errAway.Error())
}

func TestARebuildThatWaitsEndsWithItsContext(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 1)
	ctx, cancel := context.WithCancel(t.Context())
	h.index.putting = func() error { cancel(); return unavailable() }
	_, err := h.rebuilder().Run(ctx, search.ViewOrders)
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.Equal(t, 1, h.index.begun)
}

// A swap that was done, but whose answer was lost, is not repeated by another rebuild.
func TestTheAnswerToTheSwapIsLost(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 1)
	h.index.swapping = func() {
		h.index.swapping = nil
		h.index.failing = func() error { h.index.failing = nil; return unavailable() }
	}
	h.run(search.ViewOrders)
	require.Equal(t, 1, h.index.begun)
	require.EqualValues(t, 1, h.order("a").Version)
}
