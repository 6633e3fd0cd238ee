package tracking_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/carrier/tracking"
	"holdfast/order"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

var packed = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func newNumber() tracking.Number {
	return tracking.Number{Adapter: "sandbox", Number: fmt.Sprintf("T%X", time.Now().UnixNano())}
}

func owner(orderID string) tracking.Owner {
	return tracking.Owner{OrderID: orderID, PlacedAt: packed.Add(-time.Hour), PackageID: "p1", CreatedAt: packed}
}

func scan(id string, at time.Time) order.PackageEvent {
	return order.PackageEvent{ID: id, Node: order.NodeInTransit, OccurredAt: at, RecordedAt: at, Actor: "carrier:sandbox"}
}

func each(t *testing.T, test func(t *testing.T, s *tracking.Store)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		test(t, tracking.New(rdb, func() time.Time { return packed.Add(time.Hour) }))
	})
}

func waiting(t require.TestingT, s *tracking.Store, n tracking.Number) (ids []string) {
	all, err := s.Unmatched(context.Background(), 1000)
	require.NoError(t, err)
	for _, u := range all {
		if u.Number == n {
			ids = append(ids, u.Event.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestAScanThatComesBeforeItsPackageWaitsUntilTheWorkflowHasIt(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		ctx, n := t.Context(), newNumber()
		early := scan("e1", packed.Add(-time.Hour))
		for range 2 {
			owners, waits, err := s.Scan(ctx, n, early)
			require.NoError(t, err)
			require.True(t, waits)
			require.Empty(t, owners)
		}
		require.Equal(t, []string{"e1"}, waiting(t, s, n))
		for range 2 { // the first answer may be lost
			scans, err := s.Own(ctx, n, owner("o1"))
			require.NoError(t, err)
			require.Equal(t, []order.PackageEvent{early}, scans)
		}
		require.Equal(t, []string{"e1"}, waiting(t, s, n))
		require.NoError(t, s.Taken(ctx, n, "e1", owner("o1")))
		require.Empty(t, waiting(t, s, n))
		scans, err := s.Own(ctx, n, owner("o1"))
		require.NoError(t, err)
		require.Empty(t, scans)
		owners, waits, err := s.Scan(ctx, n, early)
		require.NoError(t, err)
		require.False(t, waits)
		require.Empty(t, owners, "all who want it have it")
	})
}

func TestAScanIsPassedOnUntilEveryOwnerHasIt(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		ctx, n := t.Context(), newNumber()
		for _, id := range []string{"o1", "o2"} {
			_, err := s.Own(ctx, n, owner(id))
			require.NoError(t, err)
		}
		asked := func() (ids []string) {
			owners, waits, err := s.Scan(ctx, n, scan("e1", packed))
			require.NoError(t, err)
			require.False(t, waits)
			for _, o := range owners {
				require.Equal(t, owner(o.OrderID), o)
				ids = append(ids, o.OrderID)
			}
			slices.Sort(ids)
			return ids
		}
		require.Equal(t, []string{"o1", "o2"}, asked())
		require.NoError(t, s.Taken(ctx, n, "e1", owner("o1")))
		require.Equal(t, []string{"o2"}, asked())
		require.NoError(t, s.Disown(ctx, n, owner("o2")))
		require.Empty(t, asked())
		require.NoError(t, s.Taken(ctx, n, "never-seen", owner("o1")))
	})
}

func TestAScanIsNotGivenToAPackageThatIsMuchYounger(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		ctx, n := t.Context(), newNumber()
		old := scan("of-another-parcel", packed.Add(-tracking.Older-time.Millisecond))
		just := scan("still-mine", packed.Add(-tracking.Older))
		for _, e := range []order.PackageEvent{old, just} {
			_, waits, err := s.Scan(ctx, n, e)
			require.NoError(t, err)
			require.True(t, waits)
		}
		scans, err := s.Own(ctx, n, owner("o1"))
		require.NoError(t, err)
		require.Equal(t, []order.PackageEvent{just}, scans)
		owners, waits, err := s.Scan(ctx, n, old)
		require.NoError(t, err)
		require.True(t, waits)
		require.Empty(t, owners)
		require.NoError(t, s.Taken(ctx, n, old.ID, owner("o1")), "an operator may give it to the package nevertheless")
		require.Equal(t, []string{"still-mine"}, waiting(t, s, n))
	})
}

