package stripe_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/stripe"
	"holdfast/payment/stripe/stripetest"
)

func asked() order.PaymentRequest {
	return order.PaymentRequest{
		Provider: "stripe", OrderID: "o-1", Attempt: 1, Amount: 1250, Currency: "EUR", Until: stripetest.Start.Add(15 * time.Minute),
	}
}

const serverError = `{"error":{"type":"api_error","message":"An unknown error occurred"}}`

func TestAPaymentIsOpenedOnceForEachAttempt(t *testing.T) {
	a, p := stripetest.New(t)
	first, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	a.Pass(23 * time.Hour)
	again, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.Equal(t, first, again)

	second := asked()
	second.Attempt = 2
	other, err := p.Create(t.Context(), second)
	require.NoError(t, err)
	require.NotEqual(t, first, other)

	require.Len(t, a.Intents, 2)
	i := a.Intent(first)
	require.EqualValues(t, 1250, i.Amount)
	require.Equal(t, "eur", i.Currency)
	require.Equal(t, map[string]string{"order_id": "o-1", "attempt": "1", "holdfast_payment": asked().Key()}, i.Metadata)
}

// A card pays or fails at once. A bank debit would hold the stock for days.
func TestBuyersPayByCardUnlessToldOtherwise(t *testing.T) {
	for methods, want := range map[string][]string{
		"": {"card"}, "card,link": {"card", "link"}, "sepa_debit": {"sepa_debit"}, stripe.FromDashboard: nil,
	} {
		a, _ := stripetest.New(t)
		p, err := stripe.New(stripe.Config{Key: stripetest.Key, WebhookSecret: stripetest.WebhookSecret, BaseURL: a.URL(), Methods: methods})
		require.NoError(t, err)
		id, err := p.Create(t.Context(), asked())
		require.NoError(t, err)
		require.Equal(t, want, a.Intent(id).Methods, methods)
		require.Equal(t, want == nil, a.Intent(id).Automatic, methods)
	}
}

func TestALostAnswerToCreateIsFoundAgain(t *testing.T) {
	a, p := stripetest.New(t)
	a.Fail(stripetest.Fault{Path: "POST /v1/payment_intents", After: true})
	_, err := p.Create(t.Context(), asked())
	require.ErrorIs(t, err, payment.ErrUnavailable)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.Len(t, a.Intents, 1)
	require.Equal(t, a.Intents[0].ID, id)
}

// A failure that Stripe repeats for a day under its key would keep the buyer from paying
// for as long.
func TestAFailureThatStripeKeepsIsPassed(t *testing.T) {
	a, p := stripetest.New(t)
	a.Fail(stripetest.Fault{Path: "POST /v1/payment_intents", Status: 500, Body: serverError, Kept: true})
	_, err := p.Create(t.Context(), asked())
	require.ErrorIs(t, err, payment.ErrUnavailable)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	again, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.Equal(t, id, again)
	require.Len(t, a.Intents, 1)
}

func TestAnotherVersionsRequestUnderTheSameKeyIsFound(t *testing.T) {
	a, p := stripetest.New(t)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	for key, s := range a.Keys {
		s.Request += "&older=1"
		a.Keys[key] = s
	}
	_, err = p.Create(t.Context(), asked())
	require.ErrorIs(t, err, payment.ErrUnavailable, "the search is a minute late")
	a.Pass(time.Minute)
	again, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.Equal(t, id, again)

	dearer := asked()
	dearer.Amount++
	_, err = p.Create(t.Context(), dearer)
	require.ErrorIs(t, err, payment.ErrUnavailable, "another amount is not the same payment")
}

func TestWhatStripeNeverTakesIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		amount   int64
		currency string
		says     string
	}{
		"too small":            {49, "EUR", "at least"},
		"too large":            {100000000, "EUR", "no more than"},
		"currency":             {1000, "XTS", "Invalid currency"},
		"a part of a step":     {1234, "KWD", "last digit"},
		"a part of a unit":     {150, "MGA", "whole units"},
		"nobody knows how":     {1000, "LYD", "not supported"},
		"more than can be had": {1 << 62, "ISK", "too large"},
	} {
		_, p := stripetest.New(t)
		r := asked()
		r.Amount, r.Currency = c.amount, c.currency
		_, err := p.Create(t.Context(), r)
		var no *order.RefusalError
		require.ErrorAs(t, err, &no, name)
		require.Contains(t, no.Reason, c.says, name)
		require.NotErrorIs(t, err, payment.ErrUnavailable, name)
	}
}

