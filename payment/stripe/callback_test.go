package stripe_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/stripe"
	"holdfast/payment/stripe/stripetest"
	"holdfast/product"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	return body
}

func reader(t testing.TB) *stripe.Provider {
	t.Helper()
	p, err := stripe.New(stripe.Config{Key: stripetest.Key, WebhookSecret: stripetest.WebhookSecret, BaseURL: "http://127.0.0.1:1"})
	require.NoError(t, err)
	return p
}

func TestASignedEventIsRead(t *testing.T) {
	p := reader(t)
	want := order.PaymentEvent{
		EventID: "evt_3RkVzq2eZvKYlo2C1Yw5nB8k", Provider: "stripe", Type: order.PaymentSucceeded, OrderID: "o-1",
		PaymentID: "pi_3RkVzq2eZvKYlo2C1X0aQm7d", Amount: 1250, Currency: "EUR", OccurredAt: stripetest.Start,
	}
	for name, change := range map[string]func(*order.PaymentEvent){
		"succeeded":      func(*order.PaymentEvent) {},
		"succeeded_2018": func(*order.PaymentEvent) {}, // an account that never changed its version
		"failed": func(e *order.PaymentEvent) {
			e.EventID, e.Type = "evt_3RkVzq2eZvKYlo2C1Kd7sR4p", order.PaymentFailed
		},
		"canceled": func(e *order.PaymentEvent) {
			e.EventID, e.Type = "evt_3RkVzq2eZvKYlo2C1Ju2fG6h", order.PaymentEnded
		},
		"succeeded_yen":   func(e *order.PaymentEvent) { e.EventID, e.Currency = "evt_3RkVzq2eZvKYlo2C1yen", "JPY" },
		"succeeded_krona": func(e *order.PaymentEvent) { e.EventID, e.Currency = "evt_3RkVzq2eZvKYlo2C1isk", "ISK" },
	} {
		e := want
		change(&e)
		cb := stripetest.Sign(fixture(t, name), stripetest.Start)
		for _, off := range []time.Duration{0, payment.Tolerance, -payment.Tolerance} {
			got, err := p.Callback(cb.Header, cb.Body, stripetest.Start.Add(off))
			require.NoError(t, err, name)
			require.Equal(t, e, got, name)
		}
	}
}

func TestWhatConcernsNoPaymentOfAnOrderIsIgnored(t *testing.T) {
	p := reader(t)
	for _, name := range []string{"created", "succeeded_of_others", "charge_refunded", "refund_succeeded", "refund_of_others", "customer_created"} {
		cb := stripetest.Sign(fixture(t, name), stripetest.Start)
		_, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		require.ErrorIs(t, err, payment.ErrIgnored, name)
	}
}

func TestARefundThatFailedIsRead(t *testing.T) {
	p := reader(t)
	body := fixture(t, "refund_failed")
	for _, kind := range []string{"refund.failed", "refund.updated", "charge.refund.updated"} {
		cb := stripetest.Sign(bytes.Replace(body, []byte(`"refund.failed"`), []byte(`"`+kind+`"`), 1), stripetest.Start)
		got, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		require.NoError(t, err, kind)
		require.Equal(t, order.PaymentEvent{
			EventID: "evt_3RkVzq2eZvKYlo2C1refundfailed", Provider: "stripe", Type: order.PaymentRefundFailed, OrderID: "o-1",
			PaymentID: "pi_3RkVzq2eZvKYlo2C1X0aQm7d", Amount: 1250, Currency: "EUR", OccurredAt: stripetest.Start,
			Refund: &order.FailedRefund{ID: "full:stripe:o-1", ProviderID: "re_3RkVzq2eZvKYlo2C1aBcDeFg", Detail: "expired_or_canceled_card"},
		}, got)
	}
	for from, to := range map[string]string{
		`"pi_3RkVzq2eZvKYlo2C1X0aQm7d"`: `null`,
		`"amount": 1250`:                `"amount": 0`,
		`"eur"`:                         `"euro"`,
		`"o-1"`:                         `"o/1"`,
	} {
		require.Contains(t, string(body), from)
		cb := stripetest.Sign(bytes.Replace(body, []byte(from), []byte(to), 1), stripetest.Start)
		_, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		require.ErrorIs(t, err, payment.ErrMalformed, to)
	}
}

