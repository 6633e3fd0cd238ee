package audit

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/carrier"
	"holdfast/carrier/tracking"
	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
)

// told are the scans that workflows were told.
type told struct {
	mu  sync.Mutex
	got []saga.Scan
}

func (t *told) TellScan(_ context.Context, _ string, s saga.Scan) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.got = append(t.got, s)
	return nil
}

func TestALostOwnerOfATrackingNumberIsFoundAndRepairedWithItsScans(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := openShop(t, rdb), t.Context()
		id := s.ship()
		numbers := tracking.New(rdb, time.Now)
		n, ok := carrier.NewNumber("sandbox", redistest.ID("T"))
		require.True(t, ok)
		refused, ok := carrier.NewNumber("sandbox", redistest.ID("R"))
		require.True(t, ok)
		s.change(id, func(o *order.Order) error {
			p := o.Package("a")
			p.Carrier, p.TrackingNumbers = "sandbox", []string{n.Number, refused.Number, "?"}
			o.Raise(order.Alert{Rule: order.RuleNumberRefused, PackageID: "a", ID: order.AlertID(order.RuleNumberRefused, "a", refused.Number)})
			b := o.Package("b")
			b.Carrier, b.TrackingNumbers = "a courier without an adapter", []string{n.Number}
			o.Step("package_corrected", "me", time.Now(), nil)
			return nil
		})
		own := func() {
			p := s.work.orders[id].order.Package("a")
			_, err := numbers.Own(ctx, carrier.Owner{OrderID: id, PackageID: "a", CreatedAt: p.CreatedAt}, false, n)
			require.NoError(t, err)
		}
		config := s.config()
		config.Numbers, config.Adapters = numbers, []string{"sandbox"}
		audit := func() []Finding {
			r, err := Run(ctx, config)
			require.NoError(t, err)
			return plain(s.mine(r.Findings))
		}
		own()
		require.Empty(t, audit())
		name := n.Adapter + ":" + n.Number
		s.lose(redisdb.Bucket(name) + ":tracking:" + name)
		scan := carrier.Scan{TrackingNumber: n.Number, Event: order.PackageEvent{
			ID: "s1", Node: order.NodeInTransit, OccurredAt: time.Now().UTC(), RecordedAt: time.Now().UTC(),
		}}
		scanned, err := numbers.Scans(ctx, "sandbox", []carrier.Scan{scan})
		require.NoError(t, err)
		require.True(t, scanned[0].Waits)
		require.Equal(t, []Finding{{Kind: KindNumberUnowned, OrderID: id, PackageID: "a"}}, audit())

		var scans told
		r, err := Repairer{Config: config, Stock: s.stock, Records: s.docs, Scans: &scans}.Run(ctx)
		require.NoError(t, err)
		require.Empty(t, s.mine(r.Findings))
		require.Len(t, scans.got, 1)
		require.Equal(t, "s1", scans.got[0].Event.ID)
		require.Equal(t, "a", scans.got[0].PackageID)
		scanned, err = numbers.Scans(ctx, "sandbox", []carrier.Scan{scan})
		require.NoError(t, err)
		require.False(t, scanned[0].Waits)
		require.Empty(t, scanned[0].Owners, "its workflow has it")

		s.lose(redisdb.Bucket(name) + ":tracking:" + name)
		s.change(id, func(o *order.Order) error { o.End("", "me", time.Now()); return nil })
		s.work.set(s.work.orders[id].order, false)
		for _, f := range audit() {
			require.NotEqual(t, KindNumberUnowned, f.Kind, "closed orders own nothing")
		}
	})
}
