package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/saga"
)

func (a answer) refund(t testing.TB) (r order.Refund) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, &r), "%s", a.body)
	return r
}

// paidOrder is an order that 1000 were paid for.
func (g *gateway) paidOrder() order.Order {
	g.t.Helper()
	return g.paidOrderOf("mug")
}

func (g *gateway) paidOrderOf(productID string) order.Order {
	g.t.Helper()
	g.putProduct(productID, 5)
	o := g.place("", basket(line{"productId": productID, "quantity": 1})).order(g.t)
	require.Equal(g.t, http.StatusNoContent, g.callback(success(o.ID, "p-"+o.ID, 1000)).status)
	return o
}

func TestAnOperatorRefunds(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	path := "/v1/orders/" + o.ID + "/refunds"
	part := call{method: http.MethodPost, path: path, body: map[string]any{"amount": 300, "note": "a scratch"}, header: key("k-1")}
	first := g.do(part)
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	r := first.refund(t)
	require.Equal(t, int64(300), r.Amount)
	require.Equal(t, order.RefundRequested, r.Reason)
	require.Equal(t, "a scratch", r.Note)
	require.Equal(t, "operator", r.Actor)
	require.Equal(t, "p-"+o.ID, r.PaymentID)
	require.True(t, strings.HasPrefix(r.ID, "part:sandbox:"))
	sly := g.postOnce("cancel-m-1", path, map[string]any{"amount": 1}).refund(t)
	require.Equal(t, order.RefundRequested, order.ReasonOf(sly.ID), "a key can't look like one of the order's own refunds")
	require.Equal(t, r, g.do(part).refund(t), "the same call is the same refund")
	part.body = map[string]any{"amount": 301, "note": "a scratch"}
	require.Equal(t, "/problems/idempotency-mismatch", g.do(part).problem(t).Type)
	require.NotContains(t, string(first.body), "ingerprint")

	a := g.postOnce("k-2", path, map[string]any{"amount": 700})
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "/problems/refund-too-large", a.problem(t).Type)
	require.Equal(t, "699 of 1000 are left", a.problem(t).Detail)
	require.Equal(t, int64(699), g.postOnce("k-3", path, nil).refund(t).Amount, "all that is left")
	require.Equal(t, int64(699), g.postOnce("k-3", path, map[string]any{}).refund(t).Amount, "the same call")
	require.Equal(t, "/problems/idempotency-mismatch", g.postOnce("k-3", path, map[string]any{"amount": 699}).problem(t).Type,
		"all that is left is another call than what it came to")
	require.Equal(t, "/problems/idempotency-mismatch", g.postOnce("k-1", path, nil).problem(t).Type)
	require.Equal(t, http.StatusConflict, g.postOnce("k-4", path, nil).status)
	for _, started := range g.temporal.starts {
		if r, ok := started.arg.(order.Refund); ok {
			require.Equal(t, r.Amount == 0, r.All, "only a request without an amount is for all that is left")
		}
	}
}

// Without a key, a refund that is sent again after a 503 would pay out twice.
func TestARefundWithoutAKeyIsRefused(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	before := g.state()
	for _, k := range []call{
		{path: "/v1/orders/" + o.ID + "/refunds", body: map[string]any{"amount": 300}},
		{path: "/v1/orders/" + o.ID + "/refunds"},
		{path: "/v1/refunds/decide", body: map[string]any{"paymentId": "p-1", "refundId": "r", "choice": "refund"}},
	} {
		k.method = http.MethodPost
		a := g.do(k)
		require.Equal(t, http.StatusBadRequest, a.status, "%s", a.body)
		require.Equal(t, "/problems/idempotency-key-required", a.problem(t).Type)
		for _, bad := range []string{"", "a b", strings.Repeat("k", 256), "ключ"} {
			k.header = key(bad)
			require.Equal(t, "/problems/malformed-request", g.do(k).problem(t).Type, "%q", bad)
		}
		k.header = http.Header{"Idempotency-Key": {"a", "b"}}
		require.Equal(t, "/problems/malformed-request", g.do(k).problem(t).Type)
	}
	require.Equal(t, before, g.state())
}

