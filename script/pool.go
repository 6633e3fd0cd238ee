package script

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// pool bounds how many boxes are in use. Each of its slots holds a box, or nil before its first use.
type pool struct {
	slots   chan *box
	workers int
	waiting atomic.Int64
	queue   int64
	closing sync.Once
	closed  chan struct{}
}

func newPool(workers, queue int) *pool {
	p := &pool{slots: make(chan *box, workers), workers: workers, queue: int64(queue), closed: make(chan struct{})}
	for range workers {
		p.slots <- nil
	}
	return p
}

// acquire returns a slot's box, or nil if the slot has none yet. The caller must release it.
func (p *pool) acquire(ctx context.Context) (*box, error) {
	select {
	case <-p.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case b := <-p.slots:
		return b, nil
	default:
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > p.queue {
		return nil, ErrBusy
	}
	select {
	case b := <-p.slots:
		return b, nil
	case <-p.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, errors.Join(ErrBusy, ctx.Err())
	}
}

func (p *pool) release(b *box) { p.slots <- b }

// close takes all slots, so that no box is in use. If it can't, it may be called again.
func (p *pool) close(ctx context.Context) error {
	p.closing.Do(func() { close(p.closed) })
	for taken := range p.workers {
		select {
		case <-p.slots:
		case <-ctx.Done():
			for range taken {
				p.slots <- nil
			}
			return ctx.Err()
		}
	}
	return nil
}
