package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/api"
	"holdfast/order"
	"holdfast/product"
)

// Whatever the availability read refuses, the saga would have refused with the same problem; and
// whatever it lets pass, the saga holds.
func TestTheAvailabilityReadRefusesAsTheSagaDoes(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.MaxUnits = 5 })
	g.shop()
	sagas := g.temporal.asSagas()
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(drawLine), 1, 5).Draw(rt, "lines")
		seen := g.place("", basket(lines...))
		if seen.status == http.StatusCreated {
			require.Equal(rt, http.StatusOK, g.post("/v1/orders/"+seen.order(t).ID+"/cancel", nil).status)
			return
		}
		p := order.Placement{
			OrderID: uuid.NewString(), CustomerID: "c-1", PaymentWindow: time.Minute, Saga: order.SagaVersion, MaxUnits: 5,
		}
		written, err := json.Marshal(lines)
		require.NoError(rt, err)
		require.NoError(rt, json.Unmarshal(written, &p.Lines))
		decided, err := sagas.Place(t.Context(), p) // without a quote: as orders were placed before there were any
		require.NoError(rt, err)
		require.Equal(rt, order.StatusRejected, decided.Outcome.Status)
		was, is := decided.Outcome.Shortages, seen.problem(t).Shortages
		if mixed(was) || mixed(is) {
			return // the saga knew no currency to compare with
		}
		require.Equal(rt, order.Gravest(was), order.Gravest(is))
		require.Equal(rt, was, is)
	})
}

func mixed(shortages []order.Shortage) bool {
	for _, s := range shortages {
		if s.Reason == product.ReasonOtherCurrency {
			return true
		}
	}
	return false
}

// shop has a product of every kind that an order can meet.
func (g *gateway) shop() {
	g.putProduct("mug", 5)
	g.putProduct("few", 1)
	g.putProduct("draft", 5, func(s *product.Spec) { s.Status = product.StatusDraft })
	g.putProduct("usd", 5, func(s *product.Spec) { s.Currency = "USD" })
	g.putProduct("dear", 1_000_000, func(s *product.Spec) { s.Variants[0].Price = product.MaxPrice })
	g.putProduct("pair", 2, func(s *product.Spec) {
		two := int64(3)
		s.Variants = append(s.Variants, product.VariantSpec{SKU: "two", Price: 2000, Stock: &two})
	})
}

func drawLine(t *rapid.T) line {
	l := line{
		"productId": rapid.SampledFrom([]string{"mug", "mug", "few", "pair", "pair", "draft", "usd", "nothing"}).Draw(t, "product"),
		"quantity":  rapid.SampledFrom([]int64{1, 1, 2, 3, 6}).Draw(t, "quantity"),
	}
	if sku := rapid.SampledFrom([]string{"", "one", "two", "six"}).Draw(t, "sku"); sku != "" {
		l["sku"] = sku
	}
	if price := rapid.SampledFrom([]int64{-1, 1000, 2000}).Draw(t, "price"); price >= 0 {
		l["unitPrice"] = price
	}
	return l
}

// beyondContract has the reasons for refusals that the contract's schema can't express.
var beyondContract = []string{
	"fraction or exponent", // JSON Schema takes 1.0 and 1e0 for integers
	"appears twice",        // a repeated field, a repeated sku
	" bytes",               // the schema counts characters
	"not valid JSON",       // broken UTF-8, half a surrogate pair
	"either delta or onHand",
	`"path":"customerId"`, // an operator has to say whose order it is
	"control characters",
	"direction of text",
	"currency of ISO 4217", // the schema knows the form
}

// agree holds an answer against the contract both ways: the harness requires
// that what the contract refuses is refused; here, that what the gateway
// refuses as malformed or out of limits is refused by the contract too.
func (g *gateway) agree(k call) {
	g.t.Helper()
	a := g.do(k)
	if a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity {
		return
	}
	r := k.request(g.t.Context(), g.t)
	route, params, err := g.contract.FindRoute(r)
	require.NoError(g.t, err)
	if openapi3filter.ValidateRequest(g.t.Context(), requestInput(r, params, route)) != nil {
		return
	}
	text := string(a.body)
	if strings.Contains(text, "amount-too-large") {
		return
	}
	for _, reason := range beyondContract {
		if strings.Contains(text, reason) {
			return
		}
	}
	g.t.Fatalf("the contract takes what the gateway refuses: %s\n%s", k.body, a.body)
}

func FuzzOrderAgreesWithTheContract(f *testing.F) {
	g := newGateway(f)
	g.shop()
	for _, b := range badOrders() {
		if s, ok := b.call.body.(string); ok && len(s) < 1000 {
			f.Add(s)
		}
	}
	for _, s := range []string{
		`{"customerId":"c-1","lines":[{"productId":"mug","sku":"","quantity":1,"unitPrice":0}]}`,
		`{"customerId":"c-1","lines":[{"productId":"mug","quantity":1.0}]}`,
		`{"customerId":"c-1","lines":[{"productId":"mug","quantity":1e0}]}`,
		`{"customerId":"c-1","lines":[{"productId":"mug","quantity":9,"unitPrice":null}],"address":null}`,
		`{"customerId":"c-1","lines":[{"productId":"mug","quantity":9}],"address":{"recipient":"R","line1":"1","city":"C","country":"DE","email":"é"}}`,
		`{"customerId":".","lines":[{"productId":"mug","quantity":9}]}`, `{"customerId":"..","lines":[{"productId":"mug","quantity":9}]}`,
		`{"customerId":"...","lines":[{"productId":"..a","sku":"....","quantity":9}]}`,
		`{"customerId":"\ud800","lines":null}`, `{"customerId":"c","lines":[{"productId":"mug","quantity":9}]} `,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		g.t = t
		if body != "" {
			g.agree(orderCall(body))
		}
	})
}

func FuzzProductAgreesWithTheContract(f *testing.F) {
	g := newGateway(f)
	for _, s := range []string{
		`{"title":"T","currency":"EUR","status":"","variants":[{"sku":"a","price":1,"stock":1}]}`,
		`{"title":"T","currency":"EUR","status":"draft","tags":["x"],"attributes":{"a":"b"},"variants":[{"sku":"a","title":"t","price":1}]}`,
		`{"title":"T","currency":"EUR","tags":null,"variants":[{"sku":"a","price":1}]}`,
		`{"title":"","currency":"EUR","variants":[]}`, `{"Title":"T"}`, `{"title":"T","variants":[{"price":-1}]}`,
		`{"title":"T","currency":"EUR","variants":[{"sku":"a"}]}`,
	} {
		f.Add(s)
	}
	n := 0
	f.Fuzz(func(t *testing.T, body string) {
		g.t = t
		if body != "" {
			n++
			g.agree(call{method: http.MethodPut, path: fmt.Sprintf("/v1/products/p%d", n), body: body})
			g.agree(call{method: http.MethodPost, path: "/v1/products/p1/stock", body: body})
		}
	})
}