func TestAnEventThatNobodySignedIsRefused(t *testing.T) {
	p := reader(t)
	body := fixture(t, "succeeded")
	good := stripetest.Sign(body, stripetest.Start)
	signature := good.Header.Get("Stripe-Signature")
	_, hash, _ := strings.Cut(signature, ",")
	header := func(s string) stripetest.Callback {
		h := http.Header{}
		h.Set("Stripe-Signature", s)
		return stripetest.Callback{Header: h, Body: body}
	}
	for name, cb := range map[string]stripetest.Callback{
		"another secret":       stripetest.SignWith("whsec_another0another0another0", body, stripetest.Start),
		"no header":            {Header: http.Header{}, Body: body},
		"a changed body":       {Header: good.Header, Body: bytes.Replace(body, []byte("1250"), []byte("9250"), 1)},
		"a truncated body":     {Header: good.Header, Body: body[:len(body)-9]},
		"a fresh timestamp":    header("t=1772366401," + hash),
		"a second timestamp":   header("t=1772366401," + signature),
		"and behind":           header(signature + ",t=1772366401"),
		"a timestamp of sand":  header("t=soon," + hash),
		"no timestamp":         header(hash),
		"no signature":         header("t=1772366400"),
		"an empty signature":   header("t=1772366400,v1="),
		"a short signature":    header(signature[:len(signature)-2]),
		"the test scheme only": header(strings.Replace(signature, "v1=", "v0=", 1)),
		"garbage":              header("===,,="),
	} {
		_, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		require.ErrorIs(t, err, payment.ErrSignature, name)
	}
}

func TestASecretThatIsBeingReplacedStillCounts(t *testing.T) {
	p := reader(t)
	body := fixture(t, "succeeded")
	old := stripetest.SignWith("whsec_another0another0another0", body, stripetest.Start).Header.Get("Stripe-Signature")
	_, mine, _ := strings.Cut(stripetest.Sign(body, stripetest.Start).Header.Get("Stripe-Signature"), ",")
	h := http.Header{}
	h.Set("Stripe-Signature", old+","+mine)
	_, err := p.Callback(h, body, stripetest.Start)
	require.NoError(t, err)
}

func TestAnOldOrFutureTimestampIsRefused(t *testing.T) {
	p := reader(t)
	cb := stripetest.Sign(fixture(t, "succeeded"), stripetest.Start)
	for _, off := range []time.Duration{payment.Tolerance + time.Second, -payment.Tolerance - time.Second, 24 * time.Hour} {
		_, err := p.Callback(cb.Header, cb.Body, stripetest.Start.Add(off))
		require.ErrorIs(t, err, payment.ErrStale, off)
	}
}