func TestARefundThatIsSentAgainAfterA503IsTheSame(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	path := "/v1/orders/" + o.ID + "/refunds"
	g.temporal.set(func(f *fakeTemporal) { f.lost = 1 }) // it was taken, and its answer is lost
	a := g.postOnce("k", path, map[string]any{"amount": 300})
	require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	require.Equal(t, "/problems/refund-undecided", a.problem(t).Type)
	require.Equal(t, int64(300), g.postOnce("k", path, map[string]any{"amount": 300}).refund(t).Amount)
	require.Len(t, g.temporal.refunds, 1)
}

// One operator may use one key for two orders.
func TestOneKeyForTwoOrdersIsTwoRefunds(t *testing.T) {
	g := newGateway(t)
	seen := map[string]bool{}
	for _, product := range []string{"mug", "cup"} {
		o := g.paidOrderOf(product)
		r := g.postOnce("k", "/v1/orders/"+o.ID+"/refunds", map[string]any{"amount": 300}).refund(t)
		require.Equal(t, o.ID, r.OrderID)
		seen[r.ID] = true
	}
	require.Len(t, seen, 2)
}

func TestImpossibleRefundsAreRefused(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	unpaid := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	for _, c := range []struct {
		id     string
		body   any
		status int
		kind   string
	}{
		{o.ID, map[string]any{"amount": 0}, 422, "invalid-values"},
		{o.ID, map[string]any{"amount": -1}, 422, "invalid-values"},
		{o.ID, map[string]any{"amount": 1.5}, 400, "malformed-request"},
		{o.ID, map[string]any{"amount": "1"}, 400, "malformed-request"},
		{o.ID, map[string]any{"note": strings.Repeat("x", 201)}, 422, "invalid-values"},
		{o.ID, map[string]any{"note": "\x1b[2J"}, 422, "invalid-values"},
		{o.ID, map[string]any{"note": "\u202e"}, 422, "invalid-values"},
		{o.ID, map[string]any{"reason": "x"}, 400, "malformed-request"},
		{unpaid.ID, nil, 409, "order-not-paid"},
		{"nobody", nil, 404, "unknown-order"},
	} {
		before := g.state()
		a := g.postOnce("k", "/v1/orders/"+c.id+"/refunds", c.body)
		require.Equal(t, c.status, a.status, "%v %s", c.body, a.body)
		require.Equal(t, "/problems/"+c.kind, a.problem(t).Type)
		require.Equal(t, before, g.state())
	}
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Equal(t, http.StatusServiceUnavailable, g.postOnce("k", "/v1/orders/"+o.ID+"/refunds", nil).status)
}

// An order and its payment show refunds, also in lists.
func TestAnOrderShowsWhatWentBack(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	for _, c := range []struct {
		id     string
		amount int64
		status order.RefundStatus
		want   order.PaymentStatus
		back   int64
	}{
		{"r-1", 300, order.RefundDue, order.PaymentPaid, 0},
		{"r-1", 300, order.RefundPaid, order.PaymentPartiallyRefunded, 300},
		{"r-2", 700, order.RefundSettled, order.PaymentRefunded, 1000},
	} {
		doc, err := json.Marshal(order.Refund{
			ID: c.id, PaymentID: "p-" + o.ID, OrderID: o.ID, Provider: "sandbox", Amount: c.amount, Currency: "EUR",
			Reason: order.RefundRequested, Status: c.status, DueAt: time.Now(),
		})
		require.NoError(t, err)
		require.NoError(t, g.docs.PutRefund(t.Context(), o.ID, "p-"+o.ID, c.id, doc))
		shown := g.get("/v1/orders/" + o.ID).order(t)
		require.Equal(t, c.want, shown.Payment.Status)
		require.Equal(t, c.back, shown.Amounts[order.AmountRefunded])
		require.Equal(t, order.StatusAwaitingShipment, shown.Status)
		var p openapi.PaymentResult
		require.NoError(t, json.Unmarshal(g.get("/v1/orders/"+o.ID+"/payment").body, &p))
		require.Equal(t, string(c.want), p.Status)
		require.Equal(t, c.back, p.Amounts[order.AmountRefunded])
	}
}

