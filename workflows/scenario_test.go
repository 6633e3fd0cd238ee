package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/carrier/tracking"
	"holdfast/coupons"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/saga"
	"holdfast/workflows"
)

const (
	orderID = "order-1"
	window  = 15 * time.Minute
	// units that each product of a scenario starts with.
	units = int64(10)
)

// prices of the products that a scenario may order, in cents.
var prices = map[string]int64{"gift": 0, "mug": 300, "shirt": 500}

// scenario is one order's saga in Temporal's time-skipping environment, on the real
// entities and documents, which a test may interfere with.
type scenario struct {
	durable []string // regular activities that were started
	*testing.T
	*require.Assertions
	env      *testsuite.TestWorkflowEnvironment
	redis    *miniredis.Miniredis
	rdb      redis.UniversalClient
	stock    *inventory.Store
	coupons  *coupons.Store
	docs     *records.Store
	tracking *tracking.Store
	faults   *faults
	// till and other are two payment providers: "sandbox", which the payments of
	// event are of, and "other".
	till, other *till

	placement order.Placement
	outcome   *order.Outcome
	result    order.Result
	// statuses that were set in the search attribute, one event each.
	statuses []string

	// removed units went missing on the shelf, foreign ones are held by others.
	removed, foreign map[string]int64

	// extended are the orders whose places were kept beyond their deadline.
	extended places
	// others is how many other orders of the customer are open.
	others int64

	mu      sync.Mutex
	refunds map[string]order.Refund // by workflow id
}

// line requests units of a product at the current price.
func line(productID string, quantity int64) order.LineRequest {
	return order.LineRequest{ProductID: productID, Quantity: quantity}
}

// open creates the products and the order of a scenario; run starts it.
func open(t *testing.T, lines ...order.LineRequest) *scenario {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	s := &scenario{
		T: t, Assertions: require.New(t), env: suite.NewTestWorkflowEnvironment(), redis: miniredis.RunT(t), refunds: map[string]order.Refund{},
	}
	rdb, err := redisdb.Open(t.Context(), "redis://"+s.redis.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	s.rdb, s.stock, s.docs, s.tracking = rdb, inventory.New(rdb), records.New(rdb), tracking.New(rdb, s.env.Now)
	s.coupons = coupons.New(rdb)
	s.faults = &faults{
		stock: s.stock, coupons: s.coupons, records: s.docs,
		before: map[string]fault{}, after: map[string]fault{}, calls: map[string]int{},
	}
	s.till, s.other = newTill("sandbox", s.env.Now), newTill("other", s.env.Now)
	for id, price := range prices {
		s.offer(id, "EUR", price)
	}
	s.placement = order.Placement{
		OrderID: orderID, CustomerID: "customer-1", Lines: lines, Fingerprint: "f1",
		Actor: "customer:customer-1", PaymentWindow: window,
		Saga:          order.SagaVersion,
		MaxOpenOrders: 1, // so that each order takes a place, which its end must give up
	}
	s.removed, s.foreign = map[string]int64{}, map[string]int64{}
	s.register()
	s.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		s.durable = append(s.durable, info.ActivityType.Name)
	})
	// What happens later happens in another task than the hold.
	s.at(30*time.Second, func() { s.env.SetCurrentHistoryLength(8) })
	return s
}

func (s *scenario) offer(id, currency string, price int64) {
	s.Helper()
	onHand := units
	_, _, err := s.stock.Put(s.Context(), id, product.Spec{
		Description: product.Description{Title: "A " + id}, Currency: currency,
		Variants: []product.VariantSpec{{SKU: id + "-1", Price: price, Stock: &onHand}},
	}, nil)
	s.NoError(err)
}

