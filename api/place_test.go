package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"holdfast/api"
	"holdfast/coupon"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/quoting"
	"holdfast/saga"
)

func TestAnOrderIsPlacedAndRead(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.PaymentWindow = 7 * time.Minute })
	g.putProduct("mug", 5)
	a := g.place("", basket(line{"productId": "mug", "quantity": 2, "unitPrice": 1000}))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	o := a.order(t)
	require.Equal(t, "/v1/orders/"+o.ID, a.header.Get("Location"))
	require.Equal(t, order.StatusAwaitingPayment, o.Status)
	require.Equal(t, int64(2000), o.Amounts[order.AmountTotal])
	require.Equal(t, order.ActorOperator, o.Journal[0].Actor)
	require.Equal(t, 7*time.Minute, o.Payment.Deadline.Sub(o.PlacedAt).Round(time.Second))

	require.JSONEq(t, string(a.body), string(g.get("/v1/orders/"+o.ID).body))
	require.Len(t, g.temporal.starts, 1)
	start := g.temporal.starts[0]
	require.Equal(t, saga.OrderWorkflowID(o.ID), start.options.ID)
	require.Equal(t, saga.OrderType, start.kind)
	require.Contains(t, start.options.StaticSummary, "20.00 EUR")
	require.Equal(t, "EUR", start.arg.(order.Placement).Currency)
}

func TestAKeyFindsItsOrderAgain(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 2)
	body := basket(line{"productId": "mug", "quantity": 2})
	first := g.place("k-1", body)
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	for range 2 { // it is sold out by now, by this order itself
		again := g.place("k-1", body)
		require.Equal(t, http.StatusCreated, again.status, "%s", again.body)
		require.Equal(t, first.body, again.body)
	}
	spaced := g.place("k-1", `{ "lines":[{"quantity":2,"productId":"mug"}], "customerId":"c-1" }`)
	require.Equal(t, http.StatusCreated, spaced.status, "how a body is written does not count")

	other := g.place("k-1", basket(line{"productId": "mug", "quantity": 1}))
	require.Equal(t, http.StatusUnprocessableEntity, other.status)
	require.Equal(t, "/problems/idempotency-mismatch", other.problem(t).Type)

	body["customerId"] = "c-2"
	require.Equal(t, http.StatusConflict, g.place("k-1", body).status, "a key belongs to its customer")
	require.Len(t, g.temporal.starts, 1)
}

// Orders that were placed before a field existed are found under their key by requests without that
// field: the fingerprints here are those of the first release.
func TestAFingerprintOutlastsNewFields(t *testing.T) {
	for want, body := range map[string]map[string]any{
		"c0861c6e874c6e5912ee21ad8c016bace529d1e053ab9ffe40159e04aeac2732": basket(line{"productId": "mug", "quantity": 2, "unitPrice": 1000}),
		"c9eea12464bbbcc06b819e409e906f0fe97df7293ba4daf8cc3cc7865b7b3183": {
			"customerId": "c-1", "lines": []line{{"productId": "mug", "sku": "one", "quantity": 1}}, "metadata": map[string]any{},
			"address": map[string]any{"recipient": "Ada", "line1": "1", "city": "London", "country": "GB"}, "externalReference": "", "addressId": "",
		},
	} {
		g := newGateway(t)
		g.putProduct("mug", 2)
		require.Equal(t, http.StatusCreated, g.place("k", body).status)
		require.Equal(t, want, g.temporal.starts[0].arg.(order.Placement).Fingerprint)
	}
}