// The responses to delivering, cancelling and placing an order again show refunds, as reading the
// order does.
func TestResponsesToRequestsIncludeRefunds(t *testing.T) {
	for name, ask := range map[string]func(*gateway, order.Order) answer{
		"deliver": func(g *gateway, o order.Order) answer { return g.post("/v1/orders/"+o.ID+"/deliver", nil) },
		"cancel":  func(g *gateway, o order.Order) answer { return g.post("/v1/orders/"+o.ID+"/cancel", nil) },
		"place": func(g *gateway, _ order.Order) answer {
			return g.place("k", basket(line{"productId": "mug", "quantity": 1}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.putProduct("mug", 5)
			o := g.place("k", basket(line{"productId": "mug", "quantity": 1})).order(t)
			require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)
			doc, err := json.Marshal(order.Refund{ID: "r-1", PaymentID: "p-1", OrderID: o.ID, Provider: "sandbox", Amount: 300, Status: order.RefundPaid})
			require.NoError(t, err)
			require.NoError(t, g.docs.PutRefund(t.Context(), o.ID, "p-1", "r-1", doc))
			a := ask(g, o)
			require.Less(t, a.status, 300, "%s", a.body)
			require.Equal(t, int64(300), a.order(t).Amounts[order.AmountRefunded])
			require.Equal(t, order.PaymentPartiallyRefunded, a.order(t).Payment.Status)
			require.JSONEq(t, string(g.get("/v1/orders/"+o.ID).body), string(a.body))
		})
	}
}

func TestAnOperatorReadsARefund(t *testing.T) {
	g := newGateway(t)
	decide := g.waiting(order.RefundFailed)
	path := "/v1/refunds/p-1/" + order.FullRefund("sandbox", "o-1")
	require.Equal(t, order.RefundFailed, g.get(path).refund(t).Status)
	require.Equal(t, http.StatusOK, decide("k-1", map[string]any{"choice": "settled"}).status)
	a := g.get(path)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, "settled", a.refund(t).Decisions[0].Choice)
	require.NotContains(t, string(a.body), "k-1", "no caller sees a key")

	require.Equal(t, "/problems/unknown-refund", g.get("/v1/refunds/p-1/full:sandbox:o-2").problem(t).Type)
	for _, nothing := range []string{"/v1/refunds/p:1/full", "/v1/refunds/p-1/a%20b", "/v1/refunds/p-1/" + strings.Repeat("x", 256)} {
		require.Equal(t, http.StatusBadRequest, g.get(nothing).status, nothing)
	}
	g.temporal.refunds[saga.RefundWorkflowID("p-1", "new")] = &order.Refund{ID: "new", PaymentID: "p-1"}
	require.Equal(t, "/problems/refund-undecided", g.get("/v1/refunds/p-1/new").problem(t).Type)
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Equal(t, http.StatusServiceUnavailable, g.get(path).status)
}

// listed is a running refund as Temporal lists it.
func listed(t *testing.T, r order.Refund, status order.RefundStatus) *workflowpb.WorkflowExecutionInfo {
	t.Helper()
	encode := func(v any) *commonpb.Payload {
		p, err := converter.GetDefaultDataConverter().ToPayload(v)
		require.NoError(t, err)
		return p
	}
	e := &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: saga.RefundWorkflowID(r.PaymentID, r.ID)},
		StartTime: timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		Memo:      &commonpb.Memo{Fields: map[string]*commonpb.Payload{saga.RefundMemo: encode(r)}},
	}
	if status != "" {
		e.SearchAttributes = &commonpb.SearchAttributes{
			IndexedFields: map[string]*commonpb.Payload{saga.RefundStatus.GetName(): encode(string(status))},
		}
	}
	return e
}

func TestAnOperatorListsRefunds(t *testing.T) {
	g := newGateway(t)
	late := order.RefundOf(success("o-1", "p-1", 1000), order.RefundLate)
	late.Provider = "sandbox"
	for _, status := range []order.RefundStatus{order.RefundCase, order.RefundFailed, ""} {
		g.temporal.listed = append(g.temporal.listed, listed(t, late, status))
	}
	read := func(query string) (p openapi.RefundPage) {
		a := g.get("/v1/refunds" + query)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.NoError(t, json.Unmarshal(a.body, &p))
		return p
	}
	first := read("?limit=2")
	require.Len(t, first.Items, 2)
	require.Equal(t, order.RefundCase, first.Items[0].Status)
	require.Equal(t, order.RefundUnknownOrder, first.Items[0].Reason)
	require.Equal(t, order.RefundFailed, first.Items[1].Status)
	require.Equal(t, order.RefundLate, first.Items[1].Reason)
	require.Equal(t, int64(1000), first.Items[1].Amount)
	rest := read("?limit=2&cursor=" + url.QueryEscape(first.NextCursor))
	require.Len(t, rest.Items, 1)
	require.Equal(t, order.RefundDue, rest.Items[0].Status)
	require.Empty(t, rest.NextCursor)

	for _, query := range []string{
		"?limit=0", "?limit=101", "?limit=x", "?status=paid", "?state=case", "?cursor=x", "?cursor=e30",
		"?cursor=eyJ0IjoiZVh4IiwicyI6IiJ9", "?status=case&cursor=" + url.QueryEscape(first.NextCursor),
	} {
		require.Equal(t, http.StatusBadRequest, g.get("/v1/refunds"+query).status, query)
	}
}

