package stripe

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	stripe "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/form"
)

// client is the part of Stripe's API that we use. The library's own Client contains all 200
// services, and since other code in the program calls methods by reflection, the linker
// would keep every one: 7 MB. It also parses only the fields that we read, so that a format
// change elsewhere can't make a payment unreadable.
type client struct {
	backend stripe.Backend
	key     string
}

// Paths of what we use.
const (
	intentsPath = "/v1/payment_intents"
	searchPath  = intentsPath + "/search"
	intentPath  = intentsPath + "/%s"
	cancelPath  = intentsPath + "/%s/cancel"
	refundsPath = "/v1/refunds"
	refundPath  = refundsPath + "/%s"
)

// intent is a PaymentIntent.
type intent struct {
	stripe.APIResource
	ID             string                     `json:"id"`
	Status         stripe.PaymentIntentStatus `json:"status"`
	Amount         int64                      `json:"amount"`
	AmountReceived int64                      `json:"amount_received"`
	Currency       string                     `json:"currency"`
	Created        int64                      `json:"created"`
	Metadata       map[string]string          `json:"metadata"`
	ClientSecret   string                     `json:"client_secret"`
	LatestCharge   *charge                    `json:"latest_charge"`
}

// charge is empty except for its id unless it was expanded.
type charge struct {
	ID      string        `json:"id"`
	Created int64         `json:"created"`
	Refunds *page[refund] `json:"refunds"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *charge) UnmarshalJSON(text []byte) error {
	if id, ok := stripe.ParseID(text); ok {
		*c = charge{ID: id}
		return nil
	}
	type whole charge
	return json.Unmarshal(text, (*whole)(c))
}

// refund of a payment.
type refund struct {
	stripe.APIResource
	ID            string              `json:"id"`
	Status        stripe.RefundStatus `json:"status"`
	Amount        int64               `json:"amount"`
	Currency      string              `json:"currency"`
	FailureReason string              `json:"failure_reason"`
	Metadata      map[string]string   `json:"metadata"`
}

func (i intent) name() string { return i.ID }
func (r refund) name() string { return r.ID }

// page of a list or of search results.
type page[T any] struct {
	stripe.APIResource
	Data    []T  `json:"data"`
	HasMore bool `json:"has_more"`
}

func (c client) get(ctx context.Context, path string, params any, to stripe.LastResponseSetter) error {
	return c.call(ctx, http.MethodGet, path, params, "", to)
}

// post lets the library generate an idempotency key if none is given.
func (c client) post(ctx context.Context, path string, params any, key string, to stripe.LastResponseSetter) error {
	return c.call(ctx, http.MethodPost, path, params, key, to)
}

func (c client) call(ctx context.Context, method, path string, params any, key string, to stripe.LastResponseSetter) error {
	values := &form.Values{}
	if params != nil {
		form.AppendTo(values, params)
	}
	common := &stripe.Params{Context: ctx}
	if key != "" {
		common.IdempotencyKey = &key
	}
	return c.backend.CallRaw(method, path, c.key, []byte(values.Encode()), common, to)
}

// list iterates over all pages of a list. cursor is the field of params where the next page
// starts.
func list[T interface{ name() string }](ctx context.Context, c client, path string, params any, cursor *stripe.ListParams) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		cursor.Limit = stripe.Int64(pageSize)
		for {
			var got page[T]
			if err := c.get(ctx, path, params, &got); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range got.Data {
				if !yield(one, nil) {
					return
				}
			}
			if !got.HasMore || len(got.Data) == 0 {
				return
			}
			cursor.StartingAfter = stripe.String(got.Data[len(got.Data)-1].name())
		}
	}
}
