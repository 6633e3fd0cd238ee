package api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/payment/stripe"
)

const stripeSecret = "whsec_of-the-endpoint-of-the-tests"

// posted is a message as a provider posts it, and what it says.
type posted struct {
	provider string
	header   http.Header
	body     []byte
	event    order.PaymentEvent
}

func (p posted) call() call {
	return call{method: http.MethodPost, path: "/v1/payments/callbacks/" + p.provider, header: p.header, body: p.body}
}

func (p posted) clone() posted {
	p.header, p.body = maps.Clone(p.header), slices.Clone(p.body)
	return p
}

// signers return the headers with a provider's signature.
var signers = map[string][]string{
	"sandbox": {"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"},
	"stripe":  {"Stripe-Signature"},
}

// bySandbox and byStripe sign an event as the providers do.
func (g *gateway) bySandbox(e order.PaymentEvent, at time.Time) posted {
	g.t.Helper()
	e.Provider, e.OccurredAt = "sandbox", at.Truncate(time.Second).UTC()
	cb, err := g.sandbox.NewCallback(e)
	require.NoError(g.t, err)
	return posted{provider: e.Provider, header: cb.Header, body: cb.Body, event: e}
}

func byStripe(e order.PaymentEvent, at time.Time) posted {
	e.Provider, e.OccurredAt = "stripe", at.Truncate(time.Second).UTC()
	kind := map[order.PaymentEventType]string{
		order.PaymentSucceeded: "succeeded", order.PaymentFailed: "payment_failed", order.PaymentEnded: "canceled",
	}[e.Type]
	body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":"payment_intent.%s","created":%d,"data":{"object":{`+
		`"id":%q,"object":"payment_intent","amount":%d,"amount_received":%d,"currency":"eur",`+
		`"metadata":{"holdfast_payment":"%s/1","order_id":%q,"attempt":"1"}}}}`,
		e.EventID, kind, at.Unix(), e.PaymentID, e.Amount, e.Amount, e.OrderID, e.OrderID)
	mac := hmac.New(sha256.New, []byte(stripeSecret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return posted{
		provider: e.Provider, body: body, event: e,
		header: http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))}},
	}
}

// heard counts the messages that Temporal got.
func (g *gateway) heard() (n int) {
	g.temporal.set(func(f *fakeTemporal) {
		n = len(f.starts)
		for _, s := range f.sagas {
			n += len(s.signals)
		}
	})
	return n
}

// damages are what may happen to a message on its way, or what an attacker may do who has recorded
// others.
var damages = map[string]func(draw *rand.Rand, p, other posted) posted{
	"a byte of the body": func(draw *rand.Rand, p, _ posted) posted {
		p.body[draw.IntN(len(p.body))] ^= byte(1 + draw.IntN(255))
		return p
	},
	"cut short": func(draw *rand.Rand, p, _ posted) posted {
		p.body = p.body[:draw.IntN(len(p.body))]
		return p
	},
	"longer": func(draw *rand.Rand, p, _ posted) posted {
		p.body = append(p.body, []string{" ", "\n", "{}", "\x00"}[draw.IntN(4)]...)
		return p
	},
	"another amount": func(_ *rand.Rand, p, _ posted) posted {
		p.body = bytes.Replace(p.body, []byte(`"amount":`), []byte(`"amount":1`), 1)
		return p
	},
	"a header is missing": func(draw *rand.Rand, p, _ posted) posted {
		names := signers[p.provider]
		delete(p.header, names[draw.IntN(len(names))])
		return p
	},
	"a header is empty": func(draw *rand.Rand, p, _ posted) posted {
		names := signers[p.provider]
		p.header[names[draw.IntN(len(names))]] = []string{""}
		return p
	},
	"a byte of a header": func(draw *rand.Rand, p, _ posted) posted {
		names := signers[p.provider]
		name := names[draw.IntN(len(names))]
		value := []byte(p.header.Get(name))
		value[draw.IntN(len(value))] ^= byte(1 + draw.IntN(31)) // not 32: hex is the same in capitals
		p.header[name] = []string{string(value)}
		return p
	},
	"a header of another": func(draw *rand.Rand, p, other posted) posted {
		names := signers[p.provider]
		name := names[draw.IntN(len(names))]
		p.header[name] = other.header[name]
		return p
	},
	"the body of another": func(_ *rand.Rand, p, other posted) posted {
		p.body = other.body
		return p
	},
	"to another provider": func(_ *rand.Rand, p, other posted) posted {
		p.provider = other.provider
		return p
	},
	"signed an hour ago": nil, // see below: it needs the secret
}