func TestAnOperatorDecides(t *testing.T) {
	g := newGateway(t)
	id := order.FullRefund("sandbox", "nobody")
	g.temporal.refunds[saga.RefundWorkflowID("p-1", id)] = &order.Refund{
		ID: id, PaymentID: "p-1", OrderID: "nobody", Provider: "sandbox", Amount: 500, Currency: "EUR", Status: order.RefundCase,
	}
	keys := 0
	decide := func(choice, orderID string) answer {
		body := map[string]any{"paymentId": "p-1", "refundId": id, "choice": choice}
		if orderID != "" {
			body["orderId"] = orderID
		}
		keys++
		return g.postOnce(fmt.Sprint("k-", keys), "/v1/refunds/decide", body)
	}
	require.Equal(t, "/problems/order-closed", decide("assign", "closed").problem(t).Type)
	require.Equal(t, http.StatusUnprocessableEntity, decide("assign", "").status)
	require.Equal(t, http.StatusUnprocessableEntity, decide("assign", "no/id").status)
	require.Equal(t, http.StatusUnprocessableEntity, decide("refund", "o-1").status)
	require.Equal(t, http.StatusUnprocessableEntity, decide("keep", "").status)
	a := decide("assign", "o-1")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, order.RefundAssigned, a.refund(t).Status)
	require.Equal(t, "/problems/refund-not-waiting", decide("refund", "").problem(t).Type)
	require.Equal(t, http.StatusNotFound, g.postOnce("k", "/v1/refunds/decide", map[string]any{
		"paymentId": "p-2", "refundId": id, "choice": "refund",
	}).status)
	require.Equal(t, http.StatusUnprocessableEntity, g.postOnce("k", "/v1/refunds/decide", map[string]any{"paymentId": "p-2"}).status)
}

// waiting is a refund that waits for an operator, and how one decides about it.
func (g *gateway) waiting(status order.RefundStatus) func(key string, more map[string]any) answer {
	id := order.FullRefund("sandbox", "o-1")
	g.temporal.refunds[saga.RefundWorkflowID("p-1", id)] = &order.Refund{
		ID: id, PaymentID: "p-1", OrderID: "o-1", Provider: "sandbox", Amount: 500, Currency: "EUR", Status: status,
	}
	return func(key string, more map[string]any) answer {
		body := map[string]any{"paymentId": "p-1", "refundId": id}
		maps.Copy(body, more)
		return g.postOnce(key, "/v1/refunds/decide", body)
	}
}

func TestADecisionCountsOncePerKey(t *testing.T) {
	g := newGateway(t)
	decide := g.waiting(order.RefundFailed)
	first := decide("k", map[string]any{"choice": "refund"})
	require.Equal(t, http.StatusOK, first.status, "%s", first.body)
	require.NotContains(t, string(first.body), `"key"`)
	require.Equal(t, "refund", first.refund(t).Decisions[0].Choice)
	for range 2 {
		require.JSONEq(t, string(first.body), string(decide("k", map[string]any{"choice": "refund"}).body))
	}
	require.Equal(t, "/problems/idempotency-mismatch", decide("k", map[string]any{"choice": "settled"}).problem(t).Type)
	require.Len(t, g.temporal.decided, 1)
}

// The refund may be completed by the time of the second decision: then Temporal has only its
// result.
func TestTheSecondOfTwoOperatorsLearnsTheDecision(t *testing.T) {
	for _, choice := range []string{"refund", "settled"} {
		t.Run(choice, func(t *testing.T) {
			g := newGateway(t)
			decide := g.waiting(order.RefundFailed)
			require.Equal(t, http.StatusOK, decide("a", map[string]any{"choice": choice}).status)
			late := decide("b", map[string]any{"choice": "refund"})
			require.Equal(t, http.StatusConflict, late.status, "%s", late.body)
			p := late.problem(t)
			require.Equal(t, "/problems/refund-not-waiting", p.Type)
			require.Contains(t, p.Detail, fmt.Sprintf("operator decided %q", choice))
			require.Equal(t, choice, p.Refund.Decisions[0].Choice)
			require.NotContains(t, string(late.body), `"key"`)
		})
	}
}

