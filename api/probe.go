package api

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"holdfast/api/openapi"
)

const (
	// probeEvery is the least time between two probes of the dependencies.
	probeEvery = time.Second
	// checkTimeout limits one check, and how long a caller waits for the result.
	checkTimeout = time.Second
)

// prober checks the dependencies on behalf of all callers: however many there are, each dependency
// is checked at most once a second, and never again before its last check has returned.
type prober struct {
	checks map[string]Check
	log    *slog.Logger
	// rounds in progress; each ends within checkTimeout.
	rounds sync.WaitGroup

	mu sync.Mutex
	// round is the last round, or the one in progress.
	round *round
	// asked has the dependencies whose check is still in progress, from any round.
	asked map[string]bool
}

// round is one probe of all dependencies. Its health is set before done is closed.
type round struct {
	began  time.Time
	done   chan struct{}
	health openapi.Health
}

func newProber(checks map[string]Check, log *slog.Logger) *prober {
	return &prober{checks: checks, log: log, asked: map[string]bool{}}
}

// health returns the result of the last probe, or of a new one if that is a second old.
func (p *prober) health(ctx context.Context) (openapi.Health, error) {
	r := p.current() //nolint:contextcheck // a round serves all callers, and outlives each of them
	select {
	case <-r.done:
		return r.health, nil
	case <-ctx.Done():
		return openapi.Health{}, ctx.Err()
	}
}

func (p *prober) current() *round {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.round == nil || time.Since(p.round.began) >= probeEvery {
		r := &round{began: time.Now(), done: make(chan struct{})}
		p.round = r
		p.rounds.Go(func() { p.run(r) })
	}
	return p.round
}

// checked is the result of one check.
type checked struct {
	name string
	err  error
}

// run ends within checkTimeout, whether or not all checks have returned.
func (p *prober) run(r *round) {
	defer close(r.done)
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	answers := make(chan checked, len(p.checks)) // buffered, because late results aren't received
	found := make(map[string]error, len(p.checks))
	for name, ask := range p.checks {
		found[name] = errNoAnswer
		p.ask(ctx, name, ask, answers)
	}
	for waiting := len(p.checks); waiting > 0; waiting-- {
		select {
		case a := <-answers:
			found[a.name] = a.err
		case <-ctx.Done():
			waiting = 1
		}
	}
	for name, err := range found {
		if err != nil && !errors.Is(err, ErrUnknown) { // which isn't a failure
			p.log.Warn("dependency is not ready", "dependency", name, "error", err)
		}
	}
	r.health = healthOf(found)
}

// ask checks one dependency in its own goroutine: a check that ignores its context must not delay
// the others. Until it returns it isn't started again, so a hanging dependency has one goroutine,
// not one more every second.
func (p *prober) ask(ctx context.Context, name string, ask Check, answers chan<- checked) {
	p.mu.Lock()
	busy := p.asked[name]
	p.asked[name] = true
	p.mu.Unlock()
	if busy {
		answers <- checked{name, errNoAnswer}
		return
	}
	go func() {
		err := ask(ctx)
		p.mu.Lock()
		delete(p.asked, name)
		p.mu.Unlock()
		answers <- checked{name, err}
	}()
}
