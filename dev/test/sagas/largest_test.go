package sagas

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/dev/await"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/saga"
)

// atLimits lets TestTheLargestOrder reach every limit, which takes some minutes. Without it, the order
// and all numbers are a tenth.
var atLimits = flag.Bool("largest", false, "let TestTheLargestOrder reach every limit")

// Temporal ends a workflow beyond 51,200 events.
const (
	maxHistoryEvents = 51_200
	maxHistoryBytes  = 10 << 20
)

// largest is the largest order and what is done to it.
type largest struct {
	*world
	orderID string
	// part divides all numbers.
	part, lines, packages int
}

// all calls do n times, a few at a time, as many callers at once would.
func (l *largest) all(n int, do func(ctx context.Context, i int) error) {
	l.Helper()
	group, ctx := errgroup.WithContext(l.Context())
	group.SetLimit(4)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	l.NoError(group.Wait())
}

// request sends an update until the order isn't busy, and requires the verdict.
func (l *largest) request(ctx context.Context, update string, arg any, want saga.Verdict) error {
	for {
		one, cancel := context.WithTimeout(ctx, patience)
		a, err := l.asks(one, l.orderID, update, arg)
		cancel()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", update, err)
		case a.Verdict == saga.VerdictBusy:
			continue // as a caller does, who waits for the answer to another call meanwhile
		case a.Verdict != want:
			return fmt.Errorf("%s: %s %s instead of %s", update, a.Verdict, a.Detail, want)
		}
		return nil
	}
}

// units of a package: each line is in one, without the units that were cancelled.
func (l *largest) units(n int) (items []order.LineUnits) {
	for i := n; i < l.lines; i += l.packages {
		quantity := int64(2)
		if i < order.MaxRemovals/l.part {
			quantity = 1
		}
		items = append(items, of(strconv.Itoa(i+1), quantity))
	}
	return items
}

func (l *largest) place(window time.Duration) {
	l.Helper()
	p := order.Placement{
		OrderID: l.id("order"), CustomerID: "customer-1", Fingerprint: "f1", Actor: "customer:customer-1", Saga: order.SagaVersion,
		PaymentWindow: time.Hour, ReturnWindow: window, Address: l.address(0),
	}
	for i := range l.lines {
		id, onHand := l.id(fmt.Sprint("product-", i)), units
		_, _, err := l.stock.Put(l.Context(), id, product.Spec{
			Description: product.Description{Title: "A thing with a title as long as they usually are"}, Currency: "EUR",
			Variants: []product.VariantSpec{{SKU: "one", Price: 500, Stock: &onHand}},
		}, nil)
		l.NoError(err)
		p.Lines = append(p.Lines, order.LineRequest{ProductID: id, SKU: "one", Quantity: 2})
	}
	l.orderID = p.OrderID
	l.Equal(order.StatusAwaitingPayment, l.world.place(p).Status)
	l.paid(p.OrderID, int64(l.lines)*1000)
}

func (l *largest) address(n int) *order.Address {
	return &order.Address{
		Recipient: "Ada Lovelace", Line1: fmt.Sprint(n, " Harbour Street"), Line2: "Third floor, the door on the left", City: "Hamburg",
		PostalCode: "20095", Country: "DE", Email: "ada@example.com",
	}
}

// cancels cancels a unit of the first lines, and one time more than may be.
func (l *largest) cancels() {
	l.Helper()
	n := order.MaxRemovals / l.part
	l.all(n, func(ctx context.Context, i int) error {
		line := strconv.Itoa(i%l.lines + 1)
		return l.request(ctx, saga.CancelUnitsUpdate, cancelling(l.orderID, fmt.Sprint("c", i), of(line, 1)), saga.VerdictDone)
	})
	if l.part == 1 {
		last := strconv.Itoa(l.lines)
		l.NoError(l.request(l.Context(), saga.CancelUnitsUpdate, cancelling(l.orderID, "more", of(last, 1)), saga.VerdictLimit))
	}
}

