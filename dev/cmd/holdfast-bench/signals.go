package main

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/interceptor"

	"holdfast/saga"
)

// signalCounter measures when a number of delisting signals had been accepted by Temporal,
// whichever client sent them.
type signalCounter struct {
	interceptor.ClientInterceptorBase
	mu          sync.Mutex
	want, seen  int
	first, last time.Time
}

func (c *signalCounter) interceptors() []interceptor.ClientInterceptor {
	return []interceptor.ClientInterceptor{c}
}

// InterceptClient puts the counter in front of the client.
func (c *signalCounter) InterceptClient(next interceptor.ClientOutboundInterceptor) interceptor.ClientOutboundInterceptor {
	return &countedClient{ClientOutboundInterceptorBase: interceptor.ClientOutboundInterceptorBase{Next: next}, counter: c}
}

// expect starts a measurement of n signals.
func (c *signalCounter) expect(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want, c.seen, c.first, c.last = n, 0, time.Time{}, time.Time{}
}

// rate is how many signals were accepted per second, from the first one's start to the last
// one's end.
func (c *signalCounter) rate() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return float64(c.seen) / c.last.Sub(c.first).Seconds()
}

type countedClient struct {
	interceptor.ClientOutboundInterceptorBase
	counter *signalCounter
}

// SignalWorkflow sends the signal and counts it.
func (c *countedClient) SignalWorkflow(ctx context.Context, in *interceptor.ClientSignalWorkflowInput) error {
	start := time.Now()
	err := c.Next.SignalWorkflow(ctx, in)
	if in.SignalName != saga.DelistedSignal || err != nil {
		return err
	}
	c.counter.mu.Lock()
	defer c.counter.mu.Unlock()
	if c.counter.seen == c.counter.want {
		return nil
	}
	if c.counter.first.IsZero() {
		c.counter.first = start
	}
	c.counter.seen++
	c.counter.last = time.Now()
	return nil
}
