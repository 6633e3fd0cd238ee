// Package sagas runs the sagas on a real Temporal server, for what the SDK's test
// environment can't show: workflow tasks run again with one more message, workers die
// between an activity and the end of its task, and histories are counted and recorded for
// the replay tests of package workflows.
package sagas

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	sdktemporal "go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"

	"holdfast/activities"
	"holdfast/dev/await"
	devredis "holdfast/dev/redis"
	"holdfast/dev/temporal"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
	"holdfast/setup"
	"holdfast/worker"
)

// patience bounds every wait of these tests.
const patience = 30 * time.Second

// units that each product starts with.
const units = int64(10)

// shared is what all tests run on, one after the other: each brings its own workers and its
// own ids.
var shared struct {
	address  string
	temporal client.Client
	redis    redis.UniversalClient
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runAll(context.Background(), m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(ctx context.Context, m *testing.M) (code int, err error) {
	server, err := temporal.Start(ctx, temporal.Options{WithoutUI: true, SearchAttributes: setup.Attributes()})
	if err != nil {
		return 1, err
	}
	defer func() { err = stopped(ctx, err, server.Stop) }()
	db, err := devredis.Start(ctx, devredis.Options{WithoutProgram: !*atLimits}) // its scripts are slow
	if err != nil {
		return 1, err
	}
	defer func() { err = stopped(ctx, err, db.Stop) }()
	shared.redis, err = redisdb.Open(ctx, db.URL())
	if err != nil {
		return 1, err
	}
	defer func() { _ = shared.redis.Close() }()
	shared.address = server.Address()
	shared.temporal, err = dial(ctx, server.Address())
	if err != nil {
		return 1, err
	}
	defer shared.temporal.Close()
	return m.Run(), nil
}

// dial names no machine: recorded histories contain the identity of the caller.
func dial(ctx context.Context, address string) (client.Client, error) {
	return client.DialContext(ctx, client.Options{
		HostPort: address, Identity: "worker", Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
}

func stopped(ctx context.Context, err error, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if stopErr := stop(ctx); err == nil {
		return stopErr
	}
	return err
}

// world is one test's view of the shared servers.
type world struct {
	*testing.T
	*require.Assertions
	temporal client.Client
	rdb      redis.UniversalClient
	stock    *inventory.Store
	docs     *records.Store
	books    *sandbox.Books
	// provider wraps the sandbox in the workers of this test; nil means the sandbox alone.
	provider *desk
	// fixed makes the test's ids the same in every run, as recorded histories need it;
	// empty generates new ones.
	fixed string
	made  int
}

func open(t *testing.T) *world {
	t.Helper()
	return &world{
		T: t, Assertions: require.New(t), temporal: shared.temporal, rdb: shared.redis,
		stock: inventory.New(shared.redis), docs: records.New(shared.redis),
		books: sandbox.NewBooks(shared.redis),
	}
}

// works starts a worker; stock and docs may wrap the real ones.
func (w *world) works(stock activities.Stock, docs activities.Records) *worker.Worker {
	w.Helper()
	var provider activities.Provider = sandbox.NewProvider(nil, w.books, sandbox.Options{})
	if w.provider != nil {
		provider = w.provider
	}
	wk, err := worker.New(worker.Config{
		Temporal: w.temporal, Redis: w.rdb, Stock: stock, Records: docs, Box: box,
		Providers: activities.Providers{sandbox.Name: provider},
		Options:   sdk.Options{Identity: "worker", WorkerStopTimeout: 5 * time.Second},
	})
	w.NoError(err)
	w.NoError(wk.Start())
	return wk
}

// work starts a worker that ends with the test.
func (w *world) work() {
	w.Helper()
	w.Cleanup(w.works(nil, nil).Stop)
}

// offer creates a product and returns its id.
func (w *world) offer(price int64) string {
	w.Helper()
	onHand := units
	w.made++
	id := w.id(fmt.Sprint("product-", w.made))
	_, _, err := w.stock.Put(w.Context(), id, product.Spec{
		Description: product.Description{Title: "A thing"}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "one", Price: price, Stock: &onHand}},
	}, nil)
	w.NoError(err)
	return id
}

// id names something of this test.
func (w *world) id(kind string) string {
	if w.fixed == "" {
		w.fixed = redistest.ID("test") + "-"
	}
	return w.fixed + kind
}

func (w *world) placement(window time.Duration, productIDs ...string) order.Placement {
	p := placement(window, productIDs...)
	p.OrderID = w.id("order")
	return p
}

// placement orders two units of each product.
func placement(window time.Duration, productIDs ...string) order.Placement {
	p := order.Placement{
		OrderID: redistest.ID("order"), CustomerID: "customer-1", Fingerprint: "f1", Actor: "customer:customer-1",
		PaymentWindow: window, Saga: order.SagaVersion,
	}
	for _, id := range productIDs {
		p.Lines = append(p.Lines, order.LineRequest{ProductID: id, Quantity: 2})
	}
	return p
}

// start places the order as the gateway does, and returns a handle to its answer.
func (w *world) start(p order.Placement) client.WorkflowUpdateHandle {
	w.Helper()
	h, err := w.tryStart(w.Context(), p)
	w.NoError(err)
	return h
}

func (w *world) tryStart(ctx context.Context, p order.Placement) (client.WorkflowUpdateHandle, error) {
	return w.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: w.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: saga.OrderWorkflowID(p.OrderID), TaskQueue: saga.TaskQueue,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
			Memo:                     map[string]any{saga.FingerprintMemo: p.Fingerprint},
			TypedSearchAttributes:    saga.StartAttributes(p),
			StaticSummary:            saga.OrderSummary(p),
		}, saga.OrderType, p),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: saga.PlaceUpdate, UpdateName: saga.PlaceUpdate,
			WaitForStage: client.WorkflowUpdateStageAccepted,
		},
	})
}

