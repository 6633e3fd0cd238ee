package sandbox_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/paymenttest"
	"holdfast/payment/sandbox"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestTheSandboxIsAProvider(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		paymenttest.Run(t, func(t *testing.T) paymenttest.Harness { return harness(t, rdb) })
	})
}

// harness lets the suite act as the buyer, and receives the callbacks.
func harness(t *testing.T, rdb redis.UniversalClient) paymenttest.Harness {
	s, books := signer(t), sandbox.NewBooks(rdb)
	p := sandbox.NewProvider(s, books, sandbox.Options{PublicURL: "http://shop.example/"})
	var lose atomic.Bool
	p.LoseAnswers(&lose)
	shop := newShop(t, s, time.Now)
	sender := sandbox.NewSender(books, s, shop.URL, slog.New(slog.DiscardHandler))
	choose := func(c sandbox.Choice) func(t testing.TB, id string) {
		return func(t testing.TB, id string) {
			t.Helper()
			_, err := books.Choose(t.Context(), id, c)
			require.NoError(t, err)
		}
	}
	return paymenttest.Harness{
		Name: sandbox.Name, Provider: p, TakesUnknown: true,
		Sent: func(t testing.TB, id string) []paymenttest.Message {
			t.Helper()
			require.NoError(t, sender.SendDue(t.Context()))
			return shop.of(id)
		},
		Pay: choose(sandbox.Choice{Action: sandbox.ActionPay}), Decline: choose(sandbox.Choice{Action: sandbox.ActionDecline}),
		Refuse: choose(sandbox.Choice{Action: sandbox.ActionRefuse}), Process: choose(sandbox.Choice{Action: sandbox.ActionProcess}),
		PayLate: choose(sandbox.Choice{Action: sandbox.ActionPayLate}), PayTwice: choose(sandbox.Choice{Action: sandbox.ActionPayTwice}),
		FailRefund: choose(sandbox.Choice{Action: sandbox.ActionFailRefund}),
		PayOther: func(t testing.TB, id string, amount int64) {
			t.Helper()
			choose(sandbox.Choice{Action: sandbox.ActionPay, Amount: amount})(t, id)
		},
		Lose: func(testing.TB) { lose.Store(true) },
	}
}

// shop receives callbacks, reads each on arrival, and answers them with its status.
type shop struct {
	*httptest.Server
	mu       sync.Mutex
	messages []paymenttest.Message
	events   []order.PaymentEvent
	status   atomic.Int64
}

func newShop(t testing.TB, p payment.Reader, now func() time.Time) *shop {
	s := &shop{}
	s.status.Store(http.StatusNoContent)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/payments/callbacks/sandbox" || r.Method != http.MethodPost {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
			return
		}
		e, err := p.Callback(r.Header, body, now())
		if err != nil {
			t.Errorf("a callback can't be read: %v", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.messages = append(s.messages, paymenttest.Message{Header: r.Header.Clone(), Body: body})
		s.events = append(s.events, e)
		w.WriteHeader(int(s.status.Load()))
	}))
	t.Cleanup(s.Close)
	return s
}

// of returns the messages of one payment.
func (s *shop) of(id string) []paymenttest.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var of []paymenttest.Message
	for i, e := range s.events {
		if e.PaymentID == id {
			of = append(of, s.messages[i])
		}
	}
	return of
}

// all returns the received events.
func (s *shop) all() []order.PaymentEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}
