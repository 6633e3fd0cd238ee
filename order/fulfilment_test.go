package order_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
)

var packedAt = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func fulfilmentOf(quantities ...int64) order.Fulfilment {
	var o order.Order
	for i, q := range quantities {
		o.Lines = append(o.Lines, order.Line{ID: fmt.Sprint(i + 1), Quantity: q})
	}
	return order.NewFulfilment(&o, packedAt)
}

func pack(t require.TestingT, f *order.Fulfilment, id string, items ...order.LineUnits) {
	require.NoError(t, f.Pack(order.Package{ID: id, Items: items, CreatedAt: packedAt}))
}

func scan(id string, n order.Node, minutes int) order.PackageEvent {
	at := packedAt.Add(time.Duration(minutes) * time.Minute)
	return order.PackageEvent{ID: id, Node: n, OccurredAt: at, RecordedAt: at.Add(time.Second), Actor: "carrier:sandbox"}
}

func unchanged(*order.Package) {}

func mark(id string, m order.Mark, minutes int) order.PackageEvent {
	e := scan(id, 0, minutes)
	e.Mark = m
	return e
}

// anEvent is any message about a package.
func anEvent(t *rapid.T, id string) order.PackageEvent {
	minutes := rapid.IntRange(0, 6).Draw(t, "minutes")
	if rapid.IntRange(0, 2).Draw(t, "kind") == 0 {
		return mark(id, rapid.SampledFrom(order.Marks()).Draw(t, "mark"), minutes)
	}
	return scan(id, rapid.SampledFrom(order.PackageNodes()[1:]).Draw(t, "node"), minutes)
}

func TestTheSameMessagesInAnyOrderAndNumberGiveTheSameOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := fulfilmentOf(3, 2)
		pack(t, &start, "a", order.LineUnits{LineID: "1", Quantity: 2}, order.LineUnits{LineID: "2", Quantity: 1})
		pack(t, &start, "b", order.LineUnits{LineID: "1", Quantity: 1}, order.LineUnits{LineID: "2", Quantity: 1})
		type message struct {
			packageID string
			event     order.PackageEvent
		}
		var sent []message
		for i := range rapid.IntRange(0, 12).Draw(t, "messages") {
			sent = append(sent, message{
				rapid.SampledFrom([]string{"a", "b"}).Draw(t, "package"), anEvent(t, fmt.Sprint("event-", i)),
			})
		}
		take := func(order []message) string {
			f := start.Clone()
			for _, m := range order {
				f.Report(m.packageID, m.event)
			}
			doc, err := json.Marshal([]any{f, f.Node(), f.Progress(), f.Reached("o"), f.Check()})
			require.NoError(t, err)
			return string(doc)
		}
		other := rapid.Permutation(slices.Concat(sent, sent[:len(sent)/2])).Draw(t, "order")
		require.Equal(t, take(sent), take(other))
	})
}

// step is anything that can be done to an order's packages.
func step(t *rapid.T, f *order.Fulfilment, n int) error {
	someUnits := func() (items []order.LineUnits) {
		for _, l := range f.Lines {
			if q := rapid.Int64Range(0, 3).Draw(t, "units of "+l.LineID); q > 0 {
				items = append(items, order.LineUnits{LineID: l.LineID, Quantity: q})
			}
		}
		return items
	}
	id := "p-0"
	if len(f.Packages) > 0 {
		id = rapid.SampledFrom(f.Packages).Draw(t, "package").ID
	}
	switch rapid.IntRange(0, 8).Draw(t, "step") {
	case 0, 1:
		return f.Pack(order.Package{ID: fmt.Sprint("p-", n), Items: someUnits(), CreatedAt: packedAt})
	case 2:
		return f.Correct(id, someUnits(), unchanged)
	case 3:
		return f.RemovePackage(id, packedAt)
	case 4:
		return f.CancelUnits(order.Removal{Lines: someUnits()})
	case 5:
		if p := f.Package(id); p != nil && len(p.Events) > 0 {
			return f.Strike(id, rapid.SampledFrom(p.Events).Draw(t, "event").ID)
		}
		return f.Strike(id, "none")
	case 6:
		actions := []order.ResolveAction{order.ResolveFound, order.ResolveReship, order.ResolveRefund}
		return f.Resolve(id, order.Resolution{Action: rapid.SampledFrom(actions).Draw(t, "action"), At: packedAt})
	}
	f.Report(id, anEvent(t, fmt.Sprint("event-", n)))
	return nil
}

