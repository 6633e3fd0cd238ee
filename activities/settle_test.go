package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"holdfast/activities"
	"holdfast/coupons"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
)

const units = int64(1000)

// shop is a product entity and the orders that hold it.
type shop struct {
	*testing.T
	*require.Assertions
	rdb     redis.UniversalClient
	stock   *inventory.Store
	coupons *coupons.Store
	docs    *records.Store
	fates   fates
	// refunds that were started.
	refunds []order.Refund
	// stuck is the prefix of the ids of orders that can't be settled.
	stuck string
}

// fates maps each order to its fate; missing ones are unknown.
type fates map[string]activities.Fate

var errFate = errors.New("frontend is away")

func (f fates) Of(_ context.Context, orderID string) (activities.Fate, error) {
	if orderID == "unanswered" {
		return activities.Fate{}, errFate
	}
	return f[orderID], nil
}

func (f fates) IsPaid(_ context.Context, h product.Holder) (bool, error) {
	return f[h.OrderID].Status.TookPayment(), nil
}

// StillWaiting plays the list of workflows in a healthy system.
func (f fates) StillWaiting(_ context.Context, orderIDs []string) (map[string]bool, error) {
	waiting := map[string]bool{}
	for _, id := range orderIDs {
		waiting[id] = f[id].Running && !f[id].Status.TookPayment()
	}
	return waiting, nil
}

func open(t *testing.T) *shop {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	s := &shop{T: t, Assertions: require.New(t), rdb: rdb, stock: inventory.New(rdb), docs: records.New(rdb), fates: fates{}, coupons: coupons.New(rdb)}
	onHand := units
	_, _, err = s.stock.Put(t.Context(), "shirt", product.Spec{
		Description: product.Description{Title: "A shirt"}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "m", Price: 500, Stock: &onHand}},
	}, nil)
	s.NoError(err)
	return s
}

func (s *shop) settler() *activities.Settler {
	return &activities.Settler{
		Stock: s.stock, Holds: s.stock, Claims: s.coupons, Orders: s.fates, Documents: documents{s.docs, s}, Records: s.docs,
		Refund: func(_ context.Context, r order.Refund) error {
			s.refunds = append(s.refunds, r)
			return nil
		},
	}
}

// documents can't be read for orders that are stuck.
type documents struct {
	*records.Store
	of *shop
}

func (d documents) Payments(ctx context.Context, orderID string) (map[string][]byte, error) {
	if d.of.stuck != "" && strings.HasPrefix(orderID, d.of.stuck) {
		return nil, errFate
	}
	return d.Store.Payments(ctx, orderID)
}

// holds lets an order hold one shirt until its deadline.
func (s *shop) holds(orderID string, deadline time.Time) {
	s.Helper()
	h, err := s.stock.Hold(s.Context(), []product.HoldRequest{{
		ProductID: "shirt", OrderID: orderID, Try: 1, Deadline: deadline,
		Lines: []product.HoldLine{{Quantity: 1, Price: product.AnyPrice}},
	}})
	s.NoError(err)
	s.Equal(product.HoldMade, h[0].Outcome)
}

func (s *shop) stateOf(orderID string) product.HoldState {
	s.Helper()
	d, err := s.stock.HoldDetail(s.Context(), "shirt", orderID)
	s.NoError(err)
	return d.State
}

func (s *shop) books() product.Stock {
	s.Helper()
	p, err := s.stock.Get(s.Context(), "shirt")
	s.NoError(err)
	s.NoError(p.Variants[0].Stock.Check())
	return p.Variants[0].Stock
}

