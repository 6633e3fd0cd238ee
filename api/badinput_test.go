package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
)

// bad is an invalid call that may be sent by mistake or on purpose.
type bad struct {
	name   string
	call   call
	status int
	kind   string // of /problems/<kind>
	field  string // that the problem names, "" for none
}

func orderCall(body any) call {
	return call{method: http.MethodPost, path: "/v1/orders", body: body}
}

func oneLine(change line) map[string]any {
	l := line{"productId": "mug", "sku": "one", "quantity": 1}
	maps.Copy(l, change)
	return basket(l)
}

func manyLines(n int) map[string]any {
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{"productId": "mug", "quantity": 1}
	}
	return basket(lines...)
}

func addressed(field, value string) map[string]any {
	body := oneLine(line{})
	body["address"] = map[string]string{"recipient": "Ada", "line1": "1", "city": "London", "country": "GB", field: value}
	return body
}

func badOrders() []bad {
	const malformed, values = "malformed-request", "invalid-values"
	return []bad{
		{"unknown product", orderCall(oneLine(line{"productId": "nothing"})), 404, "unknown-product", ""},
		{"unknown variant", orderCall(oneLine(line{"sku": "two"})), 404, "unknown-product", ""},
		{"no variant named of two", orderCall(oneLine(line{"productId": "pair", "sku": ""})), 404, "unknown-product", ""},
		{"unlisted", orderCall(oneLine(line{"productId": "draft"})), 409, "not-listed", ""},
		{"delisted", orderCall(oneLine(line{"productId": "gone"})), 409, "not-listed", ""},
		{"more than there is", orderCall(oneLine(line{"quantity": 6})), 409, "insufficient-stock", ""},
		{
			"more than there is in two lines", orderCall(basket(
				line{"productId": "mug", "quantity": 3}, line{"productId": "mug", "sku": "one", "quantity": 3})),
			409, "insufficient-stock", "",
		},
		{"price that changed", orderCall(oneLine(line{"unitPrice": 999})), 409, "price-changed", ""},
		{"mixed currencies", orderCall(basket(line{"productId": "mug", "quantity": 1},
			line{"productId": "usd", "quantity": 1})), 409, "mixed-currencies", ""},
		{"a sum beyond int64", orderCall(basket(dearest(11)...)), 422, "amount-too-large", ""},
		{"no lines", orderCall(basket()), 422, values, "lines"},
		{"lines left out", orderCall(map[string]any{"customerId": "c-1"}), 422, values, "lines"},
		{"2,001 lines", orderCall(manyLines(2001)), 422, values, "lines"},
		{"quantity 0", orderCall(oneLine(line{"quantity": 0})), 422, values, "lines[0].quantity"},
		{"quantity left out", orderCall(basket(line{"productId": "mug"})), 422, values, "lines[0].quantity"},
		{"quantity -1", orderCall(oneLine(line{"quantity": -1})), 422, values, "lines[0].quantity"},
		{"quantity 10^12", orderCall(oneLine(line{"quantity": int64(1e12)})), 422, values, "lines[0].quantity"},
		{"quantity 1.5", orderCall(oneLine(line{"quantity": 1.5})), 400, malformed, "lines[0].quantity"},
		{
			"quantity 10^30", orderCall(`{"customerId":"c-1","lines":[{"productId":"mug","quantity":1` + strings.Repeat("0", 30) + `}]}`),
			400, malformed, "lines[0].quantity",
		},
		{"quantity as text", orderCall(oneLine(line{"quantity": "1"})), 400, malformed, "lines[0].quantity"},
		{"quantity null", orderCall(oneLine(line{"quantity": nil})), 400, malformed, "lines[0].quantity"},
		{"price -1", orderCall(oneLine(line{"unitPrice": -1})), 422, values, "lines[0].unitPrice"},
		{"price null", orderCall(oneLine(line{"unitPrice": nil})), 400, malformed, "lines[0].unitPrice"},
		{"product id with a slash", orderCall(oneLine(line{"productId": "a/b"})), 422, values, "lines[0].productId"},
		{"product id too long", orderCall(oneLine(line{"productId": strings.Repeat("x", 65)})), 422, values, "lines[0].productId"},
		{"sku with a blank", orderCall(oneLine(line{"sku": "a b"})), 422, values, "lines[0].sku"},
		{"customer left out", orderCall(map[string]any{"lines": []line{{"productId": "mug", "quantity": 1}}}), 422, values, "customerId"},
		{"customer id", orderCall(map[string]any{"customerId": "c 1", "lines": []line{{"productId": "mug", "quantity": 1}}}), 422, values, "customerId"},
		{"unknown field", orderCall(map[string]any{"customerId": "c-1", "lines": []line{}, "coupon": "x"}), 400, malformed, "coupon"},
		{"unknown field of a line", orderCall(basket(line{"productId": "mug", "quantity": 1},
			line{"productId": "mug", "quantity": 1, "price": 1})), 400, malformed, "lines[1].price"},
		{"a field in another case", orderCall(`{"CustomerId":"c-1","lines":[]}`), 400, malformed, "CustomerId"},
		{"a field twice", orderCall(`{"customerId":"c-1","customerId":"c-2","lines":[]}`), 400, malformed, "customerId"},
		{"lines as an object", orderCall(`{"customerId":"c-1","lines":{}}`), 400, malformed, "lines"},
		{"a list", orderCall(`[]`), 400, malformed, ""},
		{"null", orderCall(`null`), 400, malformed, ""},
		{"not JSON", orderCall(`{"customerId":`), 400, malformed, ""},
		{"two documents", orderCall(`{}{}`), 400, malformed, ""},
		{"broken UTF-8", orderCall("{\"customerId\":\"\xff\"}"), 400, malformed, ""},
		{"an empty body", orderCall(""), 400, malformed, ""},
		{"no body", call{method: http.MethodPost, path: "/v1/orders", header: http.Header{"Content-Type": {"application/json"}}}, 400, malformed, ""},
		{"deep nesting", orderCall(strings.Repeat(`[`, 100_000)), 400, malformed, ""},
		{"address without a city", orderCall(withAddress(map[string]any{"recipient": "R", "line1": "1", "country": "DE"})), 422, values, "address.city"},
		{"address too long", orderCall(withAddress(map[string]any{
			"recipient": strings.Repeat("r", 201), "line1": "1", "city": "B", "country": "DE",
		})), 422, values, "address.recipient"},
		{"a body of 2 MiB", orderCall(`{"customerId":"` + strings.Repeat("x", 2<<20) + `"}`), 413, "body-too-large", ""},
		{"form data", call{
			method: http.MethodPost, path: "/v1/orders", body: "customerId=c-1",
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		}, 415, "unsupported-media-type", ""},
		{"another charset", call{
			method: http.MethodPost, path: "/v1/orders", body: "{}",
			header: http.Header{"Content-Type": {"application/json; charset=latin1"}},
		}, 415, "unsupported-media-type", ""},
		{"a body in gzip", call{
			method: http.MethodPost, path: "/v1/orders", body: oneLine(nil), header: http.Header{"Content-Encoding": {"gzip"}},
		}, 415, "unsupported-media-type", ""},
		{"two media types", call{
			method: http.MethodPost, path: "/v1/orders", body: oneLine(nil),
			header: http.Header{"Content-Type": {"application/json", "text/plain"}},
		}, 415, "unsupported-media-type", ""},
		{"a product called ..", orderCall(oneLine(line{"productId": ".."})), 422, values, "lines[0].productId"},
		{"a sku called .", orderCall(oneLine(line{"sku": "."})), 422, values, "lines[0].sku"},
		{"an empty key", keyed(""), 400, malformed, "Idempotency-Key"},
		{"a key with a blank", keyed("a b"), 400, malformed, "Idempotency-Key"},
		{"a key too long", keyed(strings.Repeat("k", 256)), 400, malformed, "Idempotency-Key"},
	}
}

