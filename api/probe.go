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
	// checkTimeout is what a dependency has for its answer, and what whoever asks waits at most.
	checkTimeout = time.Second
)

// prober asks the dependencies for all who want to know: however many they are, each
// dependency is asked once a second at most, and never again before its last answer is in.
type prober struct {
	checks map[string]Check
	log    *slog.Logger
	// rounds that are running; each ends within checkTimeout.
	rounds sync.WaitGroup

	mu sync.Mutex
	// round is the last one, or the one that is running.
	round *round
	// asked are the dependencies that have not answered yet, of whichever round.
	asked map[string]bool
}

// round is one probe of all dependencies. Its health is there when done is closed.
type round struct {
	began  time.Time
	done   chan struct{}
	health openapi.Health
}

func newProber(checks map[string]Check, log *slog.Logger) *prober {
	return &prober{checks: checks, log: log, asked: map[string]bool{}}
}

// health is what the last probe found, or a new one where that is a second old.
func (p *prober) health(ctx context.Context) (openapi.Health, error) {
	r := p.current() //nolint:contextcheck // a round serves whoever asks, and outlives each of them
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

// checked is the answer of one dependency.
type checked struct {
	name string
	err  error
}

// run ends within checkTimeout, whether the dependencies have answered or not.
func (p *prober) run(r *round) {
	defer close(r.done)
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	answers := make(chan checked, len(p.checks)) // of use to none where they come late
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
		if err != nil && !errors.Is(err, ErrUnknown) { // which is no trouble
			p.log.Warn("dependency is not ready", "dependency", name, "error", err)
		}
	}
	r.health = healthOf(found)
}

// ask asks one dependency, in a goroutine of its own: a check that does not heed its
// context must hold up no other one. While it has not answered it is not asked again, so
// that a dependency that hangs has one goroutine, and not one more each second.
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
