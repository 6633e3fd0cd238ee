package projector

import (
	"context"
	"fmt"

	"holdfast/streams"
)

// round takes some entries, brings what they stand for into the index, acknowledges them,
// and returns their number. Waiting ends with ctx, work in progress with working.
func (p *Projector) round(ctx, working context.Context) (int, error) {
	n, err := p.try(ctx, working)
	switch {
	case err == nil && p.failing:
		p.failing = false
		p.tellWaiting()
		p.Log.InfoContext(ctx, "the event streams are read again")
	case err != nil:
		// Entries that were delivered but not acknowledged come to this consumer again.
		p.reader.Again()
		p.metrics.failedRounds.Inc()
		if !p.failing && ctx.Err() == nil {
			p.failing = true
			p.tellWaiting()
			p.Log.WarnContext(ctx, "a round of the views failed", "error", err)
		}
	}
	return n, err
}

func (p *Projector) try(ctx, working context.Context) (int, error) {
	entries, err := p.reader.Gather(working)
	if streams.NoGroup(err) {
		p.Log.WarnContext(ctx, "the group of the views is gone and will be recreated", "error", err)
		if err := streams.Register(working, p.Redis, Group); err != nil {
			return 0, err
		}
		entries, err = p.reader.Gather(working)
	}
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	p.metrics.entries.Add(float64(len(entries)))
	if err := p.project(ctx, working, entries); err != nil {
		return 0, fmt.Errorf("project %d entries: %w", len(entries), err)
	}
	return len(entries), p.reader.Ack(working, entries)
}

// project brings what the entries stand for into the index, however long that takes. What
// can't be stored as it is becomes a dead letter.
func (p *Projector) project(ctx, working context.Context, entries []streams.Entry) error {
	letters, _, err := p.bring(working, sortOut(entries), func(what string, try func() error) error {
		return p.insist(ctx, what, try)
	})
	if err != nil {
		return err
	}
	return p.insist(ctx, "the dead letters", func() error { return p.setAside(working, letters) })
}