func dearest(n int) []line {
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{"productId": fmt.Sprintf("dear%d", i), "quantity": 1_000_000}
	}
	return lines
}

func withAddress(a map[string]any) map[string]any {
	b := oneLine(nil)
	b["address"] = a
	return b
}

func keyed(k string) call {
	c := orderCall(oneLine(nil))
	c.header = key(k)
	return c
}

func badOthers() []bad {
	const malformed, values = "malformed-request", "invalid-values"
	spec := func(change map[string]any) call {
		s := map[string]any{"title": "T", "currency": "EUR", "variants": []line{{"sku": "one", "price": 1}}}
		maps.Copy(s, change)
		return call{method: http.MethodPut, path: "/v1/products/new", body: s}
	}
	put := func(id, header, value string) call {
		return call{
			method: http.MethodPut, path: "/v1/products/" + id, body: spec(nil).body, header: http.Header{header: {value}},
		}
	}
	stock := func(body any) call {
		return call{method: http.MethodPost, path: "/v1/products/mug/stock", body: body}
	}
	do := func(method, path string) call { return call{method: method, path: path} }
	return []bad{
		{"no title", spec(map[string]any{"title": ""}), 422, values, "title"},
		{"a title of 201 bytes", spec(map[string]any{"title": strings.Repeat("t", 201)}), 422, values, "title"},
		{"a currency in words", spec(map[string]any{"currency": "euro"}), 422, values, "currency"},
		{"a currency that doesn't exist", spec(map[string]any{"currency": "XXQ"}), 422, values, "currency"},
		{"a currency that was abolished", spec(map[string]any{"currency": "DEM"}), 422, values, "currency"},
		{"a title turned round", spec(map[string]any{"title": "Gift \u202egnirps"}), 422, values, "title"},
		{"an attribute with an escape", spec(map[string]any{"attributes": map[string]string{"size": "\x1b[2J"}}), 422, values, "attributes.size"},
		{"a reason turned round", stock(map[string]any{"delta": 1, "reason": "\u202e"}), 422, values, "reason"},
		{"a recipient of two lines", orderCall(addressed("recipient", "Ada\r\nBob")), 422, values, "address.recipient"},
		{"a postal code turned round", orderCall(addressed("postalCode", "\u20661")), 422, values, "address.postalCode"},
		{"a status that comes by its own call", spec(map[string]any{"status": "delisted"}), 422, values, "status"},
		{"no variants", spec(map[string]any{"variants": []line{}}), 422, values, "variants"},
		{"the same variant twice", spec(map[string]any{"variants": []line{{"sku": "a", "price": 1}, {"sku": "a", "price": 1}}}), 422, values, "variants[1].sku"},
		{"no price", spec(map[string]any{"variants": []line{{"sku": "a"}}}), 422, values, "variants[0].price"},
		{"price -1", spec(map[string]any{"variants": []line{{"sku": "a", "price": -1}}}), 422, values, "variants[0].price"},
		{"price 1.5", spec(map[string]any{"variants": []line{{"sku": "a", "price": 1.5}}}), 400, malformed, "variants[0].price"},
		{"stock -1", spec(map[string]any{"variants": []line{{"sku": "a", "price": 1, "stock": -1}}}), 422, values, "variants[0].stock"},
		{"unknown field", spec(map[string]any{"colour": "red"}), 400, malformed, "colour"},
		{"attributes of numbers", spec(map[string]any{"attributes": map[string]any{"size": 1}}), 400, malformed, "attributes.size"},
		{"a large description", spec(map[string]any{"description": strings.Repeat("d", 65537)}), 422, values, "description"},
		{"product id", do(http.MethodGet, "/v1/products/a%20b"), 400, malformed, "id"},
		{"product id with a slash", do(http.MethodGet, "/v1/products/a%2Fb"), 404, "no-such-path", ""},
		{"unknown product", do(http.MethodGet, "/v1/products/nothing"), 404, "unknown-product", ""},
		{"If-Match stale", call{method: http.MethodPut, path: "/v1/products/mug", body: spec(nil).body, header: http.Header{"If-Match": {`"1"`}}}, 412, "stale", ""},
		{"If-Match weak", call{method: http.MethodPut, path: "/v1/products/mug", body: spec(nil).body, header: http.Header{"If-Match": {`W/"1"`}}}, 412, "stale", ""},
		{"If-Match of another kind", call{method: http.MethodPut, path: "/v1/products/mug", body: spec(nil).body, header: http.Header{"If-Match": {`"abc"`}}}, 412, "stale", ""},
		{"If-Match unquoted", call{method: http.MethodPut, path: "/v1/products/mug", body: spec(nil).body, header: http.Header{"If-Match": {`1`}}}, 400, malformed, "If-Match"},
		{"If-Match of nothing", call{method: http.MethodPut, path: "/v1/products/new", body: spec(nil).body, header: http.Header{"If-Match": {"*"}}}, 412, "stale", ""},
		{"If-Match of version 0", put("new", "If-Match", `"0"`), 412, "stale", ""},
		{"If-None-Match of one that is there", put("mug", "If-None-Match", "*"), 412, "product-exists", ""},
		{"If-None-Match of a tag", put("new", "If-None-Match", `"1"`), 400, malformed, "If-None-Match"},
		{"If-None-Match and If-Match", call{
			method: http.MethodPut, path: "/v1/products/mug", body: spec(nil).body,
			header: http.Header{"If-None-Match": {"*"}, "If-Match": {"*"}},
		}, 400, malformed, "If-None-Match"},
		{"currency of a product that is there", call{method: http.MethodPut, path: "/v1/products/mug", body: map[string]any{
			"title": "T", "currency": "USD", "variants": []line{{"sku": "one", "price": 1}},
		}}, 409, "moves-by-its-own-call", ""},
		{"stock of a variant that is there", call{method: http.MethodPut, path: "/v1/products/mug", body: map[string]any{
			"title": "T", "currency": "EUR", "variants": []line{{"sku": "one", "price": 1, "stock": 77}},
		}}, 409, "moves-by-its-own-call", ""},
		{"a variant in stock left out", call{method: http.MethodPut, path: "/v1/products/mug", body: map[string]any{
			"title": "T", "currency": "EUR", "variants": []line{{"sku": "two", "price": 1}},
		}}, 409, "variant-in-stock", ""},
		{"delta and count", stock(map[string]any{"delta": 1, "onHand": 1}), 422, values, "delta"},
		{"neither delta nor count", stock(map[string]any{}), 422, values, "delta"},
		{"delta 10^13", stock(map[string]any{"delta": int64(1e13)}), 422, values, "delta"},
		{"more taken than there is", stock(map[string]any{"delta": -6}), 409, "stock-held", ""},
		{"stock above all limits", stock(map[string]any{"delta": int64(1e12)}), 422, values, "delta"},
		{"stock of an unknown variant", stock(map[string]any{"sku": "two", "delta": 1}), 404, "unknown-product", ""},
		{"stock of an unknown product", call{method: http.MethodPost, path: "/v1/products/nothing/stock", body: line{"delta": 1}}, 404, "unknown-product", ""},
		{"list an unknown product", do(http.MethodPost, "/v1/products/nothing/list"), 404, "unknown-product", ""},
		{"delist an unknown product", do(http.MethodPost, "/v1/products/nothing/delist"), 404, "unknown-product", ""},
		{"delist what was never listed", do(http.MethodPost, "/v1/products/draft/delist"), 409, "not-listed", ""},
		{"list with a field", call{method: http.MethodPost, path: "/v1/products/mug/list", body: `{"a":1}`}, 400, malformed, "a"},
		{"list with a list", call{method: http.MethodPost, path: "/v1/products/mug/list", body: `[]`}, 400, malformed, ""},
		{"delist with a field", call{method: http.MethodPost, path: "/v1/products/mug/delist", body: `{"listing":1}`}, 400, malformed, "listing"},
		{"delist with a form", call{
			method: http.MethodPost, path: "/v1/products/mug/delist", body: "a=1",
			header: http.Header{"Content-Type": {"text/plain"}},
		}, 415, "unsupported-media-type", ""},
		{"unknown order", do(http.MethodGet, "/v1/orders/nobody"), 404, "unknown-order", ""},
		{"order id", do(http.MethodGet, "/v1/orders/a%20b"), 400, malformed, "id"},
		{"payment of an unknown order", do(http.MethodGet, "/v1/orders/nobody/payment"), 404, "unknown-order", ""},
		{"cancel an unknown order", do(http.MethodPost, "/v1/orders/nobody/cancel"), 404, "unknown-order", ""},
		{"deliver an unknown order", do(http.MethodPost, "/v1/orders/nobody/deliver"), 404, "unknown-order", ""},
		{"cancel for a reason of one's own", call{method: http.MethodPost, path: "/v1/orders/nobody/cancel", body: line{"reason": "delisted"}}, 422, values, "reason"},
		{"cancel with a list", call{method: http.MethodPost, path: "/v1/orders/nobody/cancel", body: `[]`}, 400, malformed, ""},
		{"deliver with a field", call{method: http.MethodPost, path: "/v1/orders/nobody/deliver", body: `{"a":1}`}, 400, malformed, "a"},
		{"wait in words", do(http.MethodGet, "/v1/orders/nobody?wait=soon"), 400, malformed, "wait"},
		{"wait below zero", do(http.MethodGet, "/v1/orders/nobody?wait=-1s"), 400, malformed, "wait"},
		{"wait of 21 digits", do(http.MethodGet, "/v1/orders/nobody?wait=100000000000000000000"), 400, malformed, "wait"},
		{"a query with a bad escape", do(http.MethodGet, "/v1/orders/nobody?wait=%zz"), 400, malformed, ""},
		{"a query with a semicolon", do(http.MethodGet, "/v1/orders/nobody?a=1;version=3"), 400, malformed, ""},
		{"an order called .", do(http.MethodGet, "/v1/orders/."), 400, malformed, "id"},
		{"an order called ..", do(http.MethodGet, "/v1/orders/%2e%2e"), 400, malformed, "id"},
		{"cancel with two media types", call{
			method: http.MethodPost, path: "/v1/orders/nobody/cancel", body: `{}`,
			header: http.Header{"Content-Type": {"application/json", "application/json"}},
		}, 415, "unsupported-media-type", ""},
		{"a part that the page has not", do(http.MethodGet, "/docs/x"), 404, "no-such-path", ""},
		{"a folder of the page", do(http.MethodGet, "/docs/."), 404, "no-such-path", ""},
		{"version in words", do(http.MethodGet, "/v1/orders/nobody?version=last"), 400, malformed, ""},
		{"version below zero", do(http.MethodGet, "/v1/orders/nobody?version=-1"), 400, malformed, "version"},
		{"unknown path", do(http.MethodGet, "/v2/orders"), 404, "no-such-path", ""},
		{"wrong method", do(http.MethodDelete, "/v1/orders/nobody"), 405, "method-not-allowed", ""},
		{"wrong method for the list", do(http.MethodPut, "/v1/orders"), 405, "method-not-allowed", ""},
		{"unknown provider", call{method: http.MethodPost, path: "/v1/payments/callbacks/nobody", body: `{}`}, 404, "unknown-provider", ""},
	}
}