// rules is how each hold that outlived its deadline is settled.
var rules = map[string]struct {
	fate activities.Fate
	what activities.Settling
	then product.HoldState
}{
	"running": {activities.Fate{Known: true, Running: true}, activities.SettlingLeftAlone, product.HoldStateHeld},
	// Its workflow had committed the units before it reported paid: Redis lost that.
	"runs-paid":  {activities.Fate{Known: true, Running: true, Status: order.StatusPaid}, activities.SettlingCommitted, product.HoldStateCommitted},
	"paid":       {activities.Fate{Known: true, Status: order.StatusPaid, PaymentID: "p"}, activities.SettlingCommitted, product.HoldStateCommitted},
	"delivered":  {activities.Fate{Known: true, Status: order.StatusDelivered, Closed: true, PaymentID: "p"}, activities.SettlingCommitted, product.HoldStateCommitted},
	"expired":    {activities.Fate{Known: true, Status: order.StatusExpired}, activities.SettlingReleased, product.HoldStateReleased},
	"cancelled":  {activities.Fate{Known: true, Status: order.StatusCancelled}, activities.SettlingReleased, product.HoldStateReleased},
	"rejected":   {activities.Fate{Known: true, Status: order.StatusRejected}, activities.SettlingReleased, product.HoldStateReleased},
	"terminated": {activities.Fate{Known: true, Status: order.StatusAwaitingPayment}, activities.SettlingReleased, product.HoldStateReleased},
	"reserving":  {activities.Fate{Known: true, Status: order.StatusReserving}, activities.SettlingReleased, product.HoldStateReleased},
	"unknown":    {activities.Fate{}, activities.SettlingReleased, product.HoldStateReleased},
}

// Redis remembers what an order bought until it closes. For a closed order, no later step
// would let it expire.
func TestASaleToAClosedOrderIsForgottenInAWhile(t *testing.T) {
	s := open(t)
	for _, id := range []string{"paid", "delivered"} {
		s.holds(id, time.Now())
		s.fates[id] = rules[id].fate
		what, err := s.settler().Settle(t.Context(), "shirt", id)
		s.NoError(err)
		s.Equal(activities.SettlingCommitted, what)
	}
	left := func(id string) time.Duration {
		return s.rdb.TTL(t.Context(), redisdb.Bucket("shirt")+":hold:shirt:"+id).Val()
	}
	s.Equal(inventory.Remember, left("delivered"))
	s.Equal(time.Duration(-1), left("paid"), "its units may still come back")
}

// A hold may end between the sweeper's read and its rule, or belong to a newer try.
func TestSettlingTakesNothingFromAnEndedHold(t *testing.T) {
	s := open(t)
	s.holds("sold", time.Now())
	_, err := s.stock.Commit(t.Context(), product.Holder{OrderID: "sold"}, []string{"shirt"})
	s.NoError(err)
	what, err := s.settler().Settle(t.Context(), "shirt", "sold")
	s.NoError(err)
	s.Equal(activities.SettlingLeftAlone, what)
	s.Equal(product.HoldStateCommitted, s.stateOf("sold"))

	what, err = s.settler().Settle(t.Context(), "shirt", "never-held")
	s.NoError(err)
	s.Equal(activities.SettlingLeftAlone, what)
	s.Equal(product.HoldStateNone, s.stateOf("never-held"), "no mark: an order that starts now may hold")
}

// execute runs an activity in the SDK's environment.
func execute[T any](s *shop, activity any, args ...any) T {
	s.Helper()
	env := environment()
	env.RegisterActivity(activity)
	v, err := env.ExecuteActivity(activity, args...)
	s.NoError(err)
	var result T
	s.NoError(v.Get(&result))
	return result
}

func environment() *testsuite.TestActivityEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	return suite.NewTestActivityEnvironment()
}

// offersMugs adds a second product.
func (s *shop) offersMugs() {
	s.Helper()
	onHand := units
	_, _, err := s.stock.Put(s.Context(), "mug", product.Spec{
		Description: product.Description{Title: "A mug"}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "white", Price: 300, Stock: &onHand}},
	}, nil)
	s.NoError(err)
}

// placed is an order of two mugs and a shirt that awaits its payment.
func (s *shop) placed(id string) order.Order {
	s.Helper()
	s.offersMugs()
	at := time.Now().UTC()
	p := order.Placement{
		OrderID: id, CustomerID: "c", PaymentWindow: time.Minute,
		Lines: []order.LineRequest{{ProductID: "mug", Quantity: 2}, {ProductID: "shirt", Quantity: 1}},
	}
	answers, err := s.stock.Hold(s.Context(), p.HoldRequests(1, at))
	s.NoError(err)
	h, err := order.Combine(p, answers)
	s.NoError(err)
	o := order.New(p, at)
	s.NoError(o.Hold(h, at))
	rec, err := order.NewRecord(&o, nil)
	s.NoError(err)
	s.NoError(s.docs.Put(s.Context(), rec))
	return o
}