func TestAMalformedEventIsRefused(t *testing.T) {
	p := reader(t)
	good := string(fixture(t, "succeeded"))
	change := func(old, now string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, now, 1)
	}
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"not JSON":        {`{"type":`, payment.ErrMalformed},
		"a list":          {`[]`, payment.ErrMalformed},
		"empty":           {``, payment.ErrMalformed},
		"two":             {good + good, payment.ErrMalformed},
		"a thin event":    {string(fixture(t, "thin")), payment.ErrMalformed},
		"not an event":    {change(`"object": "event"`, `"object": "charge"`), payment.ErrMalformed},
		"no type":         {change(`"type": "payment_intent.succeeded"`, `"kind": 1`), payment.ErrMalformed},
		"no id":           {change(`"evt_3RkVzq2eZvKYlo2C1Yw5nB8k"`, `""`), payment.ErrMalformed},
		"a long id":       {change(`evt_3RkVzq2eZvKYlo2C1Yw5nB8k`, strings.Repeat("e", 256)), payment.ErrMalformed},
		"a blank id":      {change(`evt_3RkVzq2eZvKYlo2C1Yw5nB8k`, "evt 1"), payment.ErrMalformed},
		"a type twice":    {change(`"type":`, `"type":"x","type":`), payment.ErrMalformed},
		"an amount twice": {change(`"amount_received":`, `"amount_received":1,"amount_received":`), payment.ErrMalformed},
		"amount 1.5":      {change(`"amount_received": 1250`, `"amount_received": 1.5`), payment.ErrMalformed},
		"amount 0":        {change(`"amount_received": 1250`, `"amount_received": 0`), payment.ErrMalformed},
		"a part of a crown": {strings.NewReplacer(`"amount_received": 1250`, `"amount_received": 1251`, `"eur"`, `"isk"`).
			Replace(good), payment.ErrMalformed},
		"another currency":        {change(`"eur"`, `"euro"`), payment.ErrMalformed},
		"an order that is no id":  {change(`"o-1"`, `"o/1"`), payment.ErrMalformed},
		"a payment that is no id": {change(`"pi_3RkVzq2eZvKYlo2C1X0aQm7d"`, `"pi 1"`), payment.ErrMalformed},
		"no time":                 {change(`"created": 1772366400`, `"created": 0`), payment.ErrMalformed},
		"an unknown type":         {change(`payment_intent.succeeded`, `payment_intent.teleported`), payment.ErrUnknownType},
		"an unknown family":       {change(`payment_intent.succeeded`, `teleport.done`), payment.ErrUnknownType},
		"half a type":             {change(`payment_intent.succeeded`, `charge`), payment.ErrUnknownType},
	} {
		cb := stripetest.Sign([]byte(c.body), stripetest.Start)
		_, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		require.ErrorIs(t, err, c.want, name)
	}
}

// The double's messages about a buyer's acts are read correctly.
func TestABuyersActsAreRead(t *testing.T) {
	a, p := stripetest.New(t)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.NoError(t, a.Decline(id))
	require.NoError(t, a.Process(id))
	require.NoError(t, a.Pay(id))
	_, err = p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	var got []order.PaymentEventType
	for _, cb := range a.Callbacks(id) {
		e, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		if err != nil {
			require.ErrorIs(t, err, payment.ErrIgnored)
			continue
		}
		require.Equal(t, id, e.PaymentID)
		require.Equal(t, "o-1", e.OrderID)
		require.EqualValues(t, 1250, e.Amount)
		got = append(got, e.Type)
	}
	require.Equal(t, []order.PaymentEventType{order.PaymentFailed, order.PaymentSucceeded}, got)
}

func FuzzCallback(f *testing.F) {
	p := reader(f)
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, name := range files {
		body, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add("", body)
	}
	f.Add("t=1772366400,v1=00,v0=1", []byte(`{}`))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		h := http.Header{}
		h.Set("Stripe-Signature", header)
		_, err := p.Callback(h, body, stripetest.Start)
		require.ErrorIs(t, err, payment.ErrSignature, "nobody but Stripe can sign")

		cb := stripetest.Sign(body, stripetest.Start)
		e, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		if err != nil {
			require.True(t, isCallbackError(err), "%v", err)
			return
		}
		require.True(t, product.ValidID(e.PaymentID), "%+v", e)
		require.True(t, product.ValidID(e.OrderID) || (e.OrderID == "" && e.Type == order.PaymentDisputed), "%+v", e)
		require.True(t, e.Amount > 0 && product.ValidCurrency(e.Currency) && e.EventID != "", "%+v", e)
		_, err = e.OccurredAt.MarshalText()
		require.NoError(t, err)
	})
}

func isCallbackError(err error) bool {
	for _, known := range []error{payment.ErrMalformed, payment.ErrUnknownType, payment.ErrIgnored} {
		if strings.HasPrefix(err.Error(), known.Error()) {
			return true
		}
	}
	return false
}