func TestBadInputIsReportedAndChangesNothing(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.putProduct("draft", 5, func(s *product.Spec) { s.Status = product.StatusDraft })
	g.putProduct("gone", 5)
	require.NoError(t, g.stock.Delist(t.Context(), "gone", 1))
	g.putProduct("usd", 5, func(s *product.Spec) { s.Currency = "USD" })
	g.putProduct("pair", 5, func(s *product.Spec) {
		s.Variants = append(s.Variants, product.VariantSpec{SKU: "two", Price: 1})
	})
	for i := range 11 {
		g.putProduct(fmt.Sprintf("dear%d", i), 1_000_000, func(s *product.Spec) { s.Variants[0].Price = product.MaxPrice })
	}
	before := g.state()
	for _, b := range append(badOrders(), badOthers()...) {
		t.Run(b.name, func(t *testing.T) {
			g.t = t
			a := g.do(b.call)
			require.Equal(t, b.status, a.status, "%.400s", a.body)
			p := a.problem(t)
			require.Equal(t, "/problems/"+b.kind, p.Type)
			require.NotEmpty(t, p.Title)
			if b.field != "" {
				require.NotEmpty(t, p.Errors, "%s", a.body)
				require.Equal(t, b.field, p.Errors[0].Path)
				require.NotEmpty(t, p.Errors[0].Reason)
			}
			if a.status == http.StatusMethodNotAllowed {
				require.NotEmpty(t, a.header.Get("Allow"))
			}
			require.Equal(t, before, g.state(), "something has changed")
		})
	}
}

