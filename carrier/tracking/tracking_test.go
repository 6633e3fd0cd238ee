package tracking_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/carrier"
	"holdfast/carrier/tracking"
	"holdfast/order"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

var packed = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func newNumber() carrier.Number {
	return carrier.Number{Adapter: "sandbox", Number: fmt.Sprintf("T%X", time.Now().UnixNano())}
}

func owner(orderID string) carrier.Owner {
	return carrier.Owner{OrderID: orderID, PlacedAt: packed.Add(-time.Hour), PackageID: "p1", CreatedAt: packed}
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

func waiting(t require.TestingT, s *tracking.Store, n carrier.Number) (ids []string) {
	after := ""
	for {
		page, next, err := s.Unmatched(context.Background(), 100, after)
		require.NoError(t, err)
		for _, u := range page {
			if u.Number == n {
				ids = append(ids, u.Event.ID)
			}
		}
		if next == "" {
			slices.Sort(ids)
			return ids
		}
		after = next
	}
}

// idOf is the id of a scan that waits.
func idOf(n carrier.Number, eventID string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(n.Adapter + ":" + n.Number + "/" + eventID))
}

// scanned stores one scan, own one owner, and taken one taken scan.
func scanned(t require.TestingT, s *tracking.Store, n carrier.Number, e order.PackageEvent) carrier.Scanned {
	all, err := s.Scans(context.Background(), n.Adapter, []carrier.Scan{{TrackingNumber: n.Number, Event: e}})
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func own(t require.TestingT, s *tracking.Store, n carrier.Number, o carrier.Owner) []order.PackageEvent {
	all, err := s.Own(context.Background(), o, false, n)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.NoError(t, all[0].Err)
	return all[0].Scans
}

func taken(n carrier.Number, eventID string, o carrier.Owner) carrier.Taken {
	return carrier.Taken{Number: n, EventID: eventID, OrderID: o.OrderID, PackageID: o.PackageID}
}

func TestAScanThatComesBeforeItsPackageWaitsUntilTheWorkflowHasIt(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		ctx, n := t.Context(), newNumber()
		early := scan("e1", packed.Add(-time.Hour))
		for range 2 {
			met := scanned(t, s, n, early)
			require.True(t, met.Waits)
			require.Empty(t, met.Owners)
		}
		require.Equal(t, []string{"e1"}, waiting(t, s, n))
		for range 2 { // the first answer may be lost
			require.Equal(t, []order.PackageEvent{early}, own(t, s, n, owner("o1")))
		}
		require.Equal(t, []string{"e1"}, waiting(t, s, n))
		require.NoError(t, s.Taken(ctx, taken(n, "e1", owner("o1"))))
		require.Empty(t, waiting(t, s, n))
		require.Empty(t, own(t, s, n, owner("o1")))
		again, err := s.Own(ctx, owner("o1"), true, n)
		require.NoError(t, err)
		require.Equal(t, []order.PackageEvent{early}, again[0].Scans, "for a workflow that starts again")
		met := scanned(t, s, n, early)
		require.False(t, met.Waits)
		require.Empty(t, met.Owners, "all who want it have it")
	})
}

func TestAScanIsPassedOnUntilEveryOwnerHasIt(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		ctx, n := t.Context(), newNumber()
		for _, id := range []string{"o1", "o2"} {
			own(t, s, n, owner(id))
		}
		asked := func() (ids []string) {
			met := scanned(t, s, n, scan("e1", packed))
			require.False(t, met.Waits)
			for _, o := range met.Owners {
				require.Equal(t, owner(o.OrderID), o)
				ids = append(ids, o.OrderID)
			}
			return ids
		}
		require.NoError(t, s.Taken(ctx, taken(n, "never-seen", owner("o1"))))
		require.Equal(t, []string{"o1", "o2"}, asked())
		s.TakenLater(taken(n, "e1", owner("o1")))
		require.Equal(t, []string{"o2"}, asked(), "the next scan takes it along")
		require.NoError(t, s.Disown(ctx, owner("o2"), n))
		require.Empty(t, asked())
		require.Empty(t, waiting(t, s, n))
	})
}

