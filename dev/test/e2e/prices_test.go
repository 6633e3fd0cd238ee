package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// put sends a document as staff.
func (d delivery) put(t *testing.T, path string, body any) {
	t.Helper()
	a, err := d.Do(t.Context(), shoptest.Call{Method: http.MethodPut, Path: path, Body: shoptest.JSON(t, body)})
	require.NoError(t, err)
	require.Contains(t, []int{http.StatusOK, http.StatusCreated, http.StatusNoContent}, a.Status, "%s", a.Body)
}

type object = map[string]any

// A gold member orders with a coupon, cancels, orders again, and returns one unit. Every amount
// follows from the document, and what comes back is what was paid for it.
func TestAMembersOrderIsExplainedByItsDocument(t *testing.T) {
	d := newDelivery(t, time.Hour)
	ctx := t.Context()
	for _, id := range []string{"mug", "cup"} {
		d.put(t, "/v1/products/"+id, object{
			"title": id, "currency": "EUR", "variants": []object{{"sku": "one", "price": 1250, "stock": 10}},
		})
	}
	d.put(t, "/v1/price-book", object{
		"levels": []object{{"number": 1, "name": "Silver", "discount": 500}, {"number": 2, "name": "Gold", "discount": 1000}},
		"itemPromotions": []object{
			{"id": "cups", "title": "Cups", "scope": object{"products": []string{"cup"}}, "action": object{"rate": 2000}},
		},
		"shippingMethods": []object{{
			"id": "post", "title": "Post", "currency": "EUR", "default": true, "taxClass": "standard",
			"brackets": []object{{"from": 0, "price": 490}}, "freeFrom": 10_000,
		}},
		"taxes": object{
			"included": true, "home": object{"country": "DE"}, "classes": []object{{"id": "standard", "default": true}},
			"rules": []object{{"class": "standard", "country": "DE", "rate": 1900}},
		},
	})
	d.put(t, "/v1/customers/ada", object{"name": "Ada", "level": 2})
	d.put(t, "/v1/coupons/SPRING", object{"action": object{"rate": 500}, "limit": 10, "perCustomer": 1})

	place := func(key string) (order.Order, error) {
		var o order.Order
		placed, err := d.Client.Place(ctx, key, shoptest.JSON(t, object{
			"customerId": "ada", "couponCodes": []string{"spring"}, "address": hamburg("1 Harbour Street"),
			"lines": []object{{"productId": "mug", "quantity": 2}, {"productId": "cup", "quantity": 3}},
		}))
		if err != nil {
			return o, err
		}
		return o, placed.Decode(&o)
	}
	first, err := place("first")
	require.NoError(t, err)
	_, err = place("second")
	var refused *client.Problem
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "coupon-refused", refused.Kind(), "once for each customer")
	_, err = d.Cancel(ctx, first.ID, "", client.Cancellation{Reason: "customer"})
	require.NoError(t, err)
	o, err := place("third")
	require.NoError(t, err, "the use came back with the cancelled order")

	// Two mugs and three cups at 1250: 10% for the level leaves 2250 and 3375, 20% for the cups 2700. The
	// coupon's 5% of both together, 247.5, is rounded half up and divided: 113 and 135.
	require.Equal(t, map[string]int64{
		"items": 6250, "discount": 250 + 375 + 675 + 248, "shipping": 490, "includedTax": 829,
		"total": 2137 + 2565 + 490, "paid": 0, "refunded": 0,
	}, o.Amounts)
	require.Equal(t, []int64{2137, 2565}, []int64{*o.Lines[0].Total, *o.Lines[1].Total})
	for _, l := range o.Lines {
		sum := l.Amount
		for _, a := range l.Adjustments {
			sum += a.Amount
		}
		require.Equal(t, *l.Total, sum)
		require.Equal(t, sum, l.Net+l.Tax)
	}

	o = d.Pay(t, o)
	_, err = d.Deliver(ctx, o.ID, "")
	require.NoError(t, err)
	back, err := d.OpenReturn(ctx, o.ID, "return", client.Announcement{Lines: []order.ReturnLine{{LineUnits: of("2", 1)}}})
	require.NoError(t, err)
	_, err = d.DecideReturn(ctx, o.ID, back.ID, true, "")
	require.NoError(t, err)
	back, err = d.ReceiveReturn(ctx, o.ID, back.ID, "receipt", []order.ReceivedUnits{{LineUnits: of("2", 1), Condition: order.ConditionRestock}})
	require.NoError(t, err)
	require.EqualValues(t, 2565/3, back.Refund)
	_, err = place("fourth")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "coupon-refused", refused.Kind(), "a return keeps the use")
	d.AwaitPayment(t, o.ID, "the unit is refunded", func(p shoptest.PaymentResult) bool {
		return len(p.Refunds) == 1 && p.Refunds[0].Status == order.RefundPaid && p.Refunds[0].Amount == 2565/3
	})
}