func TestRequestsToAClosedOrderAreRefused(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	body := basket(line{"productId": "mug", "quantity": 1})
	cancelled, paid := g.place("", body).order(t), g.place("", body).order(t)
	waiting, ended := g.place("", body).order(t), g.place("", body).order(t)
	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+cancelled.ID+"/cancel", nil).status)
	require.Equal(t, http.StatusNoContent, g.callback(order.PaymentEvent{
		Type: order.PaymentSucceeded, OrderID: paid.ID, PaymentID: "p-1", Amount: 1000, Currency: "EUR",
	}).status)
	g.temporal.set(func(f *fakeTemporal) { f.sagas["order/"+ended.ID].endedByHand = true })
	delivered := func() {
		require.Equal(t, http.StatusOK, g.post("/v1/orders/"+paid.ID+"/deliver", nil).status)
	}
	for _, c := range []struct {
		name, path string
		status     int
		kind       string
		first      func()
	}{
		{"cancel again", cancelled.ID + "/cancel", 200, "", nil},
		{"deliver a cancelled one", cancelled.ID + "/deliver", 409, "order-closed", nil},
		{"deliver an unpaid one", waiting.ID + "/deliver", 409, "order-not-paid", nil},
		{"deliver again", paid.ID + "/deliver", 200, "", delivered},
		{"cancel a delivered one", paid.ID + "/cancel", 409, "order-closed", nil},
		{"cancel one whose workflow was terminated", ended.ID + "/cancel", 409, "order-closed", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.t = t
			if c.first != nil {
				c.first()
			}
			before := g.state()
			a := g.post("/v1/orders/"+c.path, nil)
			require.Equal(t, c.status, a.status, "%s", a.body)
			if c.kind != "" {
				require.Equal(t, "/problems/"+c.kind, a.problem(t).Type)
			}
			require.Equal(t, before, g.state())
		})
	}
}

