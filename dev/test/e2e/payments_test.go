package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// row is one order and its payment, for a row of docs/payments.md.
type row struct {
	*testing.T
	shop    *shoptest.Shop
	o       order.Order
	offer   shoptest.Offer
	product string
}

// says sends a callback of the row's payment, with changes.
func (r *row) says(kind order.PaymentEventType, change ...func(*order.PaymentEvent)) order.PaymentEvent {
	r.Helper()
	e := shoptest.PaymentOf(r.o)
	e.Type, e.PaymentID = kind, r.offer.PaymentID
	for _, c := range change {
		c(&e)
	}
	r.shop.Tell(r.T, e)
	return e
}

// refunded pays the order at the provider and refunds all of it.
func (r *row) refunded(key string) order.Refund {
	r.Helper()
	r.shop.Choose(r.T, r.offer, "pay")
	r.is(order.StatusAwaitingShipment)
	r.shop.Refund(r.T, r.o.ID, key, 0, http.StatusCreated)
	return r.shop.AwaitRefund(r.T, r.o.ID, r.offer.PaymentID, order.RefundPaid)
}

// disputed waits until the dispute of the order's payment has this status, in the record
// and in the list of open disputes.
func (r *row) disputed(status order.DisputeStatus) (d order.Dispute) {
	r.Helper()
	r.shop.AwaitPayment(r.T, r.o.ID, "the dispute is "+string(status), func(p shoptest.PaymentResult) bool {
		if len(p.Disputes) == 1 {
			d = p.Disputes[0]
		}
		return d.Status == status
	})
	shoptest.Until(r.T, "the dispute is listed", func(ctx context.Context) error {
		a, err := r.shop.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: "/v1/disputes?limit=100"})
		if err == nil && !strings.Contains(string(a.Body), d.ID) {
			err = fmt.Errorf("%s", a.Body)
		}
		return err
	})
	return d
}

func (r *row) dismissed(d order.Dispute) {
	r.Helper()
	for range 2 { // again changes nothing
		r.shop.Must(r.T, http.StatusOK, shoptest.Call{
			Method: http.MethodPost, Path: "/v1/disputes/dismiss",
			Body: shoptest.JSON(r.T, map[string]any{"provider": d.Provider, "disputeId": d.ID}),
		})
	}
}

func another(e *order.PaymentEvent) { e.PaymentID = "other-" + e.OrderID }

func (r *row) is(status order.Status) {
	r.Helper()
	require.Equal(r.T, status, r.shop.Await(r.T, r.o.ID, status).Status)
}

// stays requires that the order is unchanged once the message was judged.
func (r *row) stays(status order.Status, paymentID string, kind order.PaymentEventType) {
	r.Helper()
	r.shop.AwaitPayment(r.T, r.o.ID, "the message is written down", func(p shoptest.PaymentResult) bool {
		for _, a := range p.Attempts {
			if a.PaymentID == paymentID && a.Type == kind {
				return true
			}
		}
		return false
	})
	require.Equal(r.T, status, r.shop.Order(r.T, r.o.ID).Status)
}

func (r *row) goesBack(paymentID string, reason order.RefundReason) {
	r.Helper()
	require.Equal(r.T, reason, r.shop.AwaitRefund(r.T, r.o.ID, paymentID, order.RefundPaid).Reason)
}

// refunds requires this many recorded refunds.
func (r *row) refunds(n int) {
	r.Helper()
	p, err := r.shop.Payment(r.Context(), r.o.ID)
	require.NoError(r.T, err)
	require.Len(r.T, p.Refunds, n)
}

func (r *row) cancel() { r.shop.Must(r.T, http.StatusOK, shoptest.Cancellation(r.T, r.o.ID)) }

