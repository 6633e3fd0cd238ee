package sandbox

import (
	"context"
	"sync/atomic"
	"time"
)

// At replaces the books' clock.
func (b *Books) At(now func() time.Time) { b.now = now }

// LoseAnswers makes calls fail after they were carried out, whenever lose is set.
func (p *Provider) LoseAnswers(lose *atomic.Bool) {
	p.fails = 1
	p.chance = func() float64 {
		if lose.CompareAndSwap(true, false) {
			return 0.75
		}
		return 1
	}
}

// SendDue sends what is due, and waits for it.
func (s *Sender) SendDue(ctx context.Context) error {
	defer s.underWay.Wait()
	return s.sendDue(ctx)
}

// Pause is how long a message waits after this number of tries.
func (s *Sender) Pause(tries int, jitter float64) time.Duration {
	s.jitter = func() float64 { return jitter }
	return s.pause(tries)
}

// What the tests use.
const (
	Keep      = keep
	LateAfter = lateAfter
	LeaseTime = leaseTime
	GiveUp    = giveUpAfter
)