// Any of these may come last: the order's workflow drops the scan, and the gateway still notes that
// it passed the scan on.
func TestAScanThatItsPackageDoesNotTakeWaits(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		e, o := scan("e1", packed), owner("o1")
		for name, steps := range map[string][]string{
			"noted first": {"note", "unmatch"}, "noted last": {"unmatch", "note"}, "twice": {"unmatch", "note", "unmatch"},
			"the number was removed first": {"disown", "note", "unmatch"},
		} {
			n := newNumber()
			own(t, s, n, o)
			require.Len(t, scanned(t, s, n, e).Owners, 1)
			for _, step := range steps {
				switch step {
				case "note":
					s.TakenLater(taken(n, e.ID, o))
					require.NoError(t, s.Flush(t.Context()))
				case "disown":
					require.NoError(t, s.Disown(t.Context(), o, n))
				case "unmatch":
					require.NoError(t, s.Unmatch(t.Context(), n, e, o.OrderID, o.PackageID))
				}
			}
			require.Equal(t, []string{"e1"}, waiting(t, s, n), name)
			require.Equal(t, []order.PackageEvent{e}, own(t, s, n, o), "%s: and the package may get the number back", name)
		}
	})
}

func TestAScanThatAnotherPackageHasDoesNotWait(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		n, e := newNumber(), scan("e1", packed)
		own(t, s, n, owner("o1"))
		own(t, s, n, owner("o2"))
		scanned(t, s, n, e)
		require.NoError(t, s.Unmatch(t.Context(), n, e, "o1", "p1"))
		require.Empty(t, waiting(t, s, n), "it is on its way to the other")
		require.NoError(t, s.Unmatch(t.Context(), n, e, "o2", "p1"))
		require.Equal(t, []string{"e1"}, waiting(t, s, n))
		unheard := newNumber()
		require.NoError(t, s.Unmatch(t.Context(), unheard, e, "o1", "p1"), "its number may have expired")
		require.Equal(t, []string{"e1"}, waiting(t, s, unheard))
	})
}

func TestAScanIsNotGivenToAPackageThatIsMuchYounger(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		n := newNumber()
		old := scan("of-another-parcel", packed.Add(-tracking.Older-time.Millisecond))
		just := scan("still-mine", packed.Add(-tracking.Older))
		for _, e := range []order.PackageEvent{old, just} {
			require.True(t, scanned(t, s, n, e).Waits)
		}
		require.Equal(t, []order.PackageEvent{just}, own(t, s, n, owner("o1")))
		met := scanned(t, s, n, old)
		require.True(t, met.Waits)
		require.Empty(t, met.Owners)
	})
}

func TestStaffGivesAScanToOnePackage(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		ctx, n, old := t.Context(), newNumber(), scan("e1", packed.Add(-100*24*time.Hour))
		claim := func(orderID, key string) error {
			got, err := s.Claim(ctx, idOf(n, old.ID), orderID, "p1", key)
			if err == nil {
				require.Equal(t, carrier.Claimed{Number: n, Event: old, Taken: len(waiting(t, s, n)) == 0}, got) //nolint:contextcheck // it has the test's
			}
			return err
		}
		require.ErrorIs(t, claim("o1", "k1"), carrier.ErrUnknownScan)
		scanned(t, s, n, old)
		require.NoError(t, claim("o1", "k1"))
		require.NoError(t, claim("o1", "k1"), "the answer was lost")
		require.ErrorIs(t, claim("o2", "k1"), carrier.ErrKeyReused)
		require.ErrorIs(t, claim("o2", "k2"), carrier.ErrScanTaken)
		require.ErrorIs(t, claim("o2", ""), carrier.ErrScanTaken)
		require.Equal(t, []string{"e1"}, waiting(t, s, n), "the workflow doesn't have it yet")
		require.NoError(t, s.Unmatch(ctx, n, old, "o1", "p1"), "it was closed")
		require.NoError(t, claim("o2", "k2"))
		require.NoError(t, s.Taken(ctx, taken(n, "e1", owner("o2"))))
		require.Empty(t, waiting(t, s, n))
		require.NoError(t, claim("o2", "k3"))
		require.ErrorIs(t, claim("o1", "k1"), carrier.ErrScanTaken)
		require.False(t, scanned(t, s, n, old).Waits)
	})
}

func TestOnlyOneOfManyClaimsWins(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		n := newNumber()
		scanned(t, s, n, scan("e1", packed))
		var (
			wg   sync.WaitGroup
			errs [20]error
		)
		for i := range errs {
			wg.Go(func() { _, errs[i] = s.Claim(t.Context(), idOf(n, "e1"), fmt.Sprint("o", i), "p1", "") })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, carrier.ErrScanTaken)
		}
		require.Equal(t, 1, won)
	})
}