func TestAnOrderKeepsWhatOtherSystemsAttach(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 2)
	body := basket(line{"productId": "mug", "quantity": 1})
	body["externalReference"], body["metadata"] = "SO 1/ä", map[string]any{"erp.id": "7", "note": "two\nlines", "flag": ""}
	placed := g.place("k", body)
	require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
	id := placed.order(t).ID
	shown := g.indexed(id).order(t)
	require.Equal(t, "SO 1/ä", shown.ExternalReference)
	require.Equal(t, product.Metadata{"erp.id": "7", "note": "two\nlines", "flag": ""}, shown.Metadata)
	var page struct{ Items []order.Summary }
	require.NoError(t, json.Unmarshal(g.get("/v1/orders").body, &page))
	require.Equal(t, shown.Metadata, page.Items[0].Metadata)
	require.Equal(t, shown.ExternalReference, page.Items[0].ExternalReference)

	require.Equal(t, http.StatusCreated, g.place("k", body).status)
	for field, other := range map[string]any{"externalReference": "SO 2", "metadata": map[string]any{"erp.id": "8"}} {
		changed := maps.Clone(body)
		changed[field] = other
		require.Equal(t, "/problems/idempotency-mismatch", g.place("k", changed).problem(t).Type, field)
	}
	for path, wrong := range map[string]map[string]any{
		"externalReference": {"externalReference": " SO 1"},
		"metadata":          {"metadata": map[string]any{"a b": "c"}},
		"metadata.a":        {"metadata": map[string]any{"a": "\u0000"}},
	} {
		changed := maps.Clone(body)
		maps.Copy(changed, wrong)
		refused := g.place("k-2", changed)
		require.Equal(t, http.StatusUnprocessableEntity, refused.status)
		require.Equal(t, path, refused.problem(t).Errors[0].Path)
	}
}

func TestAKeyFindsAnOrderThatHasClosed(t *testing.T) {
	for _, answers := range []bool{true, false} {
		t.Run("Temporal has the update's answer: "+strconv.FormatBool(answers), func(t *testing.T) {
			g := newGateway(t)
			g.putProduct("mug", 2)
			body := basket(line{"productId": "mug", "quantity": 2})
			o := g.place("k-1", body).order(t)
			require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/cancel", nil).status)
			g.temporal.set(func(f *fakeTemporal) { f.closedAnswers = answers })

			again := g.place("k-1", body)
			require.Equal(t, http.StatusCreated, again.status, "%s", again.body)
			require.Equal(t, order.StatusCancelled, again.order(t).Status)
			other := g.place("k-1", basket(line{"productId": "mug", "quantity": 1}))
			require.Equal(t, "/problems/idempotency-mismatch", other.problem(t).Type)
		})
	}
}

func TestARefusalIsNotRemembered(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 0)
	body := basket(line{"productId": "mug", "quantity": 1})
	require.Equal(t, http.StatusConflict, g.place("k-1", body).status)
	require.Empty(t, g.temporal.starts)
	a := g.post("/v1/products/mug/stock", map[string]any{"delta": 1})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, http.StatusCreated, g.place("k-1", body).status)
}

func TestARejectionByTheSagaIsReported(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1)
	hopeful := newGateway(t, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, plenty{g.quoting}, g.docs, g.temporal.asSagas()
	})
	body := basket(line{"productId": "mug", "quantity": 2})
	for range 2 {
		a := hopeful.place("k-1", body)
		require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
		p := a.problem(t)
		require.Equal(t, "/problems/insufficient-stock", p.Type)
		require.Equal(t, []order.Shortage{
			{ProductID: "mug", SKU: "one", Requested: 2, Available: 1, Reason: product.ReasonOutOfStock},
		}, p.Shortages)
	}
	require.Len(t, g.temporal.starts, 1)
}

func TestAnOrderThatCantBeQuotedIsNotStarted(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 3)
	one := basket(line{"productId": "mug", "quantity": 1})
	placed := g.place("k-1", one)
	require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
	g.redis.Close()
	for _, key := range []string{"", "k-2"} {
		a := g.place(key, one)
		require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
		require.Equal(t, "/problems/stock-unavailable", a.problem(t).Type)
		require.Empty(t, a.problem(t).OrderID, "there is none")
		require.NotEmpty(t, a.header.Get("Retry-After"))
	}
	require.Len(t, g.temporal.starts, 1)

	again := g.place("k-1", one)
	require.Equal(t, http.StatusCreated, again.status, "the order that is there is found: %s", again.body)
	require.Equal(t, placed.order(t).ID, again.order(t).ID)
	other := g.place("k-1", basket(line{"productId": "mug", "quantity": 2}))
	require.Equal(t, "/problems/idempotency-mismatch", other.problem(t).Type)
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Equal(t, "/problems/temporal-unavailable", g.place("k-1", one).problem(t).Type, "it may be there")

	read := g.get("/v1/products/mug")
	require.Equal(t, http.StatusServiceUnavailable, read.status)
	require.NotEmpty(t, read.header.Get("Retry-After"))
}

