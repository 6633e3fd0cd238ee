package sandbox_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/redisdb/redistest"
)

// desk is the sandbox with a clock that a test moves.
type desk struct {
	*sandbox.Provider
	books  *sandbox.Books
	sender *sandbox.Sender
	shop   *shop
	log    *bytes.Buffer
	mu     sync.Mutex
	now    time.Time
}

func newDesk(t testing.TB, rdb redis.UniversalClient) *desk {
	s, books := signer(t), sandbox.NewBooks(rdb)
	d := &desk{
		Provider: sandbox.NewProvider(s, books, sandbox.Options{}), books: books, log: &bytes.Buffer{},
		now: time.Now().UTC().Truncate(time.Millisecond),
	}
	d.shop = newShop(t, s, d.time)
	books.At(d.time)
	d.sender = sandbox.NewSender(books, s, d.shop.URL, slog.New(slog.NewTextHandler(d.log, nil)))
	return d
}

func (d *desk) time() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) pass(t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(t)
}

func (d *desk) create(t testing.TB) (order.PaymentRequest, string) {
	t.Helper()
	r := order.PaymentRequest{
		Provider: sandbox.Name, OrderID: uuid.NewString(), Attempt: 1, Amount: 1290, Currency: "EUR",
		Until: d.time().Add(15 * time.Minute),
	}
	id, err := d.Create(t.Context(), r)
	require.NoError(t, err)
	return r, id
}

func (d *desk) choose(t testing.TB, id string, a sandbox.Action) {
	t.Helper()
	_, err := d.books.Choose(t.Context(), id, sandbox.Choice{Action: a})
	require.NoError(t, err)
}

func (d *desk) send(t testing.TB) []order.PaymentEvent {
	t.Helper()
	require.NoError(t, d.sender.SendDue(t.Context()))
	return d.shop.all()
}

func (d *desk) status(t testing.TB, id string) order.ProviderStatus {
	t.Helper()
	p, err := d.LookUp(t.Context(), id)
	require.NoError(t, err)
	return p.Status
}

// onDesks runs the test on every Redis.
func onDesks(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) { test(t, newDesk(t, rdb)) })
}

func TestACallbackComesUntilItIsTaken(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		_, id := d.create(t)
		d.choose(t, id, sandbox.ActionPay)
		paidAt := d.time()
		d.shop.status.Store(http.StatusServiceUnavailable)
		for try := 1; try <= 9; try++ {
			require.Len(t, d.send(t), try)
			require.Len(t, d.send(t), try, "not before its time")
			d.pass(d.sender.Pause(try, 1)) // the longest that it can be
		}
		require.GreaterOrEqual(t, d.time().Sub(paidAt), 3*time.Minute)
		require.Contains(t, d.log.String(), "503")
		d.shop.status.Store(http.StatusOK)
		events := d.send(t)
		require.Len(t, events, 10)
		for _, e := range events {
			require.Equal(t, events[0].EventID, e.EventID)
			require.Equal(t, paidAt, e.OccurredAt, "however late it is sent")
		}
		d.pass(time.Hour)
		require.Len(t, d.send(t), 10, "it was taken")
	})
}

func TestAnswersThatAreNoYes(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	for _, status := range []int{http.StatusMovedPermanently, http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusBadGateway} {
		_, id := d.create(t)
		d.choose(t, id, sandbox.ActionPay)
		d.shop.status.Store(int64(status))
		seen := len(d.send(t))
		d.pass(time.Minute)
		require.Greater(t, len(d.send(t)), seen, status)
		d.shop.status.Store(http.StatusNoContent)
		d.pass(time.Minute)
		d.send(t)
	}
}

func TestPausesGrow(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	for try, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 7: time.Minute, 5000: time.Minute} {
		require.Equal(t, want, d.sender.Pause(try, 0.5))
		require.InDelta(t, want, d.sender.Pause(try, 0), 0.21*float64(want))
		require.InDelta(t, want, d.sender.Pause(try, 1), 0.21*float64(want))
	}
}

func TestAGatewayThatIsAwayForDays(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		_, id := d.create(t)
		d.choose(t, id, sandbox.ActionPay)
		d.shop.status.Store(http.StatusBadGateway)
		for range 4 {
			d.pass(24 * time.Hour)
			d.send(t)
		}
		require.NotContains(t, d.log.String(), "dropped")
		d.pass(sandbox.GiveUp)
		n := len(d.send(t))
		require.Contains(t, d.log.String(), "dropped")
		d.pass(time.Hour)
		require.Len(t, d.send(t), n)
	})
}

// Several senders share the outbox, and one that dies in the middle is replaced.
func TestSendersShareTheOutbox(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		const payments = 60
		for range payments {
			_, id := d.create(t)
			d.choose(t, id, sandbox.ActionPay)
		}
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { _ = d.sender.SendDue(t.Context()) })
		}
		all.Wait()
		events := d.send(t)
		require.Len(t, events, payments, "each once, since nobody died")
		ids := map[string]bool{}
		for _, e := range events {
			ids[e.EventID] = true
		}
		require.Len(t, ids, payments)

		_, id := d.create(t)
		d.choose(t, id, sandbox.ActionPay)
		dying, cancel := context.WithCancel(t.Context())
		d.shop.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			cancel()
			panic(http.ErrAbortHandler)
		})
		_ = d.sender.SendDue(dying) // it is told to stop while the message is in flight
		var again int
		d.shop.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			again++
			w.WriteHeader(http.StatusNoContent)
		})
		require.NoError(t, d.sender.SendDue(t.Context()))
		require.Equal(t, 1, again, "the next one sends it at once")
	})
}

