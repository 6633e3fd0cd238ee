package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/payment"
	"holdfast/saga"
)

// countingDesk counts what it is asked, by payment.
type countingDesk struct {
	api.Provider
	mu    sync.Mutex
	asked map[string]int
	err   error
	// hold keeps questions waiting until it is closed.
	hold chan struct{}
}

func (d *countingDesk) Checkout(ctx context.Context, paymentID string) (payment.Checkout, error) {
	d.mu.Lock()
	d.asked[paymentID]++
	err, hold := d.err, d.hold
	d.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return payment.Checkout{}, ctx.Err()
		}
	}
	return payment.Checkout{ClientSecret: "secret-of-" + paymentID}, err
}

func (d *countingDesk) count(paymentID string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[paymentID]
}

func counting(t *testing.T, changes ...func(*api.Config)) (*gateway, *countingDesk) {
	t.Helper()
	d := &countingDesk{asked: map[string]int{}}
	g := newGateway(t, append([]func(*api.Config){func(c *api.Config) {
		d.Provider = c.Providers["sandbox"]
		c.Providers = map[string]api.Provider{"sandbox": d}
	}}, changes...)...)
	return g, d
}

// pays has the saga answer the next call with that payment.
func (g *gateway) pays(id, paymentID string) {
	g.saga(id, func(s *fakeSaga) {
		s.pays = &saga.Answer{Verdict: saga.VerdictDone, Status: order.StatusAwaitingPayment, Payment: &saga.OpenPayment{
			Provider: "sandbox", ID: paymentID, Attempt: 1, Amount: 1000, Currency: "EUR",
		}}
	})
}