func TestUnitsAlwaysAddUpWhateverIsDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := fulfilmentOf(4, 3)
		struck := false
		for n := range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := f.Clone()
			strikes := strikesOf(&f)
			err := step(t, &f, n)
			if err != nil {
				require.Equal(t, asJSON(t, before), asJSON(t, f), "what is refused changes nothing: %v", err)
			}
			struck = struck || strikesOf(&f) > strikes
			total := int64(0)
			for _, l := range f.Lines {
				packed := int64(0)
				for i := range f.Packages {
					if f.Packages[i].Live() {
						packed += f.Packages[i].Units(l.LineID)
					}
				}
				require.GreaterOrEqual(t, f.Open(l.LineID), int64(0))
				require.Equal(t, l.Quantity-l.Removed, f.Open(l.LineID)+packed)
				total += l.Quantity - l.Removed
			}
			for _, p := range f.Progress() {
				total -= p.Units
			}
			require.Zero(t, total, "the progress is of all units")
			for _, a := range f.Check() {
				require.NotEqual(t, order.RuleQuantities, a.Rule)
			}
			if before.Node() >= order.NodeLeftWarehouse && !struck {
				require.GreaterOrEqual(t, f.Node(), before.Node())
			}
		}
	})
}

func strikesOf(f *order.Fulfilment) (n int) {
	for i := range f.Packages {
		n += len(f.Packages[i].Struck)
	}
	return n
}

func asJSON(t require.TestingT, v any) string {
	doc, err := json.Marshal(v)
	require.NoError(t, err)
	return string(doc)
}

// Each unit by itself, as a warehouse would look at them.
func TestANodeIsReachedExactlyWhenAllUnitsReachedIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := fulfilmentOf(rapid.Int64Range(1, 4).Draw(t, "first"), rapid.Int64Range(1, 4).Draw(t, "second"))
		for n := range rapid.IntRange(0, 25).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "report") && len(f.Packages) > 0 {
				f.Report(rapid.SampledFrom(f.Packages).Draw(t, "package").ID, anEvent(t, fmt.Sprint("event-", n)))
				continue
			}
			_ = f.Pack(order.Package{ID: fmt.Sprint("p-", n), CreatedAt: packedAt, Items: []order.LineUnits{{
				LineID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "line"), Quantity: rapid.Int64Range(1, 2).Draw(t, "units"),
			}}})
		}
		least := order.NodeDelivered
		nodes := f.LineNodes()
		for i, l := range f.Lines {
			ofLine := order.NodeDelivered
			if f.Open(l.LineID) > 0 {
				ofLine = order.NodeAwaitingShipment
			}
			for j := range f.Packages {
				if p := &f.Packages[j]; p.Units(l.LineID) > 0 {
					ofLine = min(ofLine, p.Node())
				}
			}
			require.Equal(t, ofLine, nodes[i])
			least = min(least, ofLine)
		}
		require.Equal(t, least, f.Node())
	})
}

func TestRefundsOfPartsAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, 1<<62).Draw(t, "amount")
		all := rapid.Int64Range(1, 1<<40).Draw(t, "units")
		back := big.NewInt(0)
		for done := int64(0); done < all; {
			giving := min(all-done, rapid.Int64Range(0, all).Draw(t, "giving")+all/10+1)
			part := order.RefundOfUnits(amount, all, done, giving)
			require.GreaterOrEqual(t, part, int64(0))
			back.Add(back, big.NewInt(part))
			done += giving
		}
		require.Equal(t, big.NewInt(amount).String(), back.String())
	})
	require.Equal(t, []int64{33, 33, 34}, []int64{
		order.RefundOfUnits(100, 3, 0, 1), order.RefundOfUnits(100, 3, 1, 1), order.RefundOfUnits(100, 3, 2, 1),
	})
}