// Whatever happens to callbacks, in any order and any number of times, and even if Temporal is
// unavailable at times: what a provider signed reaches its order, and nothing else does.
func TestAThousandCallbacks(t *testing.T) {
	now := time.Now()
	g := newGateway(t, func(c *api.Config) {
		c.Now = func() time.Time { return now }
		p, err := stripe.New(stripe.Config{Key: "sk_test_1", WebhookSecret: stripeSecret})
		require.NoError(t, err)
		c.Providers["stripe"] = p
	})
	g.putProduct("mug", 1000)
	draw := rand.New(rand.NewPCG(1, 1))
	kinds := []order.PaymentEventType{order.PaymentSucceeded, order.PaymentSucceeded, order.PaymentFailed}
	var valid []posted
	for i := range 60 {
		o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
		for n := range 3 {
			e := order.PaymentEvent{
				EventID: fmt.Sprintf("evt-%d-%d", i, n), Type: kinds[draw.IntN(3)], OrderID: o.ID,
				PaymentID: fmt.Sprintf("pay-%d-%d", i, n%2), Amount: 999 + draw.Int64N(2), Currency: "EUR",
			}
			at := now.Add(time.Duration(draw.IntN(480)-240) * time.Second)
			if draw.IntN(2) == 0 {
				valid = append(valid, byStripe(e, at))
			} else {
				valid = append(valid, g.bySandbox(e, at))
			}
		}
	}
	names := slices.Sorted(maps.Keys(damages))
	// Temporal gets the content of a message once, however often the message comes.
	said := func(e order.PaymentEvent) string {
		e.EventID, e.OccurredAt = "", time.Time{}
		return fmt.Sprint(e)
	}
	want, queue := map[string]int{}, []posted{}
	for _, p := range valid {
		for range 1 + draw.IntN(2) { // some come twice
			queue = append(queue, p)
		}
	}
	genuine := len(queue)
	for len(queue) < genuine+1000 {
		p, other := valid[draw.IntN(len(valid))].clone(), valid[draw.IntN(len(valid))].clone()
		name := names[draw.IntN(len(names))]
		switch do := damages[name]; {
		case do != nil:
			p = do(draw, p, other)
		case p.provider == "stripe":
			p = byStripe(p.event, now.Add(-time.Hour))
		default:
			p = g.bySandbox(p.event, now.Add(-time.Hour))
		}
		queue = append(queue, p)
	}
	signed := map[string]posted{}
	key := func(p posted) string {
		return fmt.Sprint(p.provider, p.header[signers[p.provider][0]], p.header, string(p.body))
	}
	for _, p := range valid {
		signed[key(p)] = p
	}
	draw.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		down := draw.IntN(60) == 0 // each waits for a moment
		g.temporal.set(func(f *fakeTemporal) { f.down = down })
		before := g.heard()
		a := g.send(t.Context(), p.call())
		_, isSigned := signed[key(p)]
		switch {
		case isSigned && down:
			require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
			queue = append(queue, p) // the provider sends it again
		case isSigned:
			require.Equal(t, http.StatusNoContent, a.status, "%s %s", a.body, p.body)
			want[said(p.event)] = 1
			continue
		default:
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusBadRequest}, a.status, "%v %s", p.header, p.body)
			require.NotContains(t, string(a.body), "whsec_")
		}
		require.Equal(t, before, g.heard())
	}
	got := map[string]int{}
	for _, s := range g.temporal.sagas {
		for _, e := range s.signals {
			got[said(e)]++
		}
	}
	require.Equal(t, want, got)
	require.Len(t, g.temporal.starts, 60, "no refund was called for")
	require.NotContains(t, g.log.String(), "whsec_")
}