func TestAPaymentThatIsAskedForAgainAsksTheProviderOnceAMinute(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	g, d := counting(t, func(c *api.Config) {
		c.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	for range 20 {
		require.Equal(t, "secret-of-pay-1", g.post("/v1/orders/"+o.ID+"/payment", nil).offer(t).ClientSecret)
	}
	require.Equal(t, 1, d.count("pay-1"))
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	require.Less(t, g.post("/v1/orders/"+o.ID+"/payment", nil).status, 300)
	require.Equal(t, 2, d.count("pay-1"))
	require.NotContains(t, g.log.String(), "secret-of")
}

func TestWhatIsOpenIsTheSagasToSay(t *testing.T) {
	g, d := counting(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	pay := func() answer { return g.post("/v1/orders/"+o.ID+"/payment", nil) }
	require.Equal(t, "secret-of-pay-1", pay().offer(t).ClientSecret)

	g.pays(o.ID, "pay-2") // the first one failed, or another gateway replaced it
	require.Equal(t, "secret-of-pay-2", pay().offer(t).ClientSecret)
	g.saga(o.ID, func(s *fakeSaga) {
		s.pays = &saga.Answer{Verdict: saga.VerdictTooLatePaid, Status: order.StatusPaid}
	})
	require.Equal(t, "/problems/order-paid", pay().problem(t).Type)
	g.saga(o.ID, func(s *fakeSaga) {
		s.pays = &saga.Answer{Verdict: saga.VerdictEnding, Status: order.StatusAwaitingPayment}
	})
	require.Equal(t, "/problems/order-ending", pay().problem(t).Type)
	require.Equal(t, 1, d.count("pay-2"))
}

// Temporal repeats an update's first answer, however long ago that was.
func TestARepeatedKeyGivesNoDeadPaymentFromMemory(t *testing.T) {
	g, d := counting(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	record := func(kind order.PaymentEventType) {
		a := order.Attempt{PaymentID: "pay-1", Provider: "sandbox", Type: kind, Amount: 1000, Currency: "EUR", OccurredAt: time.Now()}
		doc := fmt.Appendf(nil, `{"id":"pay-1","provider":"sandbox","type":%q,"amount":1000,"currency":"EUR","occurredAt":"2026-01-01T00:00:00Z","taken":false}`, kind)
		require.NoError(t, g.docs.PutAsked(t.Context(), o.ID, map[string][]byte{a.Key(): doc}))
	}
	pay := func() answer {
		return g.do(call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/payment", header: key("k")})
	}
	require.Less(t, pay().status, 300)
	require.Equal(t, 1, d.count("pay-1"))
	record(order.PaymentCreated)
	require.Less(t, pay().status, 300)
	require.Equal(t, 1, d.count("pay-1"), "it is open")
	record(order.PaymentFailed)
	pay()
	require.Equal(t, 2, d.count("pay-1"), "the provider is asked what became of it")
}

func TestManyAskTheProviderOnce(t *testing.T) {
	g, d := counting(t)
	d.hold = make(chan struct{})
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	var all sync.WaitGroup
	k := call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/payment"}
	first, gone := context.WithCancel(t.Context())
	all.Go(func() { g.send(first, k) })
	require.Eventually(t, func() bool { return d.count("pay-1") == 1 }, 10*time.Second, time.Millisecond)
	for range 20 {
		all.Go(func() {
			if a := g.send(t.Context(), k); a.status >= 300 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	gone() // who asked first takes nothing from the others
	require.Eventually(t, func() bool {
		n := 0
		g.temporal.set(func(f *fakeTemporal) { n = len(f.updateIDs) })
		return n == 21
	}, 10*time.Second, time.Millisecond)
	close(d.hold)
	all.Wait()
	require.LessOrEqual(t, d.count("pay-1"), 2, "one more where it came in between")
}

func TestAProvidersFailureIsNotKept(t *testing.T) {
	g, d := counting(t)
	d.err = errors.New("away")
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	require.Equal(t, http.StatusServiceUnavailable, g.post("/v1/orders/"+o.ID+"/payment", nil).status)
	d.mu.Lock()
	d.err = nil
	d.mu.Unlock()
	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/payment", nil).status)
}

func TestACustomersCallsToAProviderAreLimited(t *testing.T) {
	g, _ := counting(t, func(c *api.Config) {
		c.Identity, c.Limits = verifier(t), api.Limits{Payments: 6}
	})
	g.sell(t, 100)
	placed := func(customer string) string {
		a := g.do(orderCall(basketOf("")).as(t, customer, api.RoleCustomer))
		require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
		return a.order(t).ID
	}
	pay := func(id, customer string, role api.Role, address string) answer {
		k := call{method: http.MethodPost, path: "/v1/orders/" + id + "/payment"}.as(t, customer, role)
		a := g.fromAddress(k, address, "")
		g.holdAgainstContract(k, a)
		return a
	}
	first, second := placed("ada"), placed("ada")
	for range 2 {
		require.Less(t, pay(first, "ada", api.RoleCustomer, "192.0.2.1:1").status, 300)
	}
	a := pay(first, "ada", api.RoleCustomer, "192.0.2.1:1")
	require.Equal(t, http.StatusTooManyRequests, a.status, "an order has a third of them")
	require.Equal(t, "/problems/too-many-requests", a.problem(t).Type)
	require.Regexp(t, `^([1-9]|[1-5]\d|60)$`, a.header.Get("Retry-After"))
	for range 2 {
		require.Less(t, pay(second, "ada", api.RoleCustomer, "192.0.2.1:1").status, 300)
	}
	third := placed("ada")
	require.Less(t, pay(third, "ada", api.RoleCustomer, "192.0.2.1:1").status, 300)
	require.Equal(t, http.StatusTooManyRequests, pay(third, "ada", api.RoleCustomer, "192.0.2.9:1").status, "wherever they come from")
	require.Less(t, pay(third, "staff", api.RoleOperator, "192.0.2.1:1").status, 300, "a customer takes nothing from operators")
	for range 9 {
		require.Less(t, pay(first, "staff", api.RoleOperator, "192.0.2.1:1").status, 300)
	}

	for range 30 { // one who has none left uses up nothing of the network's
		require.Equal(t, http.StatusTooManyRequests, pay(third, "ada", api.RoleCustomer, "192.0.2.1:1").status)
	}
	refused := 0
	for i := range 24 { // other people of the same network
		name := fmt.Sprintf("c-%d", i)
		if pay(placed(name), name, api.RoleCustomer, "192.0.2.1:1").status == http.StatusTooManyRequests {
			refused++
		}
	}
	require.Equal(t, 6, refused, "24 a minute for a network, and six of them were used")
	require.Equal(t, http.StatusNotFound, pay("none", "bob", api.RoleCustomer, "192.0.2.2:1").status)
}