func TestEveryFailingLineIsNamed(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.putProduct("cup", 1)
	g.putProduct("draft", 1, func(s *product.Spec) { s.Status = product.StatusDraft })
	a := g.place("", basket(
		line{"productId": "mug", "quantity": 2, "unitPrice": 900}, line{"productId": "cup", "quantity": 3},
		line{"productId": "mug", "sku": "one", "quantity": 4}, line{"productId": "draft", "quantity": 1},
		line{"productId": "nothing", "sku": "x", "quantity": 1},
	))
	require.Equal(t, http.StatusNotFound, a.status)
	p := a.problem(t)
	require.Equal(t, "/problems/unknown-product", p.Type)
	price := int64(1000)
	require.ElementsMatch(t, []order.Shortage{
		{ProductID: "cup", SKU: "one", Requested: 3, Available: 1, Reason: product.ReasonOutOfStock},
		{ProductID: "draft", Requested: 1, Reason: product.ReasonNotListed},
		{ProductID: "mug", SKU: "one", Requested: 6, Reason: product.ReasonPriceChanged, CurrentPrice: &price},
		{ProductID: "mug", SKU: "one", Requested: 6, Available: 5, Reason: product.ReasonOutOfStock},
		{ProductID: "nothing", SKU: "x", Requested: 1, Reason: product.ReasonNotFound},
	}, p.Shortages)
}