func TestAPassingMarkHoldsUntilSomethingOccurredLater(t *testing.T) {
	f := fulfilmentOf(1)
	pack(t, &f, "a", order.LineUnits{LineID: "1", Quantity: 1})
	f.Report("a", scan("later", order.NodeInTransit, 20))
	f.Report("a", mark("delay", order.MarkDelayed, 10))
	require.Empty(t, f.Package("a").Marks(), "it arrived last, and didn't occur last")
	f.Report("a", mark("pickup", order.MarkReadyForPickup, 30))
	f.Report("a", scan("at-the-same-time", order.NodeOutForDelivery, 30))
	require.Equal(t, []order.Mark{order.MarkReadyForPickup}, f.Package("a").Marks())
	f.Report("a", mark("lost", order.MarkLost, 5))
	require.Equal(t, []order.Mark{order.MarkReadyForPickup, order.MarkLost}, f.Package("a").Marks(), "this one waits for an operator")
	require.NoError(t, f.Resolve("a", order.Resolution{Action: order.ResolveFound, At: packedAt}))
	require.Equal(t, []order.Mark{order.MarkReadyForPickup}, f.Package("a").Marks())
	f.Report("a", mark("lost-again", order.MarkLost, 40))
	require.Equal(t, []order.Mark{order.MarkLost}, f.Package("a").Marks())
}

func TestAStruckScanIsUndoneAndItsRepetitionDropped(t *testing.T) {
	f := fulfilmentOf(1)
	pack(t, &f, "a", order.LineUnits{LineID: "1", Quantity: 1})
	f.Report("a", scan("left", order.NodeLeftWarehouse, 1))
	first := ids(f.Reached("o"))
	f.Report("a", scan("wrong", order.NodeDelivered, 2))
	require.Equal(t, order.NodeDelivered, f.Node())
	delivered := ids(f.Reached("o"))
	require.NoError(t, f.Strike("a", "wrong"))
	require.Equal(t, order.NodeLeftWarehouse, f.Node(), "else one mis-scan starts the time for returns")
	require.Equal(t, first, ids(f.Reached("o")))
	require.Equal(t, order.TakenBefore, f.Report("a", scan("wrong", order.NodeDelivered, 2)))
	require.Equal(t, order.NodeLeftWarehouse, f.Node())
	require.ErrorIs(t, f.Strike("a", "wrong"), order.ErrUnknownEvent)

	f.Report("a", scan("right", order.NodeDelivered, 9))
	again := ids(f.Reached("o"))
	require.Len(t, again, len(delivered))
	require.Subset(t, again, first)
	require.NotSubset(t, delivered, again, "a node that was struck is published once more when it is reached again")
}

// ids are those of the nodes that stand.
func ids(reached []order.NodeReached) []string {
	var all []string
	for _, r := range reached {
		if !r.Struck {
			all = append(all, r.ID)
		}
	}
	return all
}

func TestNodesThatAnOrderPassedUnheardAreImplied(t *testing.T) {
	f := fulfilmentOf(1)
	pack(t, &f, "a", order.LineUnits{LineID: "1", Quantity: 1})
	f.Report("a", scan("there", order.NodeDelivered, 3))
	implied := map[string]bool{}
	for _, r := range f.Reached("o") {
		implied[r.PackageID+" "+r.Node.String()] = r.Implied
	}
	require.Equal(t, map[string]bool{
		"a packed": false, "a delivered": false,
		" packed": false, " left_warehouse": true, " in_transit": true, " out_for_delivery": true, " delivered": false,
	}, implied)
}

func TestWhatCannotBePackedIsNamedLineByLine(t *testing.T) {
	f := fulfilmentOf(2, 1)
	pack(t, &f, "a", order.LineUnits{LineID: "1", Quantity: 1})
	err := f.Pack(order.Package{ID: "b", Items: []order.LineUnits{{LineID: "1", Quantity: 2}, {LineID: "2", Quantity: 1}, {LineID: "9", Quantity: 1}}})
	var short *order.UnitsError
	require.ErrorAs(t, err, &short)
	require.Equal(t, []order.UnitsShort{{LineID: "1", Requested: 2, Open: 1}, {LineID: "9", Requested: 1, Unknown: true}}, short.Lines)
}

