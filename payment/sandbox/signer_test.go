package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/product"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func event() order.PaymentEvent {
	return order.PaymentEvent{
		EventID: "msg_1", Provider: sandbox.Name, Type: order.PaymentSucceeded,
		OrderID: "o-1", PaymentID: "p-1", Amount: 1250, Currency: "EUR", OccurredAt: now,
	}
}

func signer(t testing.TB) *sandbox.Signer {
	t.Helper()
	p, err := sandbox.New(secret)
	require.NoError(t, err)
	return p
}

func TestASignedCallbackIsRead(t *testing.T) {
	p := signer(t)
	for _, kind := range []order.PaymentEventType{order.PaymentSucceeded, order.PaymentFailed, order.PaymentDeclined} {
		want := event()
		want.Type = kind
		cb, err := p.NewCallback(want)
		require.NoError(t, err)
		for _, off := range []time.Duration{0, payment.Tolerance, -payment.Tolerance} {
			got, err := p.Callback(cb.Header, cb.Body, now.Add(off))
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

func TestFieldsThatTheProviderAddsAreIgnored(t *testing.T) {
	p := signer(t)
	body := `{"type":"payment.succeeded","new":1,"data":{"orderId":"o-1","paymentId":"p-1","amount":1250,"currency":"EUR","card":"visa"}}`
	cb, err := p.Sign("msg_1", now, []byte(body))
	require.NoError(t, err)
	got, err := p.Callback(cb.Header, cb.Body, now)
	require.NoError(t, err)
	require.Equal(t, event(), got)
}

func TestACallbackThatNobodySignedIsRefused(t *testing.T) {
	p := signer(t)
	other, err := sandbox.New("whsec_" + strings.Repeat("QUJD", 10))
	require.NoError(t, err)
	forged, err := other.NewCallback(event())
	require.NoError(t, err)
	good, err := p.NewCallback(event())
	require.NoError(t, err)
	changed := func(key, value string) sandbox.Callback {
		h := good.Header.Clone()
		h.Set(key, value)
		return sandbox.Callback{Header: h, Body: good.Body}
	}
	cases := map[string]sandbox.Callback{
		"another secret":      forged,
		"no headers":          {Header: http.Header{}, Body: good.Body},
		"a changed body":      {Header: good.Header, Body: []byte(strings.Replace(string(good.Body), "1250", "1", 1))},
		"another event id":    changed("webhook-id", "msg_2"),
		"a fresh timestamp":   changed("webhook-timestamp", "1772366401"),
		"a timestamp of sand": changed("webhook-timestamp", "soon"),
		"an empty signature":  changed("webhook-signature", "v1,"),
		"another version":     changed("webhook-signature", strings.Replace(good.Header.Get("webhook-signature"), "v1", "v2", 1)),
	}
	for name, cb := range cases {
		_, err := p.Callback(cb.Header, cb.Body, now)
		require.ErrorIs(t, err, payment.ErrSignature, name)
	}
}

func TestAnOldOrFutureTimestampIsRefused(t *testing.T) {
	p := signer(t)
	cb, err := p.NewCallback(event())
	require.NoError(t, err)
	for _, off := range []time.Duration{payment.Tolerance + time.Second, -payment.Tolerance - time.Second, 24 * time.Hour} {
		_, err := p.Callback(cb.Header, cb.Body, now.Add(off))
		require.ErrorIs(t, err, payment.ErrStale, off)
	}
}

func TestAMalformedCallbackIsRefused(t *testing.T) {
	p := signer(t)
	cases := map[string]struct {
		body string
		want error
	}{
		"not JSON":      {`{"type":`, payment.ErrMalformed},
		"a list":        {`[]`, payment.ErrMalformed},
		"empty":         {``, payment.ErrMalformed},
		"no type":       {`{"data":{"orderId":"o","paymentId":"p","amount":1,"currency":"EUR"}}`, payment.ErrMalformed},
		"unknown type":  {`{"type":"payment.teleported","data":{}}`, payment.ErrUnknownType},
		"no data":       {`{"type":"payment.succeeded"}`, payment.ErrMalformed},
		"order id":      {`{"type":"payment.succeeded","data":{"orderId":"o/1","paymentId":"p","amount":1,"currency":"EUR"}}`, payment.ErrMalformed},
		"payment id":    {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"","amount":1,"currency":"EUR"}}`, payment.ErrMalformed},
		"amount 0":      {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":0,"currency":"EUR"}}`, payment.ErrMalformed},
		"amount -1":     {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":-1,"currency":"EUR"}}`, payment.ErrMalformed},
		"amount 1.5":    {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":1.5,"currency":"EUR"}}`, payment.ErrMalformed},
		"amount 10^20":  {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":100000000000000000000,"currency":"EUR"}}`, payment.ErrMalformed},
		"currency":      {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":1,"currency":"euro"}}`, payment.ErrMalformed},
		"data twice":    {`{"type":"payment.succeeded","data":{},"data":{"orderId":"o","paymentId":"p","amount":1,"currency":"EUR"}}`, payment.ErrMalformed},
		"amount twice":  {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":9,"amount":1,"currency":"EUR"}}`, payment.ErrMalformed},
		"another case":  {`{"type":"payment.succeeded","data":{"ORDERID":"o","paymentId":"p","amount":1,"currency":"EUR"}}`, payment.ErrMalformed},
		"broken UTF-8":  {"{\"type\":\"payment.succeeded\",\"new\":\"\xff\"}", payment.ErrMalformed},
		"more behind":   {`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":1,"currency":"EUR"}} x`, payment.ErrMalformed},
		"two documents": {`{"type":"payment.succeeded"}{}`, payment.ErrMalformed},
	}
	for name, c := range cases {
		cb, err := p.Sign("msg_1", now, []byte(c.body))
		require.NoError(t, err)
		_, err = p.Callback(cb.Header, cb.Body, now)
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestAMalformedCallbackNamesTheField(t *testing.T) {
	p := signer(t)
	for body, says := range map[string]string{
		`{"data":{"amount":"1"}}`:          `"/data/amount" is of another type`,
		`{"data":[]}`:                      `"/data" is of another type`,
		`{"type":"a","type":"b"}`:          `"/type" appears twice`,
		`{"data":{"amount":1,"amount":2}}`: `"/data/amount" appears twice`,
		`{}{}`:                             "not one valid JSON document",
		``:                                 "not one valid JSON document",
	} {
		cb, err := p.Sign("msg_1", now, []byte(body))
		require.NoError(t, err)
		_, err = p.Callback(cb.Header, cb.Body, now)
		require.ErrorContains(t, err, says, body)
	}
}

func TestAWeakSecretIsRefused(t *testing.T) {
	for _, s := range []string{"", "whsec_", "whsec_QUJD", "whsec_%%%"} {
		_, err := sandbox.New(s)
		require.Error(t, err, s)
	}
}

func FuzzCallback(f *testing.F) {
	p := signer(f)
	f.Add("msg_1", []byte(`{"type":"payment.succeeded","data":{"orderId":"o","paymentId":"p","amount":1,"currency":"EUR"}}`))
	f.Add("", []byte(`{}`))
	f.Add("msg_2", []byte(`{"type":"payment.failed","data":null}`))
	f.Fuzz(func(t *testing.T, id string, body []byte) {
		cb, err := p.Sign(id, now, body)
		require.NoError(t, err)
		e, err := p.Callback(cb.Header, cb.Body, now)
		if err != nil {
			return
		}
		require.True(t, product.ValidID(e.OrderID) && product.ValidID(e.PaymentID), "%+v", e)
		require.True(t, e.Amount > 0 && product.ValidCurrency(e.Currency) && e.EventID != "", "%+v", e)
		e.OccurredAt = now
		again, err := p.NewCallback(e) // what was read can be written and read again
		require.NoError(t, err)
		back, err := p.Callback(again.Header, again.Body, now)
		require.NoError(t, err)
		require.Equal(t, e, back)
	})
}