func TestBadCallbacksChangeNothing(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	good := fmt.Sprintf(`{"type":"payment.succeeded","data":{"orderId":%q,"paymentId":"p-1","amount":1000,"currency":"EUR"}}`, o.ID)
	before := g.state()
	for _, c := range []struct {
		name, body string
		at         time.Time
		change     func(http.Header)
		status     int
		kind       string
	}{
		{"no signature", good, time.Now(), func(h http.Header) { h.Del("webhook-signature") }, 401, "bad-signature"},
		{"another body's signature", good, time.Now(), func(h http.Header) { h.Set("webhook-id", "other") }, 401, "bad-signature"},
		{"an old timestamp", good, time.Now().Add(-6 * time.Minute), nil, 401, "stale-timestamp"},
		{"a timestamp to come", good, time.Now().Add(6 * time.Minute), nil, 401, "stale-timestamp"},
		{"an unknown type", `{"type":"payment.teleported","data":{}}`, time.Now(), nil, 400, "unknown-callback-type"},
		{"not JSON", `{`, time.Now(), nil, 400, "malformed-callback"},
		{"amount 0", strings.Replace(good, "1000", "0", 1), time.Now(), nil, 400, "malformed-callback"},
		{"another media type", good, time.Now(), func(h http.Header) { h.Set("Content-Type", "text/plain") }, 415, "unsupported-media-type"},
		{"2 MiB", strings.Repeat(" ", 2<<20) + good, time.Now(), nil, 413, "body-too-large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.t = t
			cb, err := g.sandbox.Sign("msg_1", c.at, []byte(c.body))
			require.NoError(t, err)
			if c.change != nil {
				c.change(cb.Header)
			}
			a := g.do(call{method: http.MethodPost, path: "/v1/payments/callbacks/sandbox", body: cb.Body, header: cb.Header})
			require.Equal(t, c.status, a.status, "%s", a.body)
			require.Equal(t, "/problems/"+c.kind, a.problem(t).Type)
			require.Equal(t, before, g.state())
		})
	}
}