func TestTheScansThatWaitAreListedInPages(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		now := packed
		s := tracking.New(rdb, func() time.Time { return now })
		var want []string
		for i := range 30 {
			if i%10 == 0 { // ten arrive in the same millisecond
				now = now.Add(time.Minute)
			}
			n := carrier.Number{Adapter: "sandbox", Number: fmt.Sprintf("PAGE%02d", i/3)}
			scanned(t, s, n, scan(fmt.Sprint("a/e", i), packed))
			want = append(want, n.Number+fmt.Sprint("a/e", i))
		}
		var (
			got   []string
			since []time.Time
		)
		for after, pages := "", 0; ; pages++ {
			require.Less(t, pages, 10)
			page, next, err := s.Unmatched(t.Context(), 7, after)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), 7)
			for _, u := range page {
				require.Equal(t, idOf(u.Number, u.Event.ID), u.ID)
				got, since = append(got, u.Number.Number+u.Event.ID), append(since, u.Since)
			}
			if after = next; next == "" {
				break
			}
		}
		require.True(t, slices.IsSortedFunc(since, func(a, b time.Time) int { return b.Compare(a) }), "newest first")
		require.ElementsMatch(t, want, got, "each once")
		now = now.Add(tracking.Kept + time.Millisecond)
		page, _, err := s.Unmatched(t.Context(), 100, "")
		require.NoError(t, err)
		require.Empty(t, page, "they have waited for too long")
	})
}

func TestWhatIsNoPageOfTheListIsRefused(t *testing.T) {
	s := tracking.New(nil, time.Now) // Redis is never asked
	for _, from := range []string{"no page", "bm8", "e30"} {
		_, _, err := s.Unmatched(t.Context(), 10, from)
		require.ErrorIs(t, err, carrier.ErrNoPage)
	}
}

func TestANumberHasFewOwners(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		n := newNumber()
		for i := range tracking.MaxOwners {
			own(t, s, n, owner(fmt.Sprint("o", i)))
		}
		full, err := s.Own(t.Context(), owner("one-more"), false, n)
		require.NoError(t, err)
		require.ErrorIs(t, full[0].Err, carrier.ErrTooManyOwners)
		own(t, s, n, owner("o1")) // one that is there is not one more
	})
}

// fill stores as many scans of a number as may be, an hour apart.
func fill(t *testing.T, s *tracking.Store, n carrier.Number, then func(id string)) {
	t.Helper()
	for i := range tracking.MaxScans {
		id := fmt.Sprint("e", i)
		require.False(t, scanned(t, s, n, scan(id, packed.Add(time.Duration(i)*time.Hour))).Dropped)
		then(id)
	}
}

func TestANewScanOfAFullNumberReplacesOneThatItsOwnersHave(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		n, a, b := newNumber(), owner("o1"), owner("o2")
		own(t, s, n, a)
		own(t, s, n, b)
		fill(t, s, n, func(id string) {
			calls := []carrier.Taken{taken(n, id, a), taken(n, id, b)}
			if id == "e0" || id == "e2" { // these are on their way to one of them
				calls = calls[:1]
			}
			require.NoError(t, s.Taken(t.Context(), calls...))
		})
		newest := packed.Add(1000 * time.Hour)
		for _, id := range []string{"d1", "d2"} {
			met := scanned(t, s, n, scan(id, newest))
			require.Len(t, met.Owners, 2, "a limit never drops news")
			require.False(t, met.Dropped)
		}
		var due []string
		for _, e := range own(t, s, n, b) {
			due = append(due, e.ID)
		}
		require.Equal(t, []string{"e0", "e2", "d1", "d2"}, due)
		all, err := s.Own(t.Context(), b, true, n)
		require.NoError(t, err)
		require.Len(t, all[0].Scans, tracking.MaxScans)
		require.Equal(t, "e4", all[0].Scans[2].ID, "e1 and e3 were the oldest that both have")

		for range 3 { // carriers repeat a parcel's whole history
			met := scanned(t, s, n, scan("e1", packed.Add(time.Hour)))
			require.Len(t, met.Owners, 2, "it may be news, which the order would know")
		}
		again, err := s.Own(t.Context(), b, true, n)
		require.NoError(t, err)
		require.Equal(t, all[0].Scans, again[0].Scans, "an older scan replaces nothing")
	})
}

