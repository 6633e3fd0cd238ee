package order_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

// largest is a paid order with 1,114 lines in as many packages as there may be, and with as many messages
// as its document has room for.
func largest(tb testing.TB) order.Order {
	tb.Helper()
	const lines = 1114
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	p := order.Placement{
		OrderID: "largest", CustomerID: "customer-1", Saga: order.SagaVersion, Currency: "EUR", PaymentWindow: time.Hour,
		Address: &order.Address{Recipient: strings.Repeat("a", 100), Line1: strings.Repeat("b", 100), City: "Hamburg", Country: "DE"},
	}
	for i := range lines {
		p.Lines = append(p.Lines, order.LineRequest{ProductID: fmt.Sprint("product-", i), SKU: "one", Quantity: 3})
	}
	o := order.New(p, at)
	o.PayNothing(at)
	o.Fulfil(at)
	for n := range order.MaxPackages {
		id := fmt.Sprint("package-", n)
		pack := order.Package{ID: id, CreatedAt: at, Address: o.Address, TrackingNumbers: []string{id}}
		for l := n * lines / order.MaxPackages; l < (n+1)*lines/order.MaxPackages; l++ {
			pack.Items = append(pack.Items, order.LineUnits{LineID: strconv.Itoa(l + 1), Quantity: 2})
		}
		require.NoError(tb, o.Change("package_added", "warehouse", at, nil, func(f *order.Fulfilment) error { return f.Pack(pack) }))
	}
	for n := range order.MaxOrderEvents {
		if n%100 == 0 { // as the workflow does
			o.Weigh(false)
		}
		o.Report(fmt.Sprint("package-", n%order.MaxPackages), order.PackageEvent{
			ID: fmt.Sprint("carrier-event-", n), Node: order.NodeInTransit, OccurredAt: at.Add(time.Duration(n) * time.Second),
			RecordedAt: at.Add(time.Duration(n) * time.Second), Actor: "carrier:sandbox", Detail: "Arrived at the sorting centre",
		}, at)
	}
	require.NoError(tb, o.Fits(order.UseWork))
	return o
}

// A message about the largest order takes no longer than one coroutine of a workflow may run, by far:
// Temporal ends it after a second.
func TestAMessageAboutTheLargestOrderIsCheap(t *testing.T) {
	o := largest(t)
	at := o.UpdatedAt
	began := time.Now()
	const messages = 100
	for n := range messages {
		o.Report("package-7", order.PackageEvent{ID: fmt.Sprint("more-", n), Mark: order.MarkLost, OccurredAt: at, RecordedAt: at}, at)
	}
	require.Less(t, time.Since(began)/messages, 10*time.Millisecond)
}

func BenchmarkLargestOrder(b *testing.B) {
	o := largest(b)
	at := o.UpdatedAt
	b.Run("report", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			o.Report("package-7", order.PackageEvent{ID: strconv.Itoa(n), Mark: order.MarkDelayed, OccurredAt: at, RecordedAt: at}, at)
			p := o.Package("package-7")
			p.Events = p.Events[:15]
		}
	})
	for name, do := range map[string]func(){
		"clone":    func() { _ = o.Clone() },
		"fits":     func() { _ = o.Fits(order.UseWork) },
		"facts":    func() { _ = o.Facts() },
		"check":    func() { _ = o.Check() },
		"nodes":    func() { _ = o.LineNodes() },
		"progress": func() { _ = o.Progress() },
		"record":   func() { _, _ = order.NewRecord(&o, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				do()
			}
		})
	}
	r, _ := order.NewRecord(&o, nil)
	size := len(r.Doc)
	for _, p := range r.Packages {
		size += len(p)
	}
	b.Log("document bytes", len(r.Doc), "all", size)
}