func (r *row) send(status int, change func(*shoptest.Call)) {
	r.Helper()
	e := shoptest.PaymentOf(r.o)
	e.PaymentID = r.offer.PaymentID
	c, err := r.shop.Callback(e)
	require.NoError(r.T, err)
	change(&c)
	r.shop.Must(r.T, status, c)
	require.Equal(r.T, order.StatusAwaitingPayment, r.shop.Order(r.T, r.o.ID).Status)
}

// rows are the callbacks of docs/payments.md that this stack can produce; those that need a
// stock or a Temporal that is down are tested where these can be stopped, in the file that
// is named.
var rows = map[string]func(*row){
	"success, full amount|waits for its payment": func(r *row) {
		r.says(order.PaymentSucceeded)
		r.is(order.StatusAwaitingShipment)
	},
	"success again, same or other event id|paid by this payment": func(r *row) {
		e := r.says(order.PaymentSucceeded)
		r.is(order.StatusAwaitingShipment)
		r.shop.Tell(r.T, e)
		r.says(order.PaymentSucceeded)
		r.shop.Must(r.T, http.StatusOK, shoptest.Delivery(r.o.ID))
		r.refunds(0)
	},
	"success of another payment|paid": func(r *row) {
		r.says(order.PaymentSucceeded)
		r.is(order.StatusAwaitingShipment)
		r.goesBack(r.says(order.PaymentSucceeded, another).PaymentID, order.RefundDouble)
	},
	"success|expired or cancelled": func(r *row) {
		r.cancel()
		r.shop.Choose(r.T, r.offer, "pay_late")
		r.goesBack(r.offer.PaymentID, order.RefundLate)
		r.says(order.PaymentSucceeded) // and again
		r.refunds(1)
	},
	"success again of the payment that was taken|delivered, or cancelled after it was paid": func(r *row) {
		r.shop.Choose(r.T, r.offer, "pay")
		r.is(order.StatusAwaitingShipment)
		r.cancel()
		r.goesBack(r.offer.PaymentID, order.RefundCancelled)
		r.says(order.PaymentSucceeded)
		r.says(order.PaymentSucceeded, another)
		r.goesBack("other-"+r.o.ID, order.RefundLate)
		r.refunds(2)
	},
	"success, other amount or currency|waits": func(r *row) {
		wrong := r.says(order.PaymentSucceeded, another, func(e *order.PaymentEvent) { e.Amount++ })
		r.goesBack(wrong.PaymentID, order.RefundWrongAmount)
		foreign := r.says(order.PaymentSucceeded, func(e *order.PaymentEvent) { e.Currency, e.PaymentID = "JPY", "yen-"+e.OrderID })
		r.goesBack(foreign.PaymentID, order.RefundWrongAmount)
		r.says(order.PaymentSucceeded)
		r.is(order.StatusAwaitingShipment)
	},
	"failed|waits": func(r *row) {
		r.says(order.PaymentFailed)
		r.stays(order.StatusAwaitingPayment, r.offer.PaymentID, order.PaymentFailed)
		second := r.shop.Open(r.T, r.o, http.StatusCreated)
		require.Equal(r.T, 2, second.Attempt)
		require.NotEqual(r.T, r.offer.PaymentID, second.PaymentID)
	},
	"failed after the success, or the other way round|waits": func(r *row) {
		r.says(order.PaymentFailed)
		r.says(order.PaymentSucceeded)
		r.is(order.StatusAwaitingShipment)
		r.says(order.PaymentFailed)
		r.shop.Must(r.T, http.StatusOK, shoptest.Delivery(r.o.ID))
		r.refunds(0)
	},
	"refused, of the open payment|waits": func(r *row) {
		r.says(order.PaymentDeclined)
		r.is(order.StatusCancelled)
		require.Equal(r.T, order.ReasonPaymentRefused, r.shop.Order(r.T, r.o.ID).CancelReason)
		r.shop.RequireStock(r.T, r.product, 3, 0)
	},
	"refused, of another one|waits": func(r *row) {
		e := r.says(order.PaymentDeclined, another)
		r.stays(order.StatusAwaitingPayment, e.PaymentID, order.PaymentDeclined)
	},
	"failed, refused, cancelled|closed": func(r *row) {
		r.cancel()
		r.says(order.PaymentFailed)
		r.says(order.PaymentDeclined)
		r.refunds(0)
	},
	"refund failed after it was paid|any, even if closed": func(r *row) {
		paid := r.refunded("k-1")
		r.cancel() // nothing is left of the payment; the order has ended
		r.shop.Choose(r.T, r.offer, "fail_refund")
		failed := r.shop.AwaitRefund(r.T, r.o.ID, r.offer.PaymentID, order.RefundFailed)
		require.Equal(r.T, paid.ID, failed.ID)
		require.NotEmpty(r.T, failed.Detail)
		require.Zero(r.T, failed.PaidAt)
		require.Equal(r.T, order.PaymentPaid, r.shop.Order(r.T, r.o.ID).Payment.Status, "the shop has the money")
		shoptest.Until(r.T, "the refund is among those to decide", func(ctx context.Context) error {
			a, err := r.shop.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: "/v1/refunds?status=failed"})
			if err == nil && !strings.Contains(string(a.Body), paid.ID) {
				err = fmt.Errorf("%s", a.Body)
			}
			return err
		})
		r.shop.Decide(r.T, http.StatusOK, "d-1", map[string]any{"paymentId": r.offer.PaymentID, "refundId": paid.ID, "choice": "refund"})
		again := r.shop.AwaitRefund(r.T, r.o.ID, r.offer.PaymentID, order.RefundPaid)
		require.NotEqual(r.T, paid.ProviderID, again.ProviderID)
		r.refunds(1)
	},
	"refund failed, but the money has been sent again since|any, even if closed": func(r *row) {
		paid := r.refunded("k-1")
		decision := map[string]any{"paymentId": r.offer.PaymentID, "refundId": paid.ID, "choice": "refund"}
		r.shop.Choose(r.T, r.offer, "fail_refund")
		r.shop.AwaitRefund(r.T, r.o.ID, r.offer.PaymentID, order.RefundFailed)
		r.shop.Decide(r.T, http.StatusOK, "d-1", decision)
		again := r.shop.AwaitRefund(r.T, r.o.ID, r.offer.PaymentID, order.RefundPaid)
		r.says(order.PaymentRefundFailed, func(e *order.PaymentEvent) {
			e.Refund = &order.FailedRefund{ID: paid.ID, ProviderID: paid.ProviderID, Detail: "late"}
		})
		r.shop.Decide(r.T, http.StatusConflict, "d-2", decision)
		require.Equal(r.T, again, r.shop.AwaitRefund(r.T, r.o.ID, r.offer.PaymentID, order.RefundPaid))
	},
	"a dispute, or news about one|any, even if closed": func(r *row) {
		r.shop.Choose(r.T, r.offer, "pay")
		r.is(order.StatusAwaitingShipment)
		r.shop.Must(r.T, http.StatusOK, shoptest.Delivery(r.o.ID))
		r.shop.Choose(r.T, r.offer, "dispute")
		d := r.disputed(order.DisputeNeedsResponse)
		require.Equal(r.T, order.DisputeFundsWithdrawn, d.Funds)
		require.Equal(r.T, order.StatusDelivered, r.shop.Order(r.T, r.o.ID).Status)
		r.dismissed(d)
		r.shop.Choose(r.T, r.offer, "dispute_lost")
		r.dismissed(r.disputed(order.DisputeLost))
	},
	"timestamp more than 5 minutes off|any": func(r *row) {
		e := shoptest.PaymentOf(r.o)
		for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
			c, err := r.shop.CallbackAt(e, time.Now().Add(off))
			require.NoError(r.T, err)
			r.shop.Must(r.T, http.StatusUnauthorized, c)
		}
		require.Equal(r.T, order.StatusAwaitingPayment, r.shop.Order(r.T, r.o.ID).Status)
	},
	"signature missing or wrong, body changed|any": func(r *row) {
		r.send(http.StatusUnauthorized, func(c *shoptest.Call) { c.Header.Del("webhook-signature") })
		r.send(http.StatusUnauthorized, func(c *shoptest.Call) { c.Header.Set("webhook-id", "another") })
		r.send(http.StatusUnauthorized, func(c *shoptest.Call) { c.Body = append(c.Body, ' ') })
	},
	"malformed, or of an unknown type|any": func(r *row) {
		for _, body := range []string{`{`, `{"type":"payment.teleported","data":{}}`} {
			c, err := r.shop.Signed("evt-"+uuid.NewString(), []byte(body))
			require.NoError(r.T, err)
			r.shop.Must(r.T, http.StatusBadRequest, c)
		}
	},
	"hours late, with a current signature and timestamp|any": func(r *row) {
		r.cancel()
		r.goesBack(r.says(order.PaymentSucceeded, another).PaymentID, order.RefundLate)
	},
}