func TestAnOrderWithAnotherTotalIsRefusedWithItsQuote(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	body := basket(line{"productId": "mug", "quantity": 2})
	quoted := g.post("/v1/quotes", body)
	require.Equal(t, http.StatusOK, quoted.status, "%s", quoted.body)
	require.JSONEq(t, `{"currency":"EUR","lines":[{"sku":"one","unitPrice":1000}],"items":2000,"total":2000}`, string(quoted.body))
	require.Empty(t, g.temporal.starts)

	body["expectedTotal"] = 1999
	for _, key := range []string{"", "k-1"} {
		a := g.place(key, body)
		require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
		require.Equal(t, "/problems/price-changed", a.problem(t).Type)
		require.Equal(t, int64(2000), a.problem(t).Quote.Total)
	}
	require.Empty(t, g.temporal.starts)
	body["expectedTotal"] = -1
	require.Equal(t, http.StatusUnprocessableEntity, g.place("k-1", body).status)
	body["expectedTotal"] = 2000
	require.Equal(t, http.StatusCreated, g.place("k-1", body).status)

	// A repeated call gets the order that it placed, although it would cost something else now.
	g.reprice("mug", 1100)
	require.Equal(t, http.StatusCreated, g.place("k-1", body).status)
	require.Equal(t, "/problems/price-changed", g.place("k-2", body).problem(t).Type)
	require.Len(t, g.temporal.starts, 1)
}

// What a repeated call would cost says nothing about the order that is there.
func TestAnUndecidedOrderIsNotShownAtAnotherPrice(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.temporal.set(func(f *fakeTemporal) { f.stuck = true })
	body := basket(line{"productId": "mug", "quantity": 1})
	g.putCoupon("SPRING", coupon.Spec{Action: price.Action{Rate: 1000}})
	body["couponCodes"] = []string{"SPRING"}
	for range 2 {
		a := g.place("k-1", body)
		require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
		require.Nil(t, a.order(t).Pricing)
		g.putCoupon("SPRING", coupon.Spec{Action: price.Action{Rate: 2000}})
	}
}

// The price of the day is held at the quote's: a change in between refuses the order, and no buyer
// pays another price than the quoted one.
func TestAPriceThatChangesAfterTheQuoteIsNotHeld(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	late := newGateway(t, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, g.quoting, g.docs, g.temporal.asSagas()
		c.Quoting = repricing{g.quoting, func() { g.reprice("mug", 1100) }}
	})
	a := late.place("", basket(line{"productId": "mug", "quantity": 1}))
	require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
	require.Equal(t, "/problems/price-changed", a.problem(t).Type)
	require.Equal(t, int64(1100), *a.problem(t).Shortages[0].CurrentPrice)
}

// repricing changes a price after it was read.
type repricing struct {
	api.Quoting
	change func()
}

func (r repricing) Look(ctx context.Context, a quoting.Ask) (quoting.Seen, error) {
	seen, err := r.Quoting.Look(ctx, a)
	r.change()
	return seen, err
}

func (g *gateway) reprice(id string, price int64) {
	g.t.Helper()
	a := g.do(call{method: http.MethodPatch, path: "/v1/products/" + id, header: http.Header{"Content-Type": {mergePatch}}, body: map[string]any{
		"variants": []map[string]any{{"sku": "one", "price": price}},
	}})
	require.Equal(g.t, http.StatusOK, a.status, "%s", a.body)
}