func TestWhatMayPassIsUnavailable(t *testing.T) {
	for name, f := range map[string]stripetest.Fault{
		"no connection": {},
		"500":           {Status: 500, Body: serverError},
		"a proxy":       {Status: 502, Body: "<html>" + stripetest.Key + "</html>"},
		"too many":      {Status: 429, Body: `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"slow down"}}`},
		"locked":        {Status: 429, Body: `{"error":{"type":"invalid_request_error","code":"lock_timeout","message":"locked","payment_intent":{"id":"pi_1","client_secret":"pi_1_secret_abc"}}}`},
		"at work":       {Status: 409, Body: `{"error":{"type":"idempotency_error","code":"idempotency_key_in_use","message":"in use"}}`},
		"a wrong key":   {Status: 401, Body: `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: ` + stripetest.Key + `"}}`},
		"a weak key":    {Status: 403, Body: `{"error":{"type":"invalid_request_error","message":"The provided key 'rk_live_*****abc' does not have the required permissions"}}`},
		"not JSON":      {Status: 200, Body: `{"id":"pi_1","client_secret":"pi_1_secret_abc","amount":"x"}`},
		"no payment":    {Status: 200, Body: `{}`},
	} {
		a, p := stripetest.New(t)
		f.Path = "POST /v1/payment_intents"
		a.Fail(f)
		_, err := p.Create(t.Context(), asked())
		require.ErrorIs(t, err, payment.ErrUnavailable, name)
		for _, part := range []string{stripetest.Key, "secret_abc", "rk_live"} {
			require.NotContains(t, err.Error(), part, name)
		}
		if f.Status == 401 || f.Status == 403 {
			require.ErrorContains(t, err, "STRIPE_API_KEY", name)
		}
	}
}

func TestABugIsNeitherARefusalNorPassing(t *testing.T) {
	a, p := stripetest.New(t)
	a.Fail(stripetest.Fault{
		Path: "POST /v1/payment_intents", Status: 400,
		Body: `{"error":{"type":"invalid_request_error","code":"parameter_unknown","param":"amonut","message":"Received unknown parameter: amonut"}}`,
	})
	_, err := p.Create(t.Context(), asked())
	require.ErrorContains(t, err, "parameter_unknown")
	require.NotErrorIs(t, err, payment.ErrUnavailable)
	var no *order.RefusalError
	require.NotErrorAs(t, err, &no)
}

func TestAnEndedContextIsSaidSo(t *testing.T) {
	_, p := stripetest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := p.Create(ctx, asked())
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, payment.ErrUnavailable)
}

func TestTheBuyerGetsTheClientSecret(t *testing.T) {
	a, p := stripetest.New(t)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	c, err := p.Checkout(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, payment.Checkout{ClientSecret: a.Intent(id).ClientSecret}, c)
	for _, id := range []string{"pi_none", ""} {
		_, err = p.Checkout(t.Context(), id)
		require.ErrorIs(t, err, payment.ErrNoPayment)
	}
}