// elsewhere names the tests of rows that need more than REST.
var elsewhere = map[string]string{
	"a repetition of an earlier message, under any event id|open":                   "flood_test.go TestAPaymentThatKeepsFailingDoesNotKeepTheNextOneOut",
	"old or repeated news about a dispute|any, even if closed":                      "../../../workflows/dispute_test.go TestADismissedDisputeIsOpenedAgainByNews",
	"success, full amount|still reserving":                                          "../../../workflows/payment_test.go TestPaymentWhileReserving",
	"success, full amount|rejected since":                                           "../../../workflows/payment_test.go TestPaymentWhileReservingWhatCannotBeHad",
	"success|unknown":                                                               "refund_test.go TestPaymentOfAnUnknownOrderIsACase",
	"success, before the order's own answer|being placed":                           "../../../workflows/payment_test.go TestPaymentWhileReserving",
	"success while the order is about to end|the provider is being asked to cancel": "../../../workflows/provider_ending_test.go TestPaidWhileTheProviderIsAsked",
	"cancelled by the provider|waits":                                               "../../../workflows/provider_test.go TestAPaymentThatItsProviderCancels",
	"signed, but irrelevant to orders|any":                                          "../../../api/pay_test.go TestAnIrrelevantCallbackIsAccepted",
	"Temporal is away|any":                                                          "../../../api/payments_test.go TestACallbackIsRefusedWhileTemporalIsUnavailable",
}