func (s *scenario) register() {
	for name, w := range map[string]any{saga.OrderType: workflows.Order, saga.RefundType: workflows.Refund} {
		s.env.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name})
	}
	providers := activities.Providers{"sandbox": s.till, "other": s.other}
	for name, execute := range map[string]any{
		activities.NameOpenPayment:  (&activities.OpenPayments{Providers: providers, Records: s.docs}).Execute,
		activities.NameEndPayments:  (&activities.EndPayments{Providers: providers, Open: &s.extended}).Execute,
		activities.NamePayRefund:    (&activities.PayRefund{Providers: providers}).Execute,
		activities.NameFindRefund:   (&activities.FindRefund{Records: everything{s.docs}}).Execute,
		activities.NameFitRefund:    (&activities.FitRefund{Records: everything{s.docs}}).Execute,
		activities.NameHoldStock:    (&activities.Hold{Stock: s.faults, Coupons: s.faults, Records: s.faults}).Execute,
		activities.NameCommitStock:  (&activities.Commit{Stock: s.faults, Records: s.faults}).Execute,
		activities.NameReclaimStock: (&activities.Reclaim{Stock: s.faults}).Execute,
		activities.NameReleaseStock: (&activities.Release{Stock: s.faults}).Execute,
		activities.NameUnwindSale:   (&activities.Unwind{Stock: s.faults}).Execute,
		activities.NameRecordOrder:  (&activities.Record{Records: s.faults, Stock: s.faults}).Execute,
		activities.NameDecide:       activities.Decide,
		activities.NameWatchPackage: (&activities.WatchPackage{Tracking: s.tracking, Adapters: []string{"sandbox"}}).Execute,
		activities.NameTakenScans:   (&activities.TakenScans{Tracking: s.tracking}).Execute,
		activities.NameUnmatchScan:  (&activities.UnmatchScan{Tracking: s.tracking}).Execute,
		activities.NameRestockUnits: (&activities.RestockUnits{Stock: s.faults}).Execute,
		activities.NameTakeUnits:    (&activities.TakeUnits{Stock: s.faults}).Execute,
		activities.NameRecordRefund: (&activities.RefundRecord{Records: s.docs}).Execute,
	} {
		s.env.RegisterActivityWithOptions(execute, activity.RegisterOptions{Name: name})
	}
	s.env.SetTestTimeout(20 * time.Second)
	s.env.OnUpsertTypedSearchAttributes(mock.MatchedBy(func(a temporal.SearchAttributes) bool {
		if status, ok := a.GetKeyword(saga.OrderStatus); ok { // others are a refund's
			s.statuses = append(s.statuses, status)
		}
		return true
	})).Return(nil).Maybe()
	// A refund stays open until it is paid out; the environment waits for it.
	s.env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
		var r order.Refund
		s.NoError(args.Get(&r))
		s.mu.Lock()
		s.refunds[info.WorkflowExecution.ID] = r
		s.mu.Unlock()
	})
}

// at does something when this much time has passed since the order was placed.
func (s *scenario) at(d time.Duration, do func()) { s.env.RegisterDelayedCallback(do, d) }

// run places the order, and checks the books when its workflow has ended.
func (s *scenario) run() {
	s.Helper()
	s.at(0, func() {
		s.env.UpdateWorkflow(saga.PlaceUpdate, saga.PlaceUpdate, &testsuite.TestUpdateCallback{
			OnReject:   func(err error) { s.NoError(err) },
			OnAccept:   func() {},
			OnComplete: func(v any, err error) { s.outcome = answerOf[order.Outcome](s, v, err) },
		})
	})
	s.env.ExecuteWorkflow(saga.OrderType, s.placement)
	s.True(s.env.IsWorkflowCompleted())
	s.NoError(s.env.GetWorkflowError())
	s.NoError(s.env.GetWorkflowResult(&s.result))
	s.check()
}

func answerOf[T any](s *scenario, v any, err error) *T {
	s.NoError(err)
	answer, ok := v.(T)
	s.True(ok, "an update answered %T", v)
	return &answer
}

// asked is one request and, later, its answer.
type asked struct{ *saga.Answer }

