package projector

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/streams"
)

func (h *house) letters() []letter {
	h.t.Helper()
	messages, err := h.rdb.XRange(h.t.Context(), lettersKey, "-", "+").Result()
	require.NoError(h.t, err)
	all := make([]letter, len(messages))
	for i, m := range messages {
		all[i], err = readLetter(m)
		require.NoError(h.t, err)
		require.NotEmpty(h.t, m.Values["at"])
	}
	return all
}

// retry returns the outcome of each letter, by entity and id.
func (h *house) retry() map[string]Retried {
	h.t.Helper()
	p, err := New(h.options())
	require.NoError(h.t, err)
	done, err := p.Retry(h.t.Context())
	require.NoError(h.t, err)
	all := map[string]Retried{}
	for _, r := range done {
		all[r.Entity+" "+r.ID] = r
	}
	return all
}

func TestWhatCantBeTakenIsSetAside(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h, ctx, registry := newHouse(t, rdb), t.Context(), prometheus.NewRegistry()
		require.Empty(t, h.retry())
		for _, id := range []string{"bad", "quiet", "fine", "torn"} {
			h.putProduct(id, "Title")
			h.putOrder("o-"+id, 1)
		}
		h.view.poison["bad"], h.view.poison["o-bad"], h.view.poison["events of quiet"] = true, true, true
		// Unreadable stored forms, and invalid entries.
		require.NoError(t, rdb.HSet(ctx, redisdb.Bucket("torn")+":product:torn", "onhand:S", "many").Err())
		require.NoError(t, rdb.HSet(ctx, redisdb.Bucket("o-torn")+":order:o-torn", "doc", "[").Err())
		stream := redisdb.EventsKey("{b00}")
		for _, fields := range [][]string{
			{"what", "rubbish"},
			{"v", "2", "entity", "product", "id", "fine", "version", "1", "at", "1"},
			{"v", "1", "entity", "product", "id", "fine", "version", "x", "at", "1"},
			{"v", "1", "entity", "product", "id", "a b", "version", "1", "at", "1"},
			{"v", "1", "entity", "customer", "id", "of a later version"},
			{"v", "1", "entity", "product", "id", "nobody", "version", "1", "at", "1", "type", "x"},
		} {
			require.NoError(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: stream, Values: fields}).Err())
		}
		stop := h.start(func(o *Options) { o.Metrics = registry })
		h.settled()
		h.same([]string{"quiet", "fine"}, []string{"o-quiet", "o-fine"})
		byKind := map[string]int{}
		for _, l := range h.letters() {
			byKind[l.Entity+" "+l.Reason]++
			require.NotEmpty(t, l.Reason)
		}
		require.Len(t, h.letters(), 9)
		require.Equal(t, 1, byKind["product poison"])
		require.Equal(t, 1, byKind["order poison"])
		require.Equal(t, 1, byKind["event poison"])
		h.until("the metric", func() bool { return value(t, registry, "holdfast_projector_dead_letters") == 9 })
		stop()

		// Nothing has improved: all stay, and none twice.
		all := h.retry()
		require.Len(t, all, 9)
		for what, r := range all {
			require.Equal(t, FateKept, r.Fate, what)
		}
		require.Len(t, h.letters(), 9)

		// Some have improved, one is worse, one is gone.
		h.view.poison = map[string]bool{"o-bad": true}
		require.NoError(t, rdb.HSet(ctx, redisdb.Bucket("torn")+":product:torn", "onhand:S", "100").Err())
		require.NoError(t, rdb.HSet(ctx, redisdb.Bucket("o-bad")+":order:o-bad", "doc", "[").Err())
		require.NoError(t, rdb.Del(ctx, redisdb.Bucket("o-torn")+":order:o-torn", redisdb.Bucket("o-torn")+":payments:o-torn").Err())
		all = h.retry()
		require.Equal(t, FateTaken, all["product bad"].Fate)
		require.Equal(t, FateTaken, all["product torn"].Fate)
		require.Equal(t, FateGone, all["order o-torn"].Fate)
		require.Equal(t, FateKept, all["order o-bad"].Fate)
		require.Contains(t, all["order o-bad"].Reason, "is not an order")
		h.same([]string{"bad", "torn"}, nil)
		h.view.set(func() { require.Len(t, h.view.events, 5, "four products, and the one of nobody") })
		reasons := []string{}
		for _, l := range h.letters() {
			if l.Entity != kindEntry {
				reasons = append(reasons, l.Entity+" "+l.ID+" "+l.Reason)
			}
		}
		require.Len(t, reasons, 1)
		require.Contains(t, reasons[0], "order o-bad its document is not an order", "the letter says why now")
		require.Len(t, h.letters(), 5)

		h.view.set(func() { h.view.away = true })
		p, err := New(h.options())
		require.NoError(t, err)
		h.putOrder("o-bad", 2)
		_, err = p.Retry(ctx)
		require.Error(t, err)
		require.Len(t, h.letters(), 5, "nothing is settled while the index is away")
	})
}

// An entry that a newer version of the program can read is projected then.
func TestEntryThatCanBeReadByNow(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		h.putProduct("p", "Title")
		p, err := New(h.options())
		require.NoError(t, err)
		e := streams.Entry{Bucket: 3, ID: "5-1", Values: map[string]any{
			"v": "1", "entity": "product", "id": "p", "type": "x", "version": "7", "at": "1000",
		}}
		require.NoError(t, p.setAside(t.Context(), []letter{letterOfEntry(e, errDead)}))
		h.view.poison["3-5-1"] = true
		require.Equal(t, Retried{Entity: "entry", ID: "3-5-1", Fate: FateKept, Reason: "poison"}, h.retry()["entry 3-5-1"])
		delete(h.view.poison, "3-5-1")
		require.Equal(t, FateTaken, h.retry()["entry 3-5-1"].Fate)
		h.same([]string{"p"}, nil)
		require.Equal(t, int64(7), h.view.events["3-5-1"].Version)
		require.Empty(t, h.letters())
	})
}