func (l *largest) readdresses() {
	l.Helper()
	for i := range order.MaxAddressChanges / l.part {
		l.NoError(l.request(l.Context(), saga.AddressUpdate, saga.AddressRequest{Actor: "support", Address: *l.address(i + 1)}, saga.VerdictDone))
	}
	if l.part == 1 {
		l.NoError(l.request(l.Context(), saga.AddressUpdate, saga.AddressRequest{Actor: "support", Address: *l.address(0)}, saga.VerdictLimit))
	}
}

// packing packs everything, after each package was undone once.
func (l *largest) packing() {
	l.Helper()
	l.all(l.packages, func(ctx context.Context, i int) error {
		wrong, id := fmt.Sprint("wrong-", i), saga.PackageID(l.orderID, fmt.Sprint("wrong-", i))
		if err := l.request(ctx, saga.PackUpdate, packing(l.orderID, wrong, l.units(i)...), saga.VerdictDone); err != nil {
			return err
		}
		if err := l.request(ctx, saga.UndoUpdate, saga.UndoRequest{PackageID: id, Actor: "warehouse"}, saga.VerdictDone); err != nil {
			return err
		}
		return l.request(ctx, saga.PackUpdate, packing(l.orderID, fmt.Sprint("p", i), l.units(i)...), saga.VerdictDone)
	})
	more := saga.VerdictUnits
	if l.part == 1 {
		more = saga.VerdictLimit
		last := saga.UndoRequest{PackageID: saga.PackageID(l.orderID, "p0"), Actor: "warehouse"}
		l.NoError(l.request(l.Context(), saga.UndoUpdate, last, saga.VerdictLimit))
	}
	l.NoError(l.request(l.Context(), saga.PackUpdate, packing(l.orderID, "more", of("1", 9)), more))
}

// scans sends messages about all packages. The first one gets more than it may have.
func (l *largest) scan() {
	l.Helper()
	n := order.MaxOrderEvents / l.part
	tell := func(ctx context.Context, id, key string) error {
		return l.temporal.SignalWorkflow(ctx, saga.OrderWorkflowID(l.orderID), "", saga.ScanSignal, saga.Scan{
			PackageID: saga.PackageID(l.orderID, key), Event: order.PackageEvent{
				ID: id, Node: order.NodeInTransit, OccurredAt: time.Now(), RecordedAt: time.Now(), Actor: "carrier:sandbox",
				Detail: "Arrived at the sorting centre in Hannover",
			},
		})
	}
	l.all(order.MaxPackageEvents+5, func(ctx context.Context, i int) error { return tell(ctx, fmt.Sprint("first-", i), "p0") })
	l.all(n-order.MaxPackageEvents+20, func(ctx context.Context, i int) error {
		return tell(ctx, fmt.Sprint("carrier-event-", i), fmt.Sprint("p", 1+i%(l.packages-1)))
	})
	last := saga.PackageID(l.orderID, "p1")
	l.scans(l.orderID, "p1", order.NodeOutForDelivery) // changes its package, so it is never dropped
	ctx, cancel := context.WithTimeout(l.Context(), 10*patience)
	defer cancel()
	var o order.Order
	l.NoError(await.Success(ctx, func(ctx context.Context) error {
		v, err := l.temporal.QueryWorkflow(ctx, saga.OrderWorkflowID(l.orderID), "", saga.OrderQuery)
		if err != nil {
			return err
		}
		o = order.Order{}
		if err := v.Get(&o); err != nil {
			return err
		}
		if o.Package(last).Node() < order.NodeOutForDelivery {
			return errors.New("not all messages are recorded or dropped")
		}
		return nil
	}))
	events := 0
	for i := range o.Packages {
		events += len(o.Packages[i].Events)
	}
	l.Logf("%d messages are recorded", events)
	l.Len(o.Package(saga.PackageID(l.orderID, "p0")).Events, order.MaxPackageEvents)
	l.NotEmpty(o.Alerts, "messages were dropped")
}