// Temporal has forgotten what it answered to the update; the refund itself knows the key.
func TestADecisionThatIsSentAgainAfterTheRefundIsOver(t *testing.T) {
	g := newGateway(t)
	decide := g.waiting(order.RefundFailed)
	first := decide("a", map[string]any{"choice": "settled"})
	clear(g.temporal.decided)
	again := decide("a", map[string]any{"choice": "settled"})
	require.Equal(t, http.StatusOK, again.status, "%s", again.body)
	require.JSONEq(t, string(first.body), string(again.body))
	require.Equal(t, "/problems/idempotency-mismatch", decide("a", map[string]any{"choice": "refund"}).problem(t).Type)
}

func TestARefundThatIsOnItsWayIsSettledByHand(t *testing.T) {
	for _, status := range []order.RefundStatus{order.RefundDue, order.RefundPending} {
		g := newGateway(t)
		decide := g.waiting(status)
		require.Equal(t, http.StatusConflict, decide("a", map[string]any{"choice": "settled"}).status, "it doesn't wait for that")
		require.Equal(t, http.StatusConflict, decide("b", map[string]any{"choice": "settled", "status": "failed"}).status)
		require.Equal(t, http.StatusUnprocessableEntity, decide("c", map[string]any{"choice": "refund", "status": status}).status)
		require.Equal(t, http.StatusUnprocessableEntity, decide("d", map[string]any{"choice": "settled", "status": "paid"}).status)
		require.Equal(t, order.RefundSettled, decide("e", map[string]any{"choice": "settled", "status": status}).refund(t).Status)
	}
}

// Documents from before there were several providers don't name theirs.
func TestAnOldOrderIsRefundedAtItsProvider(t *testing.T) {
	g := newGateway(t)
	o := g.get("/v1/orders/" + g.paidOrder().ID).order(t)
	paid, err := json.Marshal(order.Attempt{PaymentID: "p-" + o.ID, Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 1000, Taken: true})
	require.NoError(t, err)
	o.Payment.Provider = ""
	o.Version++
	doc, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, g.docs.Put(t.Context(), order.Record{
		OrderID: o.ID, Version: o.Version, Doc: doc, Status: o.Status, CustomerID: o.CustomerID, PlacedAt: o.PlacedAt,
		Payments: map[string][]byte{"p-" + o.ID: paid},
	}))
	r := g.postOnce("k", "/v1/orders/"+o.ID+"/refunds", nil).refund(t)
	require.Equal(t, "sandbox", r.Provider)
	require.True(t, strings.HasPrefix(r.ID, "part:sandbox:"), r.ID)
}

// A provider may say days after it paid a refund out that the money came back. The
// refund's workflow is closed by then: it is started again.
func TestARefundThatFailsAfterItWasPaidStartsItsWorkflowAgain(t *testing.T) {
	g := newGateway(t)
	said := order.PaymentEvent{
		Type: order.PaymentRefundFailed, OrderID: "o-1", PaymentID: "p-1", Amount: 300, Currency: "EUR",
		Refund: &order.FailedRefund{ID: "part:sandbox:r-1", ProviderID: "re_1", Detail: "account closed"},
	}
	require.Equal(t, http.StatusNoContent, g.callback(said).status)
	require.Len(t, g.temporal.starts, 1)
	start := g.temporal.starts[0]
	require.Equal(t, "refund/p-1/part:sandbox:r-1", start.options.ID)
	require.Equal(t, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, start.options.WorkflowIDReusePolicy)
	require.Equal(t, saga.RefundFailedSignal, start.signal)
	require.Equal(t, saga.RefundFailure{ProviderID: "re_1", Detail: "account closed"}, start.signalArg)
	r := start.arg.(order.Refund)
	require.Equal(t, order.RefundFailed, r.Status)
	require.Equal(t, order.RefundRequested, r.Reason)
	require.Equal(t, "re_1", r.ProviderID)
	require.Zero(t, r.Version)
	require.Empty(t, g.temporal.sagas, "the order isn't told: it may be over")

	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Equal(t, http.StatusServiceUnavailable, g.callback(said).status, "the provider sends it again")
	said.Refund = nil
	require.Equal(t, http.StatusBadRequest, g.callback(said).status)
}