func TestAPackageThatLeftIsNeitherRepackedNorRemoved(t *testing.T) {
	f := fulfilmentOf(2)
	pack(t, &f, "a", order.LineUnits{LineID: "1", Quantity: 2})
	require.NoError(t, f.Correct("a", []order.LineUnits{{LineID: "1", Quantity: 1}}, unchanged))
	require.Equal(t, int64(1), f.Open("1"))
	f.Report("a", scan("left", order.NodeLeftWarehouse, 1))
	require.ErrorIs(t, f.Correct("a", []order.LineUnits{{LineID: "1", Quantity: 2}}, unchanged), order.ErrPackageLeft)
	require.ErrorIs(t, f.RemovePackage("a", packedAt), order.ErrPackageLeft)
	require.ErrorIs(t, f.RemovePackage("none", packedAt), order.ErrUnknownPackage)
}

func TestAPackageSentAgainOpensItsUnitsAndARefundedOneRemovesThem(t *testing.T) {
	f := fulfilmentOf(2)
	pack(t, &f, "a", order.LineUnits{LineID: "1", Quantity: 1})
	pack(t, &f, "b", order.LineUnits{LineID: "1", Quantity: 1})
	for _, id := range []string{"a", "b"} {
		f.Report(id, scan(id+"-left", order.NodeInTransit, 1))
		f.Report(id, mark(id+"-lost", order.MarkLost, 2))
	}
	require.ErrorIs(t, f.Resolve("none", order.Resolution{}), order.ErrUnknownPackage)
	require.NoError(t, f.Resolve("a", order.Resolution{Action: order.ResolveReship, At: packedAt}))
	require.Equal(t, int64(1), f.Open("1"))
	require.Equal(t, order.NodeInTransit, f.Node(), "it never falls")
	require.ErrorIs(t, f.Resolve("a", order.Resolution{Action: order.ResolveRefund}), order.ErrNothingResolved)
	require.NoError(t, f.Resolve("b", order.Resolution{Action: order.ResolveRefund, At: packedAt}))
	require.Equal(t, int64(1), f.Lines[0].Removed)
	require.False(t, f.Nothing())
	require.NoError(t, f.CancelUnits(order.Removal{Lines: []order.LineUnits{{LineID: "1", Quantity: 1}}}))
	require.True(t, f.Nothing())
	require.Equal(t, order.NodeInTransit, f.Node(), "an order with nothing left stays where it was")
}

func TestStrikingAMarkOfAReplacementLeavesTheOrderWhereItIs(t *testing.T) {
	f := fulfilmentOf(2)
	for _, id := range []string{"a", "b"} {
		pack(t, &f, id, order.LineUnits{LineID: "1", Quantity: 1})
		f.Report(id, scan(id+"-there", order.NodeDelivered, 1))
	}
	f.Report("b", mark("never-arrived", order.MarkLost, 2))
	require.NoError(t, f.Resolve("b", order.Resolution{Action: order.ResolveReship, At: packedAt}))
	pack(t, &f, "c", order.LineUnits{LineID: "1", Quantity: 1})
	f.Report("c", mark("wrong", order.MarkDelayed, 3))
	require.NoError(t, f.Strike("c", "wrong"))
	require.Equal(t, order.NodeDelivered, f.Node(), "the mark never brought the order there")
	require.Empty(t, f.Falls)
}

func TestAPackageThatIsMadeAndUndoneAgainAndAgainLeavesLittleAndEnds(t *testing.T) {
	f := fulfilmentOf(1)
	one := order.LineUnits{LineID: "1", Quantity: 1}
	for i := range order.MaxRemovedPackages {
		id := fmt.Sprint("p-", i)
		require.NoError(t, f.Pack(order.Package{ID: id, Items: []order.LineUnits{one}, CreatedAt: packedAt, TrackingNumbers: []string{"1Z999"}}))
		require.NoError(t, f.RemovePackage(id, packedAt))
	}
	require.NoError(t, f.Pack(order.Package{ID: "more", Items: []order.LineUnits{one}}), "what was undone can be packed")
	require.ErrorIs(t, f.RemovePackage("more", packedAt), order.ErrTooManyUndone)
	require.Less(t, len(asJSON(t, f)), 40_000)
}