// settled settles the order's shirt and returns its document afterwards. Nothing may be
// held for the order any more.
func (s *shop) settled(id string) order.Order {
	s.Helper()
	what, err := s.settler().Settle(s.Context(), "shirt", id)
	s.NoError(err)
	s.Equal(activities.SettlingReleased, what)
	s.Zero(s.books().Held)
	mug, err := s.stock.Get(s.Context(), "mug")
	s.NoError(err)
	s.Zero(mug.Variants[0].Stock.Held)
	return s.document(id)
}

func (s *shop) document(id string) order.Order {
	s.Helper()
	doc, _, found, err := s.docs.Get(s.Context(), id)
	s.NoError(err)
	s.True(found)
	var o order.Order
	s.NoError(json.Unmarshal(doc, &o))
	return o
}

// A terminated order is closed for its readers too, and releases everything that it held.
func TestAnOrderThatWasEndedByForceIsClosed(t *testing.T) {
	s := open(t)
	o := s.placed("ended")
	s.fates["ended"] = activities.Fate{Known: true, Status: o.Status, Ended: &o}
	closed := s.settled("ended")
	s.Equal(order.StatusCancelled, closed.Status)
	s.Equal(order.ReasonTerminated, closed.CancelReason)
	s.Greater(closed.Version, int64(2))
	s.Empty(s.refunds)

	_, err := s.settler().Settle(t.Context(), "mug", "ended")
	s.NoError(err)
	_, again, _, err := s.docs.Get(t.Context(), "ended")
	s.NoError(err)
	s.Equal(closed.Version, again)
}

// Its workflow had read the payment but not yet sold the units.
func TestWhatAnOrderEndedByForceWasPaidGoesBack(t *testing.T) {
	s := open(t)
	o := s.placed("paying")
	paid := order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 1100, Currency: "EUR"}
	failed := order.Attempt{PaymentID: "p-0", Provider: "sandbox", Type: order.PaymentFailed}
	s.fates["paying"] = activities.Fate{
		Known: true, Status: o.Status, Ended: &o, Payments: map[string]order.Attempt{"p-0": failed, "p-1": paid},
	}
	s.Equal(order.StatusCancelled, s.settled("paying").Status)
	s.Equal([]order.Refund{order.RefundOf(paid.Event("paying"), order.RefundLate)}, s.refunds)
	all, err := s.docs.Payments(t.Context(), "paying")
	s.NoError(err)
	s.Len(all, 2)
}

// Its workflow had decided how it ends, but Redis was down.
func TestAnOrderEndedByForceWhileItEndedKeepsItsEnd(t *testing.T) {
	s := open(t)
	o := s.placed("ending")
	o.Close(order.StatusExpired, order.ReasonWindowPassed, order.ActorSystem, time.Now())
	s.fates["ending"] = activities.Fate{Known: true, Status: o.Status, Ended: &o}
	s.Equal(order.StatusExpired, s.settled("ending").Status)
}

// Its document was stored, but the workflow never learned that.
func TestAnOrderEndedByForceWhileItReservedIsClosed(t *testing.T) {
	s := open(t)
	o := s.placed("reserved")
	early := order.New(order.Placement{OrderID: "reserved", CustomerID: "c"}, o.PlacedAt)
	s.fates["reserved"] = activities.Fate{Known: true, Status: early.Status, Ended: &early}
	closed := s.settled("reserved")
	s.Equal(order.StatusCancelled, closed.Status)
	s.Equal(o.Version+1, closed.Version)
}

// desk is a provider that gives each cancellation the same answer.
type desk struct {
	activities.Provider
	answer order.Cancellation
}

func (d *desk) Cancel(context.Context, string, order.PaymentRequest) (order.Cancellation, error) {
	return d.answer, nil
}

// A payment that is still open when the workflow is terminated is ended before a unit is
// released.
func TestTheOpenPaymentOfAnOrderEndedByForceIsEnded(t *testing.T) {
	s := open(t)
	o := s.placed("open")
	asked := order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentCreated, Amount: 1100, Currency: "EUR"}
	s.fates["open"] = activities.Fate{
		Known: true, Status: o.Status, Ended: &o, Payments: map[string]order.Attempt{asked.Key(): asked},
	}
	provider := &desk{answer: order.Cancellation{Outcome: order.CancelOutcomeProcessing}}
	settler := s.settler()
	settler.Providers = activities.Providers{"sandbox": provider}
	_, err := settler.Settle(t.Context(), "shirt", "open")
	s.ErrorAs(err, new(*activities.ProcessingError))
	s.Equal(product.HoldStateHeld, s.stateOf("open"), "money may still come")
	doc, _, _, err := s.docs.Get(t.Context(), "open")
	s.NoError(err)
	s.Contains(string(doc), `"status":"awaiting_payment"`)

	paid := asked.Event("open")
	paid.Type = order.PaymentSucceeded
	provider.answer = order.Cancellation{Outcome: order.CancelOutcomePaid, Paid: &paid}
	what, err := settler.Settle(t.Context(), "shirt", "open")
	s.NoError(err)
	s.Equal(activities.SettlingReleased, what)
	s.Equal([]order.Refund{order.RefundOf(paid, order.RefundLate)}, s.refunds)
	s.Equal(product.HoldStateReleased, s.stateOf("open"))
}

