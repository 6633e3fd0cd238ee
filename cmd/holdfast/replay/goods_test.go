package replay

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
	"holdfast/order"
)

// shipped is a replay in which everything happens to packages, with its report.
func shipped(t *testing.T, g *gatewaytest.Gateway) (Report, VerifyConfig, []Ack) {
	t.Helper()
	cfg := config(t, g)
	cfg.Through = true
	cfg.Shares = Shares{
		Paid: 1, Delivered: 1, Packaged: 0.9, Readdressed: 0.3, CancelledInPart: 0.3, Returned: 0.3,
		LateScans: 0.1, RepeatedScans: 0.1, OutOfOrderScans: 0.1,
	}
	var journal bytes.Buffer
	cfg.Journal = NewJournal(&journal)
	report, err := Run(t.Context(), cfg, strings.NewReader(file(100)))
	require.NoError(t, err)
	assert.Zero(t, report.Failed, "%v", report.Failures)
	acks, err := ReadJournal(&journal)
	require.NoError(t, err)
	return report, VerifyConfig{Gateway: cfg.Gateway, Concurrency: 8, Patience: 3 * time.Second}, acks
}

func TestPackagedOrdersArriveHoweverTheirScansCome(t *testing.T) {
	g := gatewaytest.Start(t)
	report, check, acks := shipped(t, g)
	packaged := report.Outcomes["delivered/packaged"]
	assert.Equal(t, 100, packaged+report.Outcomes["delivered"], "%v", report.Outcomes)
	assert.InDelta(t, 90, packaged, 10)
	assert.Positive(t, report.Scans.Late)
	assert.Positive(t, report.Scans.Repeated)
	assert.Positive(t, report.Scans.OutOfOrder)
	byPackages := map[int]int{}
	for _, o := range g.Orders {
		byPackages[len(o.Packages)]++
		for _, l := range o.Lines {
			assert.Equal(t, order.NodeDelivered, l.Node)
		}
	}
	assert.Len(t, byPackages, maxParcels, "%v", byPackages)
	calls := map[string]int{}
	for _, a := range acks {
		calls[a.Call]++
	}
	assert.Equal(t, report.Scans.Sent, calls[Scanned])
	for _, call := range []string{Packed, Readdressed, CancelledInPart, Returned} {
		assert.Positive(t, calls[call], call)
	}
	v, err := Verify(t.Context(), check, acks)
	require.NoError(t, err)
	assert.Empty(t, v.Violations)
	var out strings.Builder
	report.Print(&out)
	assert.Contains(t, out.String(), "out of order")
}

func TestCallsAboutPackagesAreRepeatedAndCountOnce(t *testing.T) {
	g := gatewaytest.Start(t)
	calls := 0
	g.Fail = func(*http.Request) (int, bool) {
		calls++
		return http.StatusServiceUnavailable * (calls % 2), calls%3 == 0
	}
	report, check, acks := shipped(t, g)
	assert.Positive(t, report.Repeats)
	g.Fail = nil
	for _, o := range g.Orders {
		require.LessOrEqual(t, len(o.Packages), maxParcels)
		require.LessOrEqual(t, len(o.Removals), 1)
		require.LessOrEqual(t, len(o.Returns), 1)
	}
	v, err := Verify(t.Context(), check, acks)
	require.NoError(t, err)
	assert.Empty(t, v.Violations)
}