func (s *scenario) cancel(id string) *asked {
	return s.ask(saga.CancelUpdate, id, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1"})
}

func (s *scenario) pay(id, provider string) *asked {
	return s.ask(saga.PayUpdate, id, saga.PayRequest{Provider: provider, Actor: "customer:customer-1"})
}

// everything reads as a worker without an index does.
type everything struct{ *records.Store }

func (e everything) Everything(ctx context.Context, orderID string) (order.Stored, error) {
	all, err := e.ReadMany(ctx, []string{orderID})
	if err != nil {
		return order.Stored{}, err
	}
	return all[0], nil
}

func (s *scenario) deliver(id string) *asked {
	return s.ask(saga.DeliverUpdate, id, saga.DeliverRequest{Actor: "operator"})
}

func (s *scenario) ask(update, id string, request any) *asked {
	a := &asked{}
	s.env.UpdateWorkflow(update, id, &testsuite.TestUpdateCallback{
		OnReject: func(err error) { // refused by the validator: its answer is in the error
			refused, ok := errors.AsType[*temporal.ApplicationError](err)
			s.True(ok, "%v", err)
			s.Equal(saga.RefusedError, refused.Type())
			a.Answer = &saga.Answer{}
			s.NoError(refused.Details(a.Answer))
		},
		OnAccept:   func() {},
		OnComplete: func(v any, err error) { a.Answer = answerOf[saga.Answer](s, v, err) },
	}, request)
	return a
}

// event is a payment message; each call makes another event id.
func (s *scenario) event(kind order.PaymentEventType, paymentID string, amount int64) order.PaymentEvent {
	return order.PaymentEvent{
		EventID: "event-" + time.Now().String(), Provider: "sandbox", Type: kind, OrderID: orderID,
		PaymentID: paymentID, Amount: amount, Currency: "EUR", OccurredAt: s.env.Now(),
	}
}

func (s *scenario) succeeds(paymentID string, amount int64) {
	s.env.SignalWorkflow(saga.PaymentSignal, s.event(order.PaymentSucceeded, paymentID, amount))
}

func (s *scenario) fails(paymentID string) {
	s.env.SignalWorkflow(saga.PaymentSignal, s.event(order.PaymentFailed, paymentID, 0))
}

func (s *scenario) isRefused(paymentID string) {
	s.env.SignalWorkflow(saga.PaymentSignal, s.event(order.PaymentDeclined, paymentID, 0))
}

func (s *scenario) delisted(productID string) {
	s.env.SignalWorkflow(saga.DelistedSignal, saga.Delisting{ProductID: productID, Listing: 1, Actor: "operator"})
}

// now is the order as the workflow returns it.
func (s *scenario) now() order.Order {
	s.Helper()
	v, err := s.env.QueryWorkflow(saga.OrderQuery)
	s.NoError(err)
	var o order.Order
	s.NoError(v.Get(&o))
	o.Restore()
	return o
}

// payments are those that the workflow knows, as it returns them.
func (s *scenario) payments() map[string]order.Attempt {
	s.Helper()
	v, err := s.env.QueryWorkflow(saga.PaymentsQuery)
	s.NoError(err)
	var all map[string]order.Attempt
	s.NoError(v.Get(&all))
	return all
}

// nodes is the order's journal, step by step.
func (s *scenario) nodes() []string {
	var nodes []string
	for _, e := range s.now().Journal {
		nodes = append(nodes, e.Node)
	}
	return nodes
}

// document is the order as readers see it.
func (s *scenario) document() order.Order {
	s.Helper()
	doc, version, found, err := s.docs.Get(s.Context(), orderID)
	s.NoError(err)
	s.True(found, "the order has no document")
	var o order.Order
	s.NoError(json.Unmarshal(doc, &o))
	o.Restore()
	s.Equal(o.Version, version)
	return o
}

func (s *scenario) stockOf(productID string) product.Stock {
	s.Helper()
	p, err := s.stock.Get(s.Context(), productID)
	s.NoError(err)
	return p.Variants[0].Stock
}

// attempt reads a payment of the order's payments document.
func (s *scenario) attempt(paymentID string) order.Attempt {
	s.Helper()
	var a order.Attempt
	s.payment("payment:sandbox:"+paymentID, &a)
	return a
}

// refund reads a refund of the order's payments document, and requires that its workflow
// was started with it.
func (s *scenario) refund(paymentID string) order.Refund {
	s.Helper()
	var r order.Refund
	s.payment("refund:"+paymentID+"/"+order.FullRefund("sandbox", orderID), &r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Contains(s.refunds, saga.RefundWorkflowID(paymentID, order.FullRefund("sandbox", orderID)))
	return r
}

func (s *scenario) payment(field string, to any) {
	s.Helper()
	all, err := s.docs.Payments(s.Context(), orderID)
	s.NoError(err)
	s.Contains(all, field)
	s.NoError(json.Unmarshal(all[field], to))
}

// check requires what is true of every order that has ended.
func (s *scenario) check() {
	s.Helper()
	o := s.now()
	s.Equal(o, s.document(), "the document is not the order")
	s.True(o.Closed(), "the workflow ended with an order that is %s", o.Status)
	s.Equal(order.Result{
		OrderID: orderID, Status: o.Status, Version: o.Version, Reason: o.CancelReason, Shortages: o.Shortages,
		Coupons: o.RefusedCoupons, Fingerprint: "f1", Provider: s.result.Provider, PaymentID: s.result.PaymentID, PlacedAt: s.result.PlacedAt,
	}, s.result)
	s.Equal(o.Payment.Status == order.PaymentPaid && o.Amounts[order.AmountTotal] > 0, s.result.PaymentID != "")
	s.LessOrEqual(len(o.Journal), int(o.Version), "messages about packages have no entry")
	for i, e := range o.Journal {
		s.EqualValues(i+1, e.Seq)
	}
	s.NotEmpty(s.statuses)
	s.Equal(string(o.Status), s.statuses[len(s.statuses)-1])
	s.Equal(slices.Compact(slices.Clone(s.statuses)), s.statuses, "a status was put on the search attribute twice")
	s.LessOrEqual(len(s.statuses), 4)
	s.Equal(s.others, s.open().Count, "the order kept its place among the customer's open ones")
	for id := range prices {
		sold := int64(0)
		if o.Status.TookPayment() || o.Fulfilment != nil {
			for _, l := range o.Lines {
				if l.ProductID == id {
					sold += l.Quantity - l.Restocked
				}
			}
		}
		s.checkStock(id, sold)
	}
}

// checkStock requires that the order left no hold, that exactly this many units are sold,
// and that the ledger adds up.
func (s *scenario) checkStock(id string, sold int64) {
	s.Helper()
	st := s.stockOf(id)
	s.NoError(st.Check())
	s.Equal(s.foreign[id], st.Held, "held units of product %s", id)
	s.Equal(units-s.removed[id]-sold, st.OnHand, "units of product %s on hand", id)
	s.Equal(sold, st.Committed-st.Restocked, "units of product %s sold", id)
	holds, _, err := s.stock.HoldsOf(s.Context(), id, "", 10)
	s.NoError(err)
	for _, h := range holds {
		s.NotEqual(orderID, h.OrderID, "the order still holds product %s", id)
	}
}
