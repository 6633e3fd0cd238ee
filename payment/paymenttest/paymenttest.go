// Package paymenttest is the suite that every payment provider passes: what the sagas rely
// on when they open, cancel and refund payments, including the buyer, the money and lost
// answers.
package paymenttest

import (
	"cmp"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
)

// Harness is one provider and its surroundings. A nil field means that the provider doesn't
// have the feature: its tests are skipped.
type Harness struct {
	// Name of the provider, as used in its events.
	Name     string
	Provider payment.Provider
	// Sent returns the callbacks of a payment that were sent so far, in order, after
	// sending those that are due.
	Sent func(t testing.TB, paymentID string) []Message
	// Now is the time for reading callbacks; nil is time.Now.
	Now func() time.Time

	// Pay has the buyer pay, from any state that allows it.
	Pay func(t testing.TB, paymentID string)
	// PayOther has the buyer pay another amount.
	PayOther func(t testing.TB, paymentID string, amount int64)
	// Decline fails one try of the buyer.
	Decline func(t testing.TB, paymentID string)
	// Refuse has the provider refuse the buyer's money for good.
	Refuse func(t testing.TB, paymentID string)
	// Process has the buyer pay by a slow method; Pay and Decline resolve it.
	Process func(t testing.TB, paymentID string)
	// PayLate has the buyer's money arrive although the payment was cancelled.
	PayLate func(t testing.TB, paymentID string)
	// PayTwice has the buyer pay by this payment and by one more.
	PayTwice func(t testing.TB, paymentID string)
	// FailRefund has the money of a payment's last refund come back after it was paid out.
	FailRefund func(t testing.TB, paymentID string)

	// Lose makes the next call fail with payment.ErrUnavailable after it was carried out.
	Lose func(t testing.TB)
	// TakesUnknown means that a refund of a payment which the provider doesn't know is paid
	// out.
	TakesUnknown bool
	// Minimum is the smallest amount that the provider accepts; 0 means 1.
	Minimum int64
}

// Message is a callback as it was sent.
type Message struct {
	Header http.Header
	Body   []byte
}

func (h Harness) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// Run runs the suite. Each test gets a harness of its own; they may share the provider.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Harness){
		"create is idempotent":                      createAgain,
		"create is idempotent after a lost answer":  createAfterALostAnswer,
		"create is one payment in parallel":         createInParallel,
		"create of other attempts":                  createOthers,
		"create of nonsense is refused":             createNonsense,
		"checkout":                                  checkout,
		"cancel an open payment":                    cancelOpen,
		"cancel a payment whose answer was lost":    cancelLost,
		"cancel before create":                      cancelBeforeCreate,
		"cancel and create at the same time":        cancelAndCreate,
		"cancel and pay at the same time":           cancelAndPay,
		"cancel a paid payment":                     cancelPaid,
		"cancel a payment that is being processed":  cancelProcessing,
		"cancel a payment that was declined":        cancelDeclined,
		"cancel a refused payment":                  cancelRefused,
		"a decline leaves the payment payable":      declined,
		"money that comes late":                     late,
		"money that comes twice":                    twice,
		"another amount":                            otherAmount,
		"refund the whole":                          refundWhole,
		"refund in parts":                           refundParts,
		"refund too much":                           refundTooMuch,
		"refund in parallel":                        refundParallel,
		"refund of what was not paid":               refundUnpaid,
		"refund after a lost answer":                refundLost,
		"a refund that comes back":                  refundComesBack,
		"one refund id for two payments":            refundTwoPayments,
		"refund of a payment that nobody knows":     refundUnknown,
		"look up":                                   lookUp,
		"walk":                                      walk,
		"a callback comes back as it was":           roundTrip,
		"a forged callback is refused":              forged,
		"an old callback is refused":                stale,
		"a cancelled payment tells of no money":     cancelledSaysNothing,
		"a call beyond its time doesn't take money": outOfTime,
	} {
		t.Run(name, func(t *testing.T) { test(t, newHarness(t)) })
	}
}

// need skips a test if the provider doesn't have the feature.
func need(t *testing.T, there bool, what string) {
	t.Helper()
	if !there {
		t.Skip("the provider can't " + what)
	}
}

// request is for the first payment of an order that no other test uses.
func (h Harness) request() order.PaymentRequest {
	return order.PaymentRequest{
		Provider: h.Name, OrderID: uuid.NewString(), Attempt: 1, Amount: cmp.Or(h.Minimum, 1) * 1250, Currency: "EUR",
		Until: h.now().Add(15 * time.Minute).UTC().Truncate(time.Millisecond),
	}
}

func (h Harness) create(t *testing.T) (order.PaymentRequest, string) {
	t.Helper()
	r := h.request()
	return r, h.createdFor(t, r)
}

func (h Harness) createdFor(t *testing.T, r order.PaymentRequest) string {
	t.Helper()
	id, err := h.Provider.Create(t.Context(), r)
	require.NoError(t, err)
	require.NotEmpty(t, id)
	return id
}

func (h Harness) paid(t *testing.T) (order.PaymentRequest, string) {
	t.Helper()
	r, id := h.create(t)
	h.Pay(t, id)
	require.Equal(t, order.ProviderSucceeded, h.status(t, id))
	return r, id
}

func (h Harness) cancel(t *testing.T, id string, r order.PaymentRequest) order.Cancellation {
	t.Helper()
	c, err := h.Provider.Cancel(t.Context(), id, r)
	require.NoError(t, err)
	return c
}

func (h Harness) books(t *testing.T, id string) order.ProviderPayment {
	t.Helper()
	p, err := h.Provider.LookUp(t.Context(), id)
	require.NoError(t, err)
	return p
}

func (h Harness) status(t *testing.T, id string) order.ProviderStatus {
	t.Helper()
	return h.books(t, id).Status
}

// events returns the payment's callbacks, parsed, without those that concern no payment of
// an order.
func (h Harness) events(t *testing.T, id string) []order.PaymentEvent {
	t.Helper()
	var events []order.PaymentEvent
	for _, m := range h.Sent(t, id) {
		e, err := h.Provider.Callback(m.Header, m.Body, h.now())
		if err != nil {
			require.ErrorIs(t, err, payment.ErrIgnored)
			continue
		}
		events = append(events, e)
	}
	return events
}

// told returns the events of one type.
func (h Harness) told(t *testing.T, id string, kind order.PaymentEventType) []order.PaymentEvent {
	t.Helper()
	var of []order.PaymentEvent
	for _, e := range h.events(t, id) {
		if e.Type == kind {
			of = append(of, e)
		}
	}
	return of
}

// requirePaid requires that a cancellation reports the earlier success.
func requirePaid(t *testing.T, h Harness, c order.Cancellation, id string, r order.PaymentRequest) {
	t.Helper()
	require.Equal(t, order.CancelOutcomePaid, c.Outcome)
	require.NotNil(t, c.Paid)
	require.Equal(t, order.PaymentSucceeded, c.Paid.Type)
	require.Equal(t, h.Name, c.Paid.Provider)
	require.Equal(t, id, c.Paid.PaymentID)
	require.Equal(t, r.OrderID, c.Paid.OrderID)
	require.Equal(t, r.Amount, c.Paid.Amount)
	require.Equal(t, r.Currency, c.Paid.Currency)
	require.False(t, c.Paid.OccurredAt.IsZero())
	require.NotEmpty(t, c.Paid.EventID)
}