func TestANumberHasFewOwnersAndScans(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		ctx, n := t.Context(), newNumber()
		for i := range tracking.MaxOwners {
			_, err := s.Own(ctx, n, owner(fmt.Sprint("o", i)))
			require.NoError(t, err)
		}
		_, err := s.Own(ctx, n, owner("one-more"))
		require.ErrorIs(t, err, tracking.ErrTooManyOwners)
		_, err = s.Own(ctx, n, owner("o1"))
		require.NoError(t, err, "one that is there is not one more")
		for i := range tracking.MaxScans {
			_, _, err := s.Scan(ctx, n, scan(fmt.Sprint("e", i), packed))
			require.NoError(t, err)
		}
		_, _, err = s.Scan(ctx, n, scan("one-more", packed))
		require.ErrorIs(t, err, tracking.ErrTooManyScans)
		_, _, err = s.Scan(ctx, n, scan("e1", packed))
		require.NoError(t, err)
	})
}

func TestWhatIsNoTrackingNumberIsRefused(t *testing.T) {
	s := tracking.New(nil, time.Now) // Redis is never asked
	for _, n := range []tracking.Number{
		{Adapter: "sandbox", Number: "1z999"}, {Adapter: "sandbox", Number: "a:b"}, {Adapter: "a:b", Number: "1Z999"}, {Number: "1Z999"},
	} {
		_, _, err := s.Scan(t.Context(), n, scan("e", packed))
		require.ErrorContains(t, err, "can't be a tracking number")
		_, err = s.Own(t.Context(), n, owner("o"))
		require.Error(t, err)
		require.Error(t, s.Taken(t.Context(), n, "e", owner("o")))
		require.Error(t, s.Disown(t.Context(), n, owner("o")))
	}
}

// Whatever comes first, and however often: in the end every owner's workflow has every scan,
// and nothing waits.
func TestScansAndPackagesMeetInAnyOrder(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		rapid.Check(t, func(t *rapid.T) {
			ctx, n := context.Background(), newNumber()
			var (
				messages []func()
				has      = map[string]bool{} // what the workflows have
				pass     = func(o tracking.Owner, e order.PackageEvent) {
					if rapid.IntRange(0, 3).Draw(t, "lost on the way") == 0 {
						return
					}
					has[o.OrderID+" "+e.ID] = true
					require.NoError(t, s.Taken(ctx, n, e.ID, o))
				}
			)
			owners, scans := rapid.IntRange(1, 3).Draw(t, "owners"), rapid.IntRange(1, 4).Draw(t, "scans")
			for i := range owners {
				messages = append(messages, func() {
					found, err := s.Own(ctx, n, owner(fmt.Sprint("o", i)))
					require.NoError(t, err)
					for _, e := range found {
						pass(owner(fmt.Sprint("o", i)), e)
					}
				})
			}
			for i := range scans {
				messages = append(messages, func() {
					found, _, err := s.Scan(ctx, n, scan(fmt.Sprint("e", i), packed))
					require.NoError(t, err)
					for _, o := range found {
						pass(o, scan(fmt.Sprint("e", i), packed))
					}
				})
			}
			for _, m := range rapid.Permutation(slices.Concat(messages, messages)).Draw(t, "order") {
				m()
			}
			for tries := 0; len(has) < owners*scans; tries++ { // whoever got no answer sends again
				require.Less(t, tries, 100)
				for _, m := range messages {
					m()
				}
			}
			require.Empty(t, waiting(t, s, n))
		})
	})
}

func TestAScanAndItsPackageAtTheSameTimeDoNotMissEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		for range 50 {
			n := newNumber()
			var (
				wg     sync.WaitGroup
				passed []tracking.Owner
				found  []order.PackageEvent
				errs   [2]error
			)
			wg.Go(func() { passed, _, errs[0] = s.Scan(t.Context(), n, scan("e1", packed)) })
			wg.Go(func() { found, errs[1] = s.Own(t.Context(), n, owner("o1")) })
			wg.Wait()
			require.NoError(t, errs[0])
			require.NoError(t, errs[1])
			require.Equal(t, 1, len(passed)+len(found))
		}
	})
}