// Its id was used again, for other products: the later order's workflow says nothing about
// what the earlier one left.
func TestAHoldOfAnEarlierOrderIsGivenBackWhateverTheLaterOneOfItsIDIs(t *testing.T) {
	for _, fate := range []activities.Fate{
		{Known: true, Running: true}, {Known: true, Status: order.StatusPaid, PaymentID: "p"}, {Known: true, Status: order.StatusDelivered},
	} {
		t.Run(string(fate.Status), func(t *testing.T) {
			s := open(t)
			o := s.placed("again")
			earlier := o.PlacedAt.Add(-time.Hour)
			h, err := s.stock.Hold(t.Context(), []product.HoldRequest{{
				ProductID: "mug", OrderID: "other", PlacedAt: earlier, Try: 1, Deadline: earlier.Add(time.Minute),
				Lines: []product.HoldLine{{Quantity: 5, Price: product.AnyPrice}},
			}})
			s.NoError(err)
			s.Equal(product.HoldMade, h[0].Outcome)
			o.ID = "other"
			rec, err := order.NewRecord(&o, nil)
			s.NoError(err)
			s.NoError(s.docs.Put(t.Context(), rec))
			s.fates["other"] = fate

			what, err := s.settler().Settle(t.Context(), "mug", "other")
			s.NoError(err)
			s.Equal(activities.SettlingReleased, what)
			s.Equal(product.HoldStateReleased, s.state("mug", "other"))
			what, err = s.settler().Settle(t.Context(), "mug", "other")
			s.NoError(err)
			s.Equal(activities.SettlingLeftAlone, what)
		})
	}
}

// The first order of an id was delivered, and its document is still in Redis. The id was
// used again, and Temporal lost the second order before its first document was written.
func TestAnEarlierOrdersFateIsNoWordAboutAHold(t *testing.T) {
	s := open(t)
	o := s.placed("again")
	s.commits(o, "mug", "shirt")
	taken := order.Attempt{
		PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 1100, Currency: "EUR", Taken: true,
	}
	o.Pay(taken.Event("again"), time.Now())
	o.Deliver("operator", time.Now())
	rec, err := order.NewRecord(&o, map[string]order.Attempt{taken.Key(): taken})
	s.NoError(err)
	s.NoError(s.docs.Put(t.Context(), rec))
	s.fates["again"] = activities.Fate{
		Known: true, Status: order.StatusDelivered, PlacedAt: o.PlacedAt, Provider: "sandbox", PaymentID: "p-1",
	}

	later := product.Holder{OrderID: "again", PlacedAt: o.PlacedAt.Add(time.Hour)}
	h, err := s.stock.Hold(t.Context(), []product.HoldRequest{{
		ProductID: "shirt", OrderID: "again", PlacedAt: later.PlacedAt, Try: 1, Deadline: later.PlacedAt.Add(time.Minute),
		Lines: []product.HoldLine{{Quantity: 5, Price: product.AnyPrice}},
	}})
	s.NoError(err)
	s.Equal(product.HoldMade, h[0].Outcome)

	what, err := s.settler().Settle(t.Context(), "shirt", "again")
	s.NoError(err)
	s.Equal(activities.SettlingReleased, what)
	s.Equal(product.HoldStateReleased, s.state("shirt", "again"))
	s.Zero(s.books().Held)
	s.Equal(units-1, s.books().OnHand)
	s.Equal(order.StatusDelivered, s.document("again").Status, "the first order's document stays")
	s.Empty(s.refunds)
}

func (s *shop) state(productID, orderID string) product.HoldState {
	s.Helper()
	d, err := s.stock.HoldDetail(s.Context(), productID, orderID)
	s.NoError(err)
	return d.State
}