func TestCancelling(t *testing.T) {
	for name, c := range map[string]struct {
		before func(a *stripetest.Account, id string) error
		want   order.CancelOutcome
	}{
		"open":          {func(*stripetest.Account, string) error { return nil }, order.CancelOutcomeCancelled},
		"declined":      {(*stripetest.Account).Decline, order.CancelOutcomeCancelled},
		"paid":          {(*stripetest.Account).Pay, order.CancelOutcomePaid},
		"processing":    {(*stripetest.Account).Process, order.CancelOutcomeProcessing},
		"held in trust": {func(a *stripetest.Account, id string) error { a.Intent(id).Status = "requires_capture"; return nil }, order.CancelOutcomeCancelled},
		"cancelled":     {func(a *stripetest.Account, id string) error { a.Intent(id).Status = "canceled"; return nil }, order.CancelOutcomeCancelled},
	} {
		a, p := stripetest.New(t)
		id, err := p.Create(t.Context(), asked())
		require.NoError(t, err, name)
		a.Pass(time.Minute)
		require.NoError(t, c.before(a, id), name)
		for range 2 {
			got, err := p.Cancel(t.Context(), id, asked())
			require.NoError(t, err, name)
			require.Equal(t, c.want, got.Outcome, name)
			if c.want != order.CancelOutcomePaid {
				require.Nil(t, got.Paid, name)
				continue
			}
			require.Equal(t, &order.PaymentEvent{
				EventID: id + ":succeeded", Provider: "stripe", Type: order.PaymentSucceeded, OrderID: "o-1",
				PaymentID: id, Amount: 1250, Currency: "EUR", OccurredAt: stripetest.Start.Add(time.Minute),
			}, got.Paid, name)
		}
		if c.want == order.CancelOutcomeCancelled {
			require.Error(t, a.Pay(id), name)
		}
	}
}

// Another account's key must not let an order end whose payment can still be paid.
func TestAPaymentThatStripeDoesNotKnowIsNotCancelled(t *testing.T) {
	_, p := stripetest.New(t)
	_, err := p.Cancel(t.Context(), "pi_of_another_account", asked())
	require.ErrorIs(t, err, payment.ErrUnavailable)
	require.ErrorContains(t, err, "STRIPE_API_KEY")
}

func TestCancellingWhatWasNeverAnswered(t *testing.T) {
	for name, later := range map[string]time.Duration{"at once": 0, "soon": 2 * time.Minute, "days later": 72 * time.Hour} {
		a, p := stripetest.New(t)
		a.Fail(stripetest.Fault{Path: "POST /v1/payment_intents", After: true})
		_, err := p.Create(t.Context(), asked())
		require.ErrorIs(t, err, payment.ErrUnavailable, name)
		a.Pass(later)
		got, err := p.Cancel(t.Context(), "", asked())
		require.NoError(t, err, name)
		require.Equal(t, order.CancelOutcomeCancelled, got.Outcome, name)
		require.Len(t, a.Intents, 1, name)
		require.Equal(t, "canceled", a.Intents[0].Status, name)
	}
}

func TestCancellingWhatNeverArrived(t *testing.T) {
	a, p := stripetest.New(t)
	got, err := p.Cancel(t.Context(), "", asked())
	require.NoError(t, err)
	require.Equal(t, order.CancelOutcomeCancelled, got.Outcome)
	id, err := p.Create(t.Context(), asked()) // a request that was still in flight
	require.NoError(t, err)
	require.Error(t, a.Pay(id))

	small := asked()
	small.Amount, small.Attempt = 1, 2
	got, err = p.Cancel(t.Context(), "", small)
	require.NoError(t, err)
	require.Equal(t, order.CancelOutcomeNoPayment, got.Outcome, "Stripe refuses to have it")
}

func TestAnAccountThatCannotSearchCancelsAllTheSame(t *testing.T) {
	a, p := stripetest.New(t)
	a.Fail(stripetest.Fault{
		Path: "GET /v1/payment_intents/search", Status: http.StatusBadRequest,
		Body: `{"error":{"type":"invalid_request_error","message":"Search is not available in your country."}}`,
	})
	got, err := p.Cancel(t.Context(), "", asked())
	require.NoError(t, err)
	require.Equal(t, order.CancelOutcomeCancelled, got.Outcome)
	a.Fail(stripetest.Fault{Path: "GET /v1/payment_intents/search"})
	_, err = p.Cancel(t.Context(), "", asked())
	require.ErrorIs(t, err, payment.ErrUnavailable)
}

func TestABuyerWhoPaysWhileItIsCancelled(t *testing.T) {
	a, p := stripetest.New(t)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.NoError(t, a.Process(id))
	got, err := p.Cancel(t.Context(), id, asked())
	require.NoError(t, err)
	require.Equal(t, order.CancelOutcomeProcessing, got.Outcome)
	require.NoError(t, a.Pay(id))
	got, err = p.Cancel(t.Context(), id, asked())
	require.NoError(t, err)
	require.Equal(t, order.CancelOutcomePaid, got.Outcome)
	require.EqualValues(t, 1250, got.Paid.Amount)
}