// Each acknowledged thing is undone once, and has to be reported.
func TestGoodsThatAreNoLongerAsAcknowledgedAreNamed(t *testing.T) {
	for name, undo := range map[string]struct {
		call string
		do   func(o *order.Order, refunds []order.Refund, a Ack)
		want string
	}{
		"a package that is gone": {Packed, func(o *order.Order, _ []order.Refund, a Ack) {
			o.Packages = slices.DeleteFunc(o.Packages, func(p order.Package) bool { return p.ID == a.PackageID })
		}, "is gone"},
		"a package with other units": {Packed, func(o *order.Order, _ []order.Refund, a Ack) {
			o.Package(a.PackageID).Items[0].Quantity++
		}, "was packed with"},
		"a scan that is lost": {Scanned, func(o *order.Order, _ []order.Refund, a Ack) {
			p := o.Package(a.PackageID)
			p.Events = slices.DeleteFunc(p.Events, func(e order.PackageEvent) bool { return e.ID == a.EventID })
		}, "0 times"},
		"a scan that counts twice": {Scanned, func(o *order.Order, _ []order.Refund, a Ack) {
			p := o.Package(a.PackageID)
			p.Events = append(p.Events, order.PackageEvent{ID: a.EventID, Node: a.Node})
		}, "2 times"},
		"an address that is the old one": {Readdressed, func(o *order.Order, _ []order.Refund, _ Ack) {
			o.Address = &order.Address{Recipient: "Someone else"}
		}, "change of address"},
		"a cancellation of a part that is lost": {CancelledInPart, func(o *order.Order, _ []order.Refund, _ Ack) {
			o.Removals = nil
		}, "were cancelled"},
		"cancelled units that are back": {CancelledInPart, func(o *order.Order, _ []order.Refund, a Ack) {
			o.Lines[slices.IndexFunc(o.Lines, func(l order.Line) bool { return l.ID == a.Units[0].LineID })].Removed = 0
		}, "should be removed"},
		"a part whose refund is due": {CancelledInPart, func(_ *order.Order, refunds []order.Refund, _ Ack) {
			refunds[0].Status = order.RefundDue
		}, "is due"},
		"a return that was never received": {Returned, func(o *order.Order, _ []order.Refund, a Ack) {
			o.Return(a.PartID).Status = order.ReturnApproved
		}, "now it is approved"},
		"returned units that are neither on the shelf nor written off": {Returned, func(o *order.Order, _ []order.Refund, _ Ack) {
			for i := range o.Lines {
				o.Lines[i].Restocked, o.Lines[i].Damaged = 0, 0
			}
		}, "units of line"},
		"a return for which too little was refunded": {Returned, func(_ *order.Order, refunds []order.Refund, _ Ack) {
			refunds[len(refunds)-1].Amount--
		}, "is paid, with"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t)
			_, check, acks := shipped(t, g)
			undone := find(t, acks, undo.call)
			undo.do(g.Orders[undone.OrderID], g.Refunds[undone.OrderID], undone)
			check.Patience = time.Second
			v, err := Verify(t.Context(), check, acks)
			require.NoError(t, err)
			require.NotEmpty(t, v.Violations)
			details := ""
			for _, violation := range v.Violations {
				assert.Equal(t, undone.OrderID, violation.Ack.OrderID)
				details += violation.Detail + "\n"
			}
			assert.Contains(t, details, undo.want)
		})
	}
}

// The same seed gives the same packages and scans, and quantities always add up.
func TestParcelsOfASeed(t *testing.T) {
	lines := []order.Line{{ID: "1", Quantity: 1}, {ID: "2", Quantity: 5}, {ID: "3", Quantity: 1000}}
	shares := Shares{LateScans: 0.2, RepeatedScans: 0.2, OutOfOrderScans: 0.2}
	for n := range 200 {
		play := func() ([]order.LineUnits, order.LineUnits, []parcel, []scan) {
			draw := parcelDraw(3, n)
			some, left := giveBack(draw, unitsOf(lines))
			parcels := parcelsOf(draw, left)
			packages := make([]order.Package, len(parcels))
			for i := range packages {
				packages[i].ID = string(rune('a' + i))
			}
			scans, count := shares.scansOf(draw, parcels, packages)
			require.Len(t, scans, count.Sent)
			return left, some, parcels, scans
		}
		left, some, parcels, scans := play()
		_, _, again, scansAgain := play()
		require.Equal(t, parcels, again)
		require.Equal(t, scans, scansAgain)
		var all []order.LineUnits
		for _, p := range parcels {
			require.NotEmpty(t, p.items)
			all = append(all, p.items...)
		}
		require.ElementsMatch(t, left, order.MergeUnits(all))
		require.ElementsMatch(t, unitsOf(lines), order.MergeUnits(append(all, some)))
	}
	some, left := giveBack(parcelDraw(3, 1), []order.LineUnits{{LineID: "1", Quantity: 1}})
	assert.Zero(t, some, "the last unit of an order is never cancelled as a part")
	assert.Len(t, left, 1)
}

func TestMoneyGoesBackOnlyThroughAProvider(t *testing.T) {
	cfg := config(t, gatewaytest.Start(t))
	cfg.Shares.Returned = 0.1
	_, err := Run(t.Context(), cfg, strings.NewReader(file(1)))
	require.ErrorContains(t, err, "through a provider")
	cfg.Shares.Returned, cfg.Shares.LateScans = 0, 1.5
	_, err = Run(t.Context(), cfg, strings.NewReader(file(1)))
	assert.ErrorContains(t, err, "late-scans")
}