func TestANewScanOfAFullNumberWithoutPackagesReplacesTheOldest(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		n := newNumber()
		fill(t, s, n, func(string) {})
		require.True(t, scanned(t, s, n, scan("d1", packed.Add(1000*time.Hour))).Waits)
		ids := waiting(t, s, n)
		require.Len(t, ids, tracking.MaxScans)
		require.Contains(t, ids, "d1")
		require.NotContains(t, ids, "e0")
		require.True(t, scanned(t, s, n, scan("e0", packed)).Dropped, "it is the oldest itself")
		require.False(t, scanned(t, s, n, scan("e1", packed.Add(time.Hour))).Dropped)
		require.Equal(t, ids, waiting(t, s, n))

		o := owner("o1")
		require.Len(t, own(t, s, n, o), tracking.MaxScans)
		met := scanned(t, s, n, scan("d2", packed.Add(1000*time.Hour)))
		require.Equal(t, []carrier.Owner{o}, met.Owners, "even if the owner has none of them yet")
		require.NoError(t, s.Unmatch(t.Context(), n, scan("d3", packed.Add(1001*time.Hour)), o.OrderID, o.PackageID))
		require.Contains(t, waiting(t, s, n), "d3")
	})
}

func TestWhatIsNoTrackingNumberIsRefused(t *testing.T) {
	s := tracking.New(nil, time.Now) // Redis is never asked
	for _, n := range []carrier.Number{
		{Adapter: "sandbox", Number: "1z999"}, {Adapter: "sandbox", Number: "a:b"}, {Adapter: "a:b", Number: "1Z999"}, {Number: "1Z999"},
	} {
		_, err := s.Scans(t.Context(), n.Adapter, []carrier.Scan{{TrackingNumber: n.Number, Event: scan("e", packed)}})
		require.ErrorContains(t, err, "can't be a tracking number")
		_, err = s.Own(t.Context(), owner("o"), false, n)
		require.Error(t, err)
		require.Error(t, s.Taken(t.Context(), taken(n, "e", owner("o"))))
		require.Error(t, s.Disown(t.Context(), owner("o"), n))
		require.Error(t, s.Unmatch(t.Context(), n, scan("e", packed), "o", "p"))
		_, err = s.Claim(t.Context(), idOf(n, "e"), "o", "p", "")
		require.ErrorIs(t, err, carrier.ErrUnknownScan)
	}
}

// Whatever comes first, and however often: in the end every owner's workflow has every scan,
// and nothing waits.
func TestScansAndPackagesMeetInAnyOrder(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		rapid.Check(t, func(t *rapid.T) {
			n := newNumber()
			var (
				messages []func()
				has      = map[string]bool{} // what the workflows have
				pass     = func(o carrier.Owner, e order.PackageEvent) {
					if rapid.IntRange(0, 3).Draw(t, "lost on the way") == 0 {
						return
					}
					has[o.OrderID+" "+e.ID] = true
					s.TakenLater(taken(n, e.ID, o))
				}
			)
			owners, scans := rapid.IntRange(1, 3).Draw(t, "owners"), rapid.IntRange(1, 4).Draw(t, "scans")
			for i := range owners {
				messages = append(messages, func() {
					for _, e := range own(t, s, n, owner(fmt.Sprint("o", i))) {
						pass(owner(fmt.Sprint("o", i)), e)
					}
				})
			}
			for i := range scans {
				messages = append(messages, func() {
					for _, o := range scanned(t, s, n, scan(fmt.Sprint("e", i), packed)).Owners {
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
			require.NoError(t, s.Flush(context.Background()))
			require.Empty(t, waiting(t, s, n))
		})
	})
}

func TestAScanAndItsPackageAtTheSameTimeDoNotMissEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		for range 50 {
			n := newNumber()
			var (
				wg    sync.WaitGroup
				met   []carrier.Scanned
				found []carrier.Owned
				errs  [2]error
			)
			wg.Go(func() {
				met, errs[0] = s.Scans(t.Context(), n.Adapter, []carrier.Scan{{TrackingNumber: n.Number, Event: scan("e1", packed)}})
			})
			wg.Go(func() { found, errs[1] = s.Own(t.Context(), owner("o1"), false, n) })
			wg.Wait()
			require.NoError(t, errors.Join(errs[:]...))
			require.Equal(t, 1, len(met[0].Owners)+len(found[0].Scans))
		}
	})
}