// Temporal has forgotten the order, or was restored from before it: the record says which
// payments may still bring in money.
func TestThePaymentsOfAnOrderThatTemporalDoesNotKnowAreEnded(t *testing.T) {
	for _, recorded := range []bool{true, false} {
		t.Run(fmt.Sprintf("document is there: %v", recorded), func(t *testing.T) {
			s := open(t)
			if recorded {
				o := s.placed("forgotten")
				s.fates["forgotten"] = activities.Fate{Known: true, Status: o.Status}
			} else {
				s.holds("forgotten", time.Now())
			}
			asked := order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentCreated, Amount: 1100, Currency: "EUR"}
			s.asked("forgotten", asked)
			provider := &desk{answer: order.Cancellation{Outcome: order.CancelOutcomeProcessing}}
			settler := s.settler()
			settler.Providers = activities.Providers{"sandbox": provider}
			_, err := settler.Settle(t.Context(), "shirt", "forgotten")
			s.ErrorAs(err, new(*activities.ProcessingError))
			s.Equal(product.HoldStateHeld, s.stateOf("forgotten"), "money may still come")

			paid := asked.Event("forgotten")
			paid.Type = order.PaymentSucceeded
			provider.answer = order.Cancellation{Outcome: order.CancelOutcomePaid, Paid: &paid}
			what, err := settler.Settle(t.Context(), "shirt", "forgotten")
			s.NoError(err)
			s.Equal(activities.SettlingReleased, what)
			s.Equal([]order.Refund{order.RefundOf(paid, order.RefundLate)}, s.refunds)
			s.Equal(product.HoldStateReleased, s.stateOf("forgotten"))
		})
	}
}

// asked stores a payment as the activity that opened it does.
func (s *shop) asked(orderID string, payments ...order.Attempt) {
	s.Helper()
	byKey := map[string]order.Attempt{}
	for _, p := range payments {
		byKey[p.Key()] = p
	}
	docs, err := order.EncodePayments(byKey)
	s.NoError(err)
	s.NoError(s.docs.PutAsked(s.Context(), orderID, docs))
}

// Its workflow was terminated while a payment was being opened: only the document shows it.
func TestAPaymentThatTheEndedWorkflowNeverHeardOfIsEnded(t *testing.T) {
	s := open(t)
	o := s.placed("unheard")
	s.fates["unheard"] = activities.Fate{Known: true, Status: o.Status, Ended: &o}
	asked := order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentCreated, Amount: 1100, Currency: "EUR"}
	s.asked("unheard", asked)
	paid := asked.Event("unheard")
	paid.Type = order.PaymentSucceeded
	settler := s.settler()
	settler.Providers = activities.Providers{
		"sandbox": &desk{answer: order.Cancellation{Outcome: order.CancelOutcomePaid, Paid: &paid}},
	}
	_, err := settler.Settle(t.Context(), "shirt", "unheard")
	s.NoError(err)
	s.Len(s.refunds, 1)
}

// An order id is used again once Temporal has forgotten it: what the earlier order took, or
// refunded, doesn't concern the later one.
func TestPaymentsOfAnEarlierOrderUnderTheSameIDStay(t *testing.T) {
	s := open(t)
	o := s.placed("again")
	s.fates["again"] = activities.Fate{Known: true, Status: o.Status, Ended: &o}
	taken := order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 1100, Taken: true}
	back := order.Attempt{PaymentID: "p-2", Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 1100}
	s.asked("again", taken, back)
	refund := order.RefundOf(back.Event("again"), order.RefundDouble)
	doc, err := json.Marshal(refund)
	s.NoError(err)
	s.NoError(s.docs.PutRefund(t.Context(), "again", refund.PaymentID, refund.ID, doc))
	s.settled("again")
	s.Empty(s.refunds)
}

// A payment that was taken means that the units are sold: an audit has to report what was
// lost.
func TestAnUnknownOrderThatTookAPaymentKeepsItsStock(t *testing.T) {
	s := open(t)
	s.holds("sold", time.Now())
	s.asked("sold", order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 500, Taken: true})
	_, err := s.settler().Settle(t.Context(), "shirt", "sold")
	s.ErrorContains(err, "took payment sandbox:p-1")
	s.Equal(product.HoldStateHeld, s.stateOf("sold"))
}
