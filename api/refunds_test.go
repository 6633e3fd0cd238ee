package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/api"
	"holdfast/order"
	"holdfast/workflows"
)

func (a answer) refund(t testing.TB) (r order.Refund) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, &r), "%s", a.body)
	return r
}

// paidOrder is an order that 1000 were paid for.
func (g *gateway) paidOrder() order.Order {
	g.t.Helper()
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(g.t)
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
	require.Equal(t, r, g.do(part).refund(t), "the same call is the same refund")
	part.body = map[string]any{"amount": 301, "note": "a scratch"}
	require.Equal(t, "/problems/idempotency-mismatch", g.do(part).problem(t).Type)

	a := g.post(path, map[string]any{"amount": 701})
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "/problems/refund-too-large", a.problem(t).Type)
	require.Equal(t, "700 of 1000 are left", a.problem(t).Detail)
	require.Equal(t, int64(700), g.post(path, nil).refund(t).Amount, "all that is left")
	require.Equal(t, http.StatusConflict, g.post(path, nil).status)
}

func TestRefundsThatCannotBe(t *testing.T) {
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
		a := g.post("/v1/orders/"+c.id+"/refunds", c.body)
		require.Equal(t, c.status, a.status, "%v %s", c.body, a.body)
		require.Equal(t, "/problems/"+c.kind, a.problem(t).Type)
		require.Equal(t, before, g.state())
	}
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Equal(t, http.StatusServiceUnavailable, g.post("/v1/orders/"+o.ID+"/refunds", nil).status)
}

// An order and its payment show what went back, also in lists.
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
		require.Equal(t, order.Paid, shown.Status)
		var p api.PaymentResult
		require.NoError(t, json.Unmarshal(g.get("/v1/orders/"+o.ID+"/payment").body, &p))
		require.Equal(t, string(c.want), p.Status)
		require.Equal(t, c.back, p.Amounts[order.AmountRefunded])
	}
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
		Execution: &commonpb.WorkflowExecution{WorkflowId: workflows.RefundWorkflowID(r.PaymentID, r.ID)},
		StartTime: timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		Memo:      &commonpb.Memo{Fields: map[string]*commonpb.Payload{workflows.RefundMemo: encode(r)}},
	}
	if status != "" {
		e.SearchAttributes = &commonpb.SearchAttributes{
			IndexedFields: map[string]*commonpb.Payload{workflows.RefundStatus.GetName(): encode(string(status))},
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
	read := func(query string) (p api.RefundPage) {
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
	g.temporal.refunds[workflows.RefundWorkflowID("p-1", id)] = &order.Refund{
		ID: id, PaymentID: "p-1", OrderID: "nobody", Provider: "sandbox", Amount: 500, Currency: "EUR", Status: order.RefundCase,
	}
	decide := func(choice, orderID string) answer {
		body := map[string]any{"paymentId": "p-1", "refundId": id, "choice": choice}
		if orderID != "" {
			body["orderId"] = orderID
		}
		return g.post("/v1/refunds/decide", body)
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
	require.Equal(t, http.StatusNotFound, g.post("/v1/refunds/decide", map[string]any{
		"paymentId": "p-2", "refundId": id, "choice": "refund",
	}).status)
	require.Equal(t, http.StatusUnprocessableEntity, g.post("/v1/refunds/decide", map[string]any{"paymentId": "p-2"}).status)
}

// Documents of before there were several providers don't name theirs.
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
	r := g.post("/v1/orders/"+o.ID+"/refunds", nil).refund(t)
	require.Equal(t, "sandbox", r.Provider)
	require.True(t, strings.HasPrefix(r.ID, "part:sandbox:"), r.ID)
}
