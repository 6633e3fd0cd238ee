package redis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"holdfast/dev/loopback"
)

// clockTick is how often the in-process server's clock advances: its keys expire only by
// that clock.
const clockTick = time.Second

// inProcess is a Redis inside this process.
type inProcess struct {
	server *miniredis.Miniredis
	stop   context.CancelFunc
	clock  sync.WaitGroup
	done   chan struct{}
	once   sync.Once
}

func startInProcess(ctx context.Context, port int) (*inProcess, error) {
	if _, err := loopback.Ports(port); err != nil {
		return nil, fmt.Errorf("start an in-process Redis: %w", err)
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(loopback.Address(port)); err != nil {
		return nil, fmt.Errorf("start an in-process Redis: %w", err)
	}
	// It lives until Stop, not as long as the context of its start.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &inProcess{server: server, stop: stop, done: make(chan struct{})}
	p.clock.Go(func() {
		ticker := time.NewTicker(clockTick)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				server.FastForward(clockTick)
			}
		}
	})
	return p, nil
}

func (p *inProcess) URL() string           { return "redis://" + p.server.Addr() + "/0" }
func (p *inProcess) Kind() string          { return "in-process Redis, in memory" }
func (p *inProcess) Done() <-chan struct{} { return p.done }
func (p *inProcess) Err() error            { return nil }

// Stop ends the server; it can't fail and never waits.
func (p *inProcess) Stop(context.Context) error {
	p.once.Do(func() {
		p.stop()
		p.clock.Wait()
		p.server.Close()
		close(p.done)
	})
	return nil
}