func TestLateMoneyComesAfterTheOrderEnded(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		r, cancelled := d.create(t)
		d.choose(t, cancelled, sandbox.ActionPayLate)
		_, waiting := d.create(t)
		d.choose(t, waiting, sandbox.ActionPayLate)
		_, slow := d.create(t)
		d.choose(t, slow, sandbox.ActionProcess)
		d.choose(t, slow, sandbox.ActionPayLate)
		_, soon := d.create(t)
		d.choose(t, soon, sandbox.ActionPayLate)
		d.choose(t, soon, sandbox.ActionPay)
		_, refused := d.create(t)
		d.choose(t, refused, sandbox.ActionPayLate)
		d.choose(t, refused, sandbox.ActionRefuse)
		require.Len(t, d.send(t), 2)

		c, err := d.Cancel(t.Context(), cancelled, r)
		require.NoError(t, err)
		require.Equal(t, order.CancelOutcomeCancelled, c.Outcome)
		require.Len(t, d.send(t), 2, "not at once")
		d.pass(sandbox.LateAfter)
		require.Len(t, d.send(t), 3)
		require.Equal(t, order.ProviderSucceeded, d.status(t, cancelled))
		require.Equal(t, order.ProviderOpen, d.status(t, waiting))
		require.Equal(t, order.ProviderProcessing, d.status(t, slow))

		d.pass(15 * time.Minute)
		events := d.send(t)
		require.Len(t, events, 5, "after the payment window; what was paid in time doesn't come again")
		require.Equal(t, order.ProviderSucceeded, d.status(t, waiting))
		require.Equal(t, order.ProviderSucceeded, d.status(t, slow))
		d.pass(time.Hour)
		require.Len(t, d.send(t), 5)
		require.Equal(t, order.ProviderCancelled, d.status(t, refused))
	})
}

func TestTheBooksForget(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		d := newDesk(t, rdb)
		d.create(t)
		r, id := d.create(t)
		d.choose(t, id, sandbox.ActionPay)
		d.send(t)
		r.Attempt = 2
		_, err := d.Cancel(t.Context(), "", r)
		require.NoError(t, err)
		found := 0
		for key, err := range scanned(t, rdb) {
			require.NoError(t, err)
			left, err := rdb.PTTL(t.Context(), key).Result()
			require.NoError(t, err)
			require.InDelta(t, sandbox.Keep, left, float64(time.Minute))
			found++
		}
		require.Equal(t, 3, found)
	})
}

func TestRunSendsAndEnds(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.sender.Run(ctx)
	}()
	_, id := d.create(t)
	d.choose(t, id, sandbox.ActionPay)
	require.Eventually(t, func() bool { return len(d.shop.of(id)) == 1 }, 5*time.Second, time.Millisecond)
	stop()
	<-done
}

// A gateway that is slow to accept one message gets the others meanwhile, including later
// ones.
func TestASlowAnswerHoldsUpNoOther(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	_, slow := d.create(t)
	answer, took := make(chan struct{}), make(chan struct{}, 1)
	takes := d.shop.Config.Handler
	release := sync.OnceFunc(func() { close(answer) })
	defer release()
	var held atomic.Bool
	d.shop.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Other tests share this Redis, and their messages may be due: only the slow one's
		// waits.
		body, err := io.ReadAll(r.Body)
		if !assert.NoError(t, err) {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte(slow)) && !held.Swap(true) {
			took <- struct{}{}
			<-answer
		}
		takes.ServeHTTP(w, r)
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.sender.Run(ctx)
	}()
	d.choose(t, slow, sandbox.ActionPay)
	<-took
	for range 3 {
		_, id := d.create(t)
		d.choose(t, id, sandbox.ActionPay)
		require.Eventually(t, func() bool { return len(d.shop.of(id)) == 1 }, 5*time.Second, time.Millisecond)
	}
	require.Empty(t, d.shop.of(slow))
	release()
	require.Eventually(t, func() bool { return len(d.shop.of(slow)) == 1 }, 5*time.Second, time.Millisecond)
	stop()
	<-done
}

func TestAShareOfCallsFails(t *testing.T) {
	s, books := signer(t), sandbox.NewBooks(redistest.Real(t))
	p := sandbox.NewProvider(s, books, sandbox.Options{Fails: 0.5})
	failed, lost := 0, 0
	const calls = 400
	for range calls {
		r := order.PaymentRequest{OrderID: uuid.NewString(), Attempt: 1, Amount: 1, Currency: "EUR"}
		if _, err := p.Create(t.Context(), r); err != nil {
			require.ErrorIs(t, err, payment.ErrUnavailable)
			failed++
			_, err := sandbox.NewProvider(s, books, sandbox.Options{}).LookUp(t.Context(), sandbox.PaymentID(r))
			if err == nil {
				lost++
			}
		}
	}
	require.InDelta(t, calls/2, failed, calls/8)
	require.InDelta(t, calls/4, lost, calls/8, "half of them after the books were changed")
}

// away is a Redis that no longer answers.
func away(t *testing.T) redis.UniversalClient {
	t.Helper()
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	server.Close()
	return rdb
}