// returns takes one unit back of as many lines as there may be returns.
func (l *largest) returns() {
	l.Helper()
	n := order.MaxReturns / l.part
	l.all(n, func(ctx context.Context, i int) error {
		key, line := fmt.Sprint("r", i), strconv.Itoa(l.lines-i)
		return l.request(ctx, saga.OpenReturnUpdate, returning(l.orderID, key, of(line, 1)), saga.VerdictDone)
	})
	if l.part == 1 {
		l.NoError(l.request(l.Context(), saga.OpenReturnUpdate, returning(l.orderID, "more", of("500", 1)), saga.VerdictLimit))
	}
	l.all(n, func(ctx context.Context, i int) error {
		key, line := fmt.Sprint("r", i), strconv.Itoa(l.lines-i)
		return l.request(ctx, saga.ReceiveReturnUpdate, receiving(l.orderID, key, of(line, 1)), saga.VerdictDone)
	})
}

// The largest order goes through all its limits: each call is answered, nothing is stuck, and the order
// can be delivered and closed.
func TestTheLargestOrder(t *testing.T) {
	l := &largest{world: open(t), part: 10, lines: 112, packages: 20}
	window := 20 * time.Second
	if *atLimits {
		l.part, l.lines, l.packages, window = 1, 1114, order.MaxPackages, 75*time.Second
	}
	l.work()
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"placed", func() { l.place(window) }},
		{"cancelled in part", l.cancels},
		{"address changed", l.readdresses},
		{"packed", l.packing},
		{"scanned", l.scan},
		{"delivered", func() {
			l.NoError(l.request(t.Context(), saga.DeliverUpdate, saga.DeliverRequest{Actor: "operator"}, saga.VerdictDone))
		}},
		{"returned", l.returns},
	} {
		began := time.Now()
		step.do()
		t.Logf("%s in %.1f s; %s", step.name, time.Since(began).Seconds(), l.sizes())
	}
	// Queries of so large an order would keep the worker from its timer.
	l.NoError(l.endsWithin(window+patience, l.orderID))
	l.Equal(order.StatusDelivered, l.ended(l.orderID).Status)
	o := l.order(l.orderID)
	l.Equal(o.Version, l.documentIs(l.orderID, order.StatusDelivered).Version)
	for i, line := range o.Lines {
		st, err := l.stock.Get(t.Context(), line.ProductID)
		l.NoError(err)
		l.Equal(line.Quantity-line.Restocked, st.Variants[0].Stock.Committed-st.Variants[0].Stock.Restocked, "line %d", i+1)
	}
	events, size := l.historySize()
	l.Less(events, int64(maxHistoryEvents))
	l.LessOrEqual(size, int64(maxHistoryBytes))
	document, _ := l.stored()
	l.LessOrEqual(document, order.MaxDocumentBytes)
}

func (l *largest) sizes() string {
	events, size := l.historySize()
	document, published := l.stored()
	return fmt.Sprintf("history: %d events, %d KiB; Redis: %d KiB and %d KiB of published facts", events, size>>10, document>>10, published>>10)
}

func (l *largest) historySize() (events, bytes int64) {
	l.Helper()
	d, err := l.temporal.DescribeWorkflowExecution(l.Context(), saga.OrderWorkflowID(l.orderID), "")
	l.NoError(err)
	return d.GetWorkflowExecutionInfo().GetHistoryLength(), d.GetWorkflowExecutionInfo().GetHistorySizeBytes()
}

// stored returns the bytes of the order's document and packages in Redis, and those of the lists of what
// was published.
func (l *largest) stored() (document, lists int) {
	l.Helper()
	for _, kind := range []string{":order:", ":packages:"} {
		fields, err := l.rdb.HGetAll(l.Context(), redisdb.Bucket(l.orderID)+kind+l.orderID).Result()
		l.NoError(err)
		for name, value := range fields {
			if strings.HasPrefix(value, "{") && json.Valid([]byte(value)) {
				document += len(name) + len(value)
			} else {
				lists += len(name) + len(value)
			}
		}
	}
	return document, lists
}