// documented are the rows of the table of callbacks in docs/payments.md.
func documented(t *testing.T) []string {
	t.Helper()
	doc, err := os.ReadFile("../../../docs/payments.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(doc), "## Callbacks\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n## ")
	var all []string
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.Contains(line, "---") || strings.Contains(line, "what comes") {
			continue
		}
		all = append(all, strings.TrimSpace(cells[1])+"|"+strings.TrimSpace(cells[2]))
	}
	require.NotEmpty(t, all)
	return all
}

func TestEveryDocumentedCallback(t *testing.T) {
	shop := open(t)
	all := documented(t)
	require.Len(t, all, len(rows)+len(elsewhere), "a test for each row of docs/payments.md, and a row for each test")
	for i, name := range all {
		if place, there := elsewhere[name]; there {
			file, test, _ := strings.Cut(place, " ")
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Contains(t, string(source), "func "+test+"(", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			do, there := rows[name]
			require.True(t, there, "no test")
			r := &row{T: t, shop: shop, product: "row-" + string(rune('a'+i))}
			shop.Offer(t, r.product, 3)
			r.o = shop.Place(t, shoptest.Line{ProductID: r.product, Quantity: 1})
			r.offer = shop.Open(t, r.o, http.StatusCreated)
			do(r)
		})
	}
}
