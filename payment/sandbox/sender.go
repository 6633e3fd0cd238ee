package sandbox

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// sendTimeout bounds one try. leaseTime is longer, so that another sender doesn't take
	// a message that is being sent.
	sendTimeout = 10 * time.Second
	leaseTime   = 30 * time.Second
	// A message that is not accepted is sent again after about a second, then after twice
	// as long each time, up to a minute.
	firstRetry   = time.Second
	longestRetry = time.Minute
	// giveUpAfter is when a message that is never accepted is dropped.
	giveUpAfter = 7 * 24 * time.Hour
	// lookEvery is how soon a message is found that another process put into the outbox, or
	// that has become due again.
	lookEvery = time.Second
	// atOnce is how many messages are in flight.
	atOnce = 16
	// bookkeeping bounds the recording of a try's result, including while the sender stops.
	bookkeeping = 3 * time.Second
)

// Sender sends the sandbox's callbacks, each until it is accepted, under an id that stays
// the same. Several processes may run one; even so, a message may arrive twice.
type Sender struct {
	books  *Books
	signer *Signer
	url    string
	http   *http.Client
	log    *slog.Logger
	jitter func() float64
	// slots has an entry for each additional message that may be sent.
	slots    chan struct{}
	underWay sync.WaitGroup
}

// NewSender sends to the gateway at gatewayURL.
func NewSender(b *Books, s *Signer, gatewayURL string, log *slog.Logger) *Sender {
	sender := &Sender{
		books: b, signer: s, url: strings.TrimSuffix(gatewayURL, "/") + "/v1/payments/callbacks/" + Name, log: log,
		http: &http.Client{
			Timeout:       sendTimeout,
			Transport:     &http.Transport{MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		jitter: rand.Float64, slots: make(chan struct{}, atOnce),
	}
	sender.free(atOnce)
	return sender
}

// Run sends what is due until ctx ends, and returns when nothing is in flight any more.
func (s *Sender) Run(ctx context.Context) {
	defer s.http.CloseIdleConnections()
	defer s.underWay.Wait()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	away := false
	for {
		err := s.sendDue(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !away {
			s.log.WarnContext(ctx, "the sandbox's callbacks are delayed", "error", err)
		}
		away = err != nil
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-s.books.told:
		}
	}
}

// sendDue starts sending everything that is due now. A slow gateway doesn't hold up the
// other messages.
func (s *Sender) sendDue(ctx context.Context) error {
	for {
		ripe, err := s.books.ripe(ctx)
		if err != nil {
			return err
		}
		rand.Shuffle(len(ripe), func(i, j int) { ripe[i], ripe[j] = ripe[j], ripe[i] }) //nolint:gosec // no secret
		for begun := time.Now(); time.Since(begun) < lookEvery; {                       // later ones may have become due
			if len(ripe) == 0 {
				return nil
			}
			if ripe, err = s.sendFrom(ctx, ripe); err != nil {
				return err
			}
		}
	}
}

// sendFrom sends as many messages from the buckets as there are slots for, and returns the
// buckets that may have more, those that have waited longest first.
func (s *Sender) sendFrom(ctx context.Context, buckets []string) ([]string, error) {
	free := s.awaitSlots(ctx)
	if free == 0 {
		return nil, ctx.Err()
	}
	asked := buckets[:min(len(buckets), free)]
	each := free / len(asked)
	messages, err := s.books.take(ctx, asked, leaseTime, each)
	from := map[string]int{}
	for _, m := range messages {
		from[m.bucket]++
		s.underWay.Go(func() {
			defer s.free(1)
			s.try(ctx, m)
		})
	}
	s.free(free - len(messages))
	left := slices.Clone(buckets[len(asked):])
	for _, bucket := range asked {
		if from[bucket] == each {
			left = append(left, bucket)
		}
	}
	return left, err
}

// awaitSlots takes all free slots, or waits for one if there are none. It returns 0 when
// ctx has ended.
func (s *Sender) awaitSlots(ctx context.Context) int {
	select {
	case <-ctx.Done():
		return 0
	case <-s.slots:
	}
	for n := 1; ; n++ {
		select {
		case <-s.slots:
		default:
			return n
		}
	}
}

func (s *Sender) free(n int) {
	for range n {
		s.slots <- struct{}{}
	}
}

// try sends one message once. It is sent again if it isn't accepted, or if the books can't
// be reached to record that it was.
func (s *Sender) try(ctx context.Context, m outgoing) {
	err := s.send(ctx, m)
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookkeeping)
	defer cancel()
	log := s.log.With("order_id", m.event.OrderID, "payment_id", m.event.PaymentID, "event_id", m.event.EventID, "tries", m.tries)
	now := s.books.now()
	switch {
	case err == nil:
		err = s.books.done(ctx, m)
	case stopped: // the next sender may send it at once
		err = s.books.later(ctx, m, now)
	case now.Sub(m.event.OccurredAt) > giveUpAfter:
		log.ErrorContext(ctx, "a callback was dropped", "error", err)
		err = s.books.done(ctx, m)
	default:
		log.WarnContext(ctx, "a callback was not accepted", "error", err)
		err = s.books.later(ctx, m, now.Add(s.pause(m.tries)))
	}
	if err != nil {
		log.WarnContext(ctx, "a callback will be repeated, since the books could not be reached", "error", err)
	}
}

// pause is how long a message waits after this number of tries: up to a fifth more or less,
// so that messages that failed together aren't retried together.
func (s *Sender) pause(tries int) time.Duration {
	const steps, spread = 6, 0.4 // 2^6 s exceeds the longest pause
	pause := min(firstRetry<<min(tries-1, steps), longestRetry)
	return time.Duration(float64(pause) * (1 - spread/2 + spread*s.jitter()))
}

func (s *Sender) send(ctx context.Context, m outgoing) error {
	c, err := s.signer.late(m.event, s.books.now())
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(string(c.Body)))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header = c.Header
	res, err := s.http.Do(req)
	if err != nil {
		return fmt.Errorf("send the callback: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // there is nothing more to learn
	const enough = 4 << 10                  // of an unneeded answer, so that the connection can be reused
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, enough))
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the gateway answered %s", res.Status)
	}
	return nil
}