func TestNothingIsStartedWhileTemporalIsUnavailable(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	g.putProduct("cup", 1)
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	before := g.state()
	for _, k := range []call{
		{method: http.MethodPost, path: "/v1/orders", body: basket(line{"productId": "cup", "quantity": 1})},
		{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/cancel"},
		{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/deliver"},
		{method: http.MethodGet, path: "/v1/orders/nobody"},
		{method: http.MethodPost, path: "/v1/products/mug/delist"},
	} {
		a := g.do(k)
		require.Equal(t, http.StatusServiceUnavailable, a.status, "%s %s", k.path, a.body)
		require.Equal(t, "/problems/temporal-unavailable", a.problem(t).Type)
		require.NotEmpty(t, a.header.Get("Retry-After"))
	}
	e := order.PaymentEvent{Type: order.PaymentSucceeded, OrderID: o.ID, PaymentID: "p-1", Amount: 1000, Currency: "EUR"}
	require.Equal(t, http.StatusServiceUnavailable, g.callback(e).status, "the provider has to send it again")
	require.Equal(t, before, g.state())

	require.Equal(t, http.StatusOK, g.get("/v1/orders/"+o.ID).status, "a document needs no Temporal")
	require.Equal(t, http.StatusConflict, g.place("", basket(line{"productId": "mug", "quantity": 1})).status)
}

func TestWithoutAWorkerAnOrderIsUndecided(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1)
	g.temporal.set(func(f *fakeTemporal) { f.stuck = true })
	a := g.place("k-1", basket(line{"productId": "mug", "quantity": 1}))
	require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
	require.Equal(t, order.StatusReserving, a.order(t).Status)
	require.Equal(t, http.StatusServiceUnavailable, g.get("/v1/orders/"+a.order(t).ID).status)
}

func TestTheLargestOrderFits(t *testing.T) {
	g := newGateway(t)
	var lines []line
	for i := range order.MaxLines {
		if i%100 == 0 {
			stock := int64(100)
			g.putProduct("p"+strconv.Itoa(i/100), 0, func(s *product.Spec) {
				s.Variants = nil
				for v := range 100 {
					s.Variants = append(s.Variants, product.VariantSpec{SKU: "v" + strconv.Itoa(v), Price: 1, Stock: &stock})
				}
			})
		}
		lines = append(lines, line{"productId": "p" + strconv.Itoa(i/100), "sku": "v" + strconv.Itoa(i%100), "quantity": 1})
	}
	a := g.place("", basket(lines...))
	require.Equal(t, http.StatusCreated, a.status, "%.300s", a.body)
	require.Equal(t, int64(order.MaxLines), a.order(t).Amounts[order.AmountTotal])
}

// Temporal answers, and the order's workflow can't: waiting for Temporal would
// be waiting for the wrong thing.
func TestAnOrderWhoseWorkflowCannotAnswerIsReportedAsUnavailable(t *testing.T) {
	for name, mute := range map[string]error{
		"its task fails":  serviceerror.NewWorkflowNotReady("Workflow Task in failed state"),
		"its query fails": serviceerror.NewQueryFailed("unknown queryType"),
		"no worker":       serviceerror.NewFailedPrecondition("no poller seen for task queue recently"),
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.putProduct("mug", 5)
			g.temporal.set(func(f *fakeTemporal) { f.mute = mute })
			placed := g.place("", basket(line{"productId": "mug", "quantity": 1}))
			id := placed.problem(t).OrderID
			require.NotEmpty(t, id, "it may be there all the same")
			for _, a := range []answer{
				placed, g.get("/v1/orders/" + id), g.get("/v1/orders/" + id + "/payment"),
				g.post("/v1/orders/"+id+"/cancel", nil), g.post("/v1/orders/"+id+"/deliver", nil),
			} {
				require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
				require.Equal(t, "/problems/order-unavailable", a.problem(t).Type)
				require.NotContains(t, string(a.body), "reached")
				require.NotEmpty(t, a.header.Get("Retry-After"))
			}
		})
	}
}