// place places the order and waits for its answer.
func (w *world) place(p order.Placement) order.Outcome {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	var o order.Outcome
	w.NoError(w.start(p).Get(ctx, &o))
	return o
}

func (w *world) pay(orderID, paymentID string, amount int64) {
	w.Helper()
	w.says(orderID, order.PaymentSucceeded, paymentID, amount)
}

// says sends a payment message.
func (w *world) says(orderID string, kind order.PaymentEventType, paymentID string, amount int64) {
	w.Helper()
	w.NoError(w.temporal.SignalWorkflow(w.Context(), saga.OrderWorkflowID(orderID), "", saga.PaymentSignal, order.PaymentEvent{
		EventID: redistest.ID("event"), Provider: "sandbox", Type: kind, OrderID: orderID,
		PaymentID: paymentID, Amount: amount, Currency: "EUR", OccurredAt: time.Now(),
	}))
}

// ask sends an update and waits for its answer.
func (w *world) ask(orderID, update string, request any) saga.Answer {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	a, err := w.asks(ctx, orderID, update, request)
	w.NoError(err)
	return a
}

// asks sends one update and waits for the order's answer, which may be a refusal.
func (w *world) asks(ctx context.Context, orderID, update string, request any) (a saga.Answer, err error) {
	h, err := w.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: saga.OrderWorkflowID(orderID), UpdateName: update, Args: []any{request},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = h.Get(ctx, &a)
	}
	if refused, ok := errors.AsType[*sdktemporal.ApplicationError](err); ok && refused.Type() == saga.RefusedError {
		err = refused.Details(&a)
	}
	return a, err
}

// opens asks for a payment, and returns its id.
func (w *world) opens(orderID string) string {
	w.Helper()
	a := w.ask(orderID, saga.PayUpdate, saga.PayRequest{Provider: sandbox.Name, Actor: "customer:customer-1"})
	w.NotNil(a.Payment, "%+v", a)
	return a.Payment.ID
}

func (w *world) deliver(orderID string) saga.Answer {
	w.Helper()
	return w.ask(orderID, saga.DeliverUpdate, saga.DeliverRequest{Actor: "operator"})
}

// ended waits for the order's result.
func (w *world) ended(orderID string) order.Result {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	var r order.Result
	w.NoError(w.temporal.GetWorkflow(ctx, saga.OrderWorkflowID(orderID), "").Get(ctx, &r))
	return r
}

// endsWithin waits for the end of an order's workflow.
func (w *world) endsWithin(longest time.Duration, orderID string) error {
	ctx, cancel := context.WithTimeout(w.Context(), longest)
	defer cancel()
	return w.temporal.GetWorkflow(ctx, saga.OrderWorkflowID(orderID), "").Get(ctx, nil)
}

// until waits for a condition without a notification.
func (w *world) until(what string, is func() bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	w.NoError(await.Success(ctx, func(context.Context) error {
		if !is() {
			return fmt.Errorf("still not: %s", what)
		}
		return nil
	}))
}

// documentIs waits until the order's document has the status.
func (w *world) documentIs(orderID string, status order.Status) order.Order {
	w.Helper()
	var o order.Order
	w.until("document "+string(status), func() bool {
		doc, _, found, err := w.docs.Get(w.Context(), orderID)
		w.NoError(err)
		if !found {
			return false
		}
		o = order.Order{}
		w.NoError(json.Unmarshal(doc, &o))
		return o.Status == status
	})
	return o
}

// order asks the workflow.
func (w *world) order(orderID string) order.Order {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	v, err := w.temporal.QueryWorkflow(ctx, saga.OrderWorkflowID(orderID), "", saga.OrderQuery)
	w.NoError(err)
	var o order.Order
	w.NoError(v.Get(&o))
	return o
}

// balances requires the expected remains of an ended order in a product.
func (w *world) balances(productID string, sold int64) {
	w.Helper()
	p, err := w.stock.Get(w.Context(), productID)
	w.NoError(err)
	st := p.Variants[0].Stock
	w.NoError(st.Check())
	w.Zero(st.Held, "held")
	w.Equal(units-sold, st.OnHand, "on hand")
	w.Equal(sold, st.Committed-st.Restocked, "sold")
}

func (w *world) history(workflowID string) []*historypb.HistoryEvent {
	w.Helper()
	return w.historyOf(workflowID, "")
}

func (w *world) historyOf(workflowID, runID string) []*historypb.HistoryEvent {
	w.Helper()
	var events []*historypb.HistoryEvent
	for it := w.temporal.GetWorkflowHistory(w.Context(), workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		w.NoError(err)
		events = append(events, e)
	}
	return events
}

// refunded waits until the refund of a payment is paid out, or waits for an operator.
func (w *world) refunded(orderID, paymentID string, reason order.RefundReason) order.Refund {
	w.Helper()
	var r order.Refund
	w.until("refund of "+paymentID, func() bool {
		doc, ok := w.payments(orderID)["refund:"+paymentID+"/"+order.FullRefund("sandbox", orderID)]
		if ok {
			w.NoError(json.Unmarshal(doc, &r))
		}
		return ok && (r.Status.Over() || r.Status.Waits())
	})
	w.Equal(reason, r.Reason)
	return r
}

// payments reads the order's payments document.
func (w *world) payments(orderID string) map[string][]byte {
	w.Helper()
	all, err := w.docs.Payments(w.Context(), orderID)
	w.NoError(err)
	return all
}