// Every message of an order asks how far it is, and a workflow may have to go over all of
// them again within the seconds of one task.
func BenchmarkReportToALargeOrder(b *testing.B) {
	quantities := make([]int64, 2000)
	for i := range quantities {
		quantities[i] = 1
	}
	large := fulfilmentOf(quantities...)
	for p := range order.MaxPackages {
		var items []order.LineUnits
		for i := range 10 {
			items = append(items, order.LineUnits{LineID: fmt.Sprint(p*10 + i + 1), Quantity: 1})
		}
		pack(b, &large, fmt.Sprint("p-", p), items...)
	}
	for i := 0; b.Loop(); i++ {
		if i%order.MaxOrderEvents == 0 {
			large = large.Clone()
			for p := range large.Packages {
				large.Packages[p].Events = nil
			}
		}
		large.Report(fmt.Sprint("p-", i%order.MaxPackages), scan(fmt.Sprint(i), order.NodeInTransit, i))
	}
}

func TestMessagesBeyondTheLimitsChangeNothing(t *testing.T) {
	f := fulfilmentOf(order.MaxPackages + 1)
	one := order.LineUnits{LineID: "1", Quantity: 1}
	for i := range order.MaxPackages {
		pack(t, &f, fmt.Sprint("p-", i), one)
	}
	require.ErrorIs(t, f.Pack(order.Package{ID: "more", Items: []order.LineUnits{one}}), order.ErrTooManyPackages)
	require.NoError(t, f.RemovePackage("p-0", packedAt))
	pack(t, &f, "more", one)
	taken := 0
	for i := range order.MaxPackages {
		// what says something new about a package is never dropped
		defer func() {
			require.Equal(t, order.TakenNew, f.Report(fmt.Sprint("p-", i), scan(fmt.Sprint(i, "-there"), order.NodeDelivered, 50)))
			require.Equal(t, order.TakenOverLimit, f.Report(fmt.Sprint("p-", i), scan(fmt.Sprint(i, "-again"), order.NodeDelivered, 51)))
		}()
		f.Report(fmt.Sprint("p-", i), scan(fmt.Sprint(i, "-first"), order.NodeInTransit, 0))
		taken++
	}
	for i := range order.MaxPackages {
		for n := range order.MaxPackageEvents + 1 {
			if f.Report(fmt.Sprint("p-", i), scan(fmt.Sprint(i, "-", n), order.NodeInTransit, n)) == order.TakenNew {
				taken++
			}
		}
	}
	require.Equal(t, order.MaxOrderEvents, taken)
	require.Equal(t, order.TakenUnknown, f.Report("none", scan("x", order.NodeInTransit, 1)))
}

func TestWhatNeedsAnOperatorIsAnAlert(t *testing.T) {
	f := fulfilmentOf(2)
	pack(t, &f, "gone", order.LineUnits{LineID: "1", Quantity: 1})
	pack(t, &f, "lost", order.LineUnits{LineID: "1", Quantity: 1})
	require.NoError(t, f.RemovePackage("gone", packedAt))
	require.Empty(t, f.Check())
	f.Report("gone", scan("moves", order.NodeInTransit, 1))
	f.Report("lost", mark("away", order.MarkLost, 1))
	ahead := scan("tomorrow", order.NodeInTransit, 0)
	ahead.OccurredAt = ahead.RecordedAt.Add(6 * time.Minute)
	f.Report("lost", ahead)
	var found []order.AlertRule
	for _, a := range f.Check() {
		found = append(found, a.Rule)
	}
	require.ElementsMatch(t, []order.AlertRule{order.RuleRemovedPackage, order.RuleUnresolved, order.RuleClockAhead}, found)
	f.Lines[0].Removed = 2
	require.Contains(t, f.Check(), order.Alert{Rule: order.RuleQuantities, LineID: "1", Detail: "2 units, 2 removed, 1 packed"})
}

func TestNodesAreWrittenByTheirNames(t *testing.T) {
	doc, err := json.Marshal(order.NodeInTransit)
	require.NoError(t, err)
	require.JSONEq(t, `"in_transit"`, string(doc))
	var n order.Node
	require.NoError(t, json.Unmarshal(doc, &n))
	require.Equal(t, order.NodeInTransit, n)
	require.ErrorContains(t, json.Unmarshal([]byte(`"on_the_moon"`), &n), `"on_the_moon" is not the name of a node`)
	_, err = json.Marshal(order.Node(455))
	require.Error(t, err)
	require.True(t, order.NodeDelivered.OfPackage())
	require.False(t, order.NodePacked.OfPackage())
	require.False(t, order.NodePaid.OfPackage())
}
