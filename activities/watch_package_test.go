package activities_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/activities"
	"holdfast/carrier"
	"holdfast/carrier/tracking"
	"holdfast/order"
	"holdfast/saga"
)

var packedAt = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func trackingStore(t *testing.T) *tracking.Store {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	return tracking.New(rdb, func() time.Time { return packedAt })
}

func watched(own ...string) activities.WatchPackageParams {
	return activities.WatchPackageParams{
		OrderID: "o-1", PlacedAt: packedAt.Add(-time.Hour), PackageID: "p1", CreatedAt: packedAt, Carrier: "sandbox", Own: own,
	}
}

func waitingScan(i int) carrier.Scan {
	return carrier.Scan{TrackingNumber: "1Z999", Event: order.PackageEvent{
		ID: fmt.Sprint("e", i), Node: order.NodeInTransit, OccurredAt: packedAt.Add(time.Duration(i) * time.Minute),
	}}
}

func TestAPackageGetsTheScansThatCameBeforeIt(t *testing.T) {
	store := trackingStore(t)
	watch := &activities.WatchPackage{Tracking: store, Adapters: []string{"sandbox"}}
	_, err := store.Scans(t.Context(), "sandbox", []carrier.Scan{waitingScan(2), waitingScan(1)})
	require.NoError(t, err)
	p := watched("1z 999", "no number!", "1Z999")
	var res activities.WatchPackageResult
	for range 2 { // its answer may be lost
		res, err = watch.Execute(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, []string{"no number!"}, res.Refused)
		require.Equal(t, []saga.Scan{
			{PackageID: "p1", Carrier: "sandbox", TrackingNumber: "1Z999", Event: waitingScan(1).Event},
			{PackageID: "p1", Carrier: "sandbox", TrackingNumber: "1Z999", Event: waitingScan(2).Event},
		}, res.Scans)
	}
	taken := &activities.TakenScans{Tracking: store}
	for range 2 {
		require.NoError(t, taken.Execute(t.Context(), activities.TakenScansParams{OrderID: "o-1", Scans: res.Scans}))
	}
	page, _, err := store.Unmatched(t.Context(), 10, "")
	require.NoError(t, err)
	require.Empty(t, page)
	res, err = watch.Execute(t.Context(), p)
	require.NoError(t, err)
	require.Empty(t, res.Scans)
	p.Again = true
	res, err = watch.Execute(t.Context(), p)
	require.NoError(t, err)
	require.Len(t, res.Scans, 2, "for another run of the workflow")
}

func TestAPackageThatLostItsNumberGetsNoMoreScans(t *testing.T) {
	store := trackingStore(t)
	watch := &activities.WatchPackage{Tracking: store, Adapters: []string{"sandbox"}}
	_, err := watch.Execute(t.Context(), watched("1Z999"))
	require.NoError(t, err)
	met, err := store.Scans(t.Context(), "sandbox", []carrier.Scan{waitingScan(1)})
	require.NoError(t, err)
	require.Len(t, met[0].Owners, 1)
	corrected := watched("1Z000")
	corrected.Disown = []carrier.Number{{Adapter: "sandbox", Number: "1z-999"}, {Adapter: "none of ours", Number: "1Z999"}}
	_, err = watch.Execute(t.Context(), corrected)
	require.NoError(t, err)
	// The gateway told the workflow, which then dropped the scan.
	unmatch := &activities.UnmatchScan{Tracking: store}
	told := saga.Scan{PackageID: "p1", Event: waitingScan(1).Event, Carrier: "sandbox", TrackingNumber: "1Z999"}
	for range 2 {
		require.NoError(t, unmatch.Execute(t.Context(), activities.UnmatchScanParams{OrderID: "o-1", Scan: told}))
	}
	page, _, err := store.Unmatched(t.Context(), 10, "")
	require.NoError(t, err)
	require.Len(t, page, 1)
	told.Carrier, told.TrackingNumber = "", ""
	require.NoError(t, unmatch.Execute(t.Context(), activities.UnmatchScanParams{OrderID: "o-1", Scan: told}), "staff reported it")
}

func TestOnlyAsManyScansAreReturnedAsAPackageTakes(t *testing.T) {
	store := trackingStore(t)
	var all []carrier.Scan
	for i := range order.MaxPackageEvents + 5 {
		all = append(all, waitingScan(i))
	}
	_, err := store.Scans(t.Context(), "sandbox", all)
	require.NoError(t, err)
	res, err := (&activities.WatchPackage{Tracking: store, Adapters: []string{"sandbox"}}).Execute(t.Context(), watched("1Z999"))
	require.NoError(t, err)
	require.Len(t, res.Scans, order.MaxPackageEvents)
	require.Equal(t, "e5", res.Scans[0].Event.ID, "the newest say most")
}

// noTracking fails the test if anything but an empty list reaches it.
type noTracking struct {
	activities.Tracking
	t *testing.T
}

func (n noTracking) Own(_ context.Context, _ carrier.Owner, _ bool, numbers ...carrier.Number) ([]carrier.Owned, error) {
	require.Empty(n.t, numbers)
	return nil, nil
}

func (n noTracking) Disown(_ context.Context, _ carrier.Owner, numbers ...carrier.Number) error {
	require.Empty(n.t, numbers)
	return nil
}

func TestAPackageOfAnUnknownCarrierIsNotWatched(t *testing.T) {
	for _, name := range []string{"", "DHL Express", "carrier-pigeon"} {
		p := watched("1Z999")
		p.Carrier = name
		res, err := (&activities.WatchPackage{Tracking: noTracking{t: t}, Adapters: []string{"sandbox"}}).Execute(t.Context(), p)
		require.NoError(t, err)
		require.Empty(t, res)
	}
}

func TestANumberOfTooManyPackagesIsRefused(t *testing.T) {
	watch := &activities.WatchPackage{Tracking: trackingStore(t), Adapters: []string{"sandbox"}}
	for i := range tracking.MaxOwners + 1 {
		p := watched("1Z999", "1Z000")
		p.OrderID = fmt.Sprint("o-", i)
		if i < tracking.MaxOwners {
			p.Own = p.Own[:1]
		}
		res, err := watch.Execute(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, i == tracking.MaxOwners, len(res.Refused) == 1 && res.Refused[0] == "1Z999", i)
	}
}
