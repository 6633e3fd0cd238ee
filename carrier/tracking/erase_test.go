package tracking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/carrier"
	"holdfast/carrier/tracking"
	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// What carriers wrote goes with the order's person. The scans stay: the parcel is under way.
func TestWhatCarriersWroteAboutAParcelIsErased(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, n, other := tracking.New(rdb, func() time.Time { return packed.Add(time.Hour) }), newNumber(), newNumber()
		written := func(id string) order.PackageEvent {
			e := scan(id, packed)
			e.Detail = "signed by Ada Lovelace"
			return e
		}
		_, err := s.Own(t.Context(), owner("o1"), false, n)
		require.NoError(t, err)
		for _, number := range []carrier.Number{n, other} {
			_, err = s.Scans(t.Context(), "sandbox", []carrier.Scan{
				{TrackingNumber: number.Number, Event: written("taken")}, {TrackingNumber: number.Number, Event: written("given")}, {TrackingNumber: number.Number, Event: scan("bare", packed)},
			})
			require.NoError(t, err)
		}
		require.NoError(t, s.Taken(t.Context(), carrier.Taken{Number: n, EventID: "taken", OrderID: "o1", PackageID: "p1"}))
		for range 2 {
			require.NoError(t, s.Erase(t.Context(), n, newNumber()))
		}
		stored := func(n carrier.Number) string {
			name := n.Adapter + ":" + n.Number
			return fmt.Sprint(rdb.HGetAll(t.Context(), redisdb.Bucket(name)+":tracking:"+name).Val())
		}
		require.NotContains(t, stored(n), "Lovelace")
		require.Contains(t, stored(other), "Lovelace", "that is another parcel")
		scans, err := s.Own(t.Context(), owner("o2"), false, n)
		require.NoError(t, err)
		require.Len(t, scans[0].Scans, 3)
		for _, e := range scans[0].Scans {
			require.Equal(t, scan(e.ID, packed), e)
		}
		require.Error(t, s.Erase(t.Context(), carrier.Number{Adapter: "sandbox", Number: "x"}))
	})
}
