package redisdb

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// How a Redis is watched: another server may answer at its address after a restart or a
// failover. A check takes three short commands, or five.
const (
	lookEvery  = 30 * time.Second
	lookWithin = 5 * time.Second
)

// Watch checks repeatedly whether a Redis keeps what it acknowledges.
type Watch struct {
	rdb   redis.UniversalClient
	log   *slog.Logger
	every time.Duration

	mu   sync.Mutex
	last Durability
}

// NewWatch starts with the result of the first check.
func NewWatch(rdb redis.UniversalClient, found Durability, log *slog.Logger) *Watch {
	return &Watch{rdb: rdb, log: log, every: lookEvery, last: found}
}

// Last returns the last result. It makes no call.
func (w *Watch) Last() Durability {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// Run checks until ctx ends, and logs each change.
func (w *Watch) Run(ctx context.Context) {
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		w.look(ctx)
	}
}

func (w *Watch) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	found, err := CheckDurability(ctx, w.rdb)
	w.mu.Lock()
	before := w.last
	if err != nil { // other checks report servers that don't answer
		found = found.after(before)
	}
	w.last = found
	w.mu.Unlock()
	switch {
	case slices.Equal(before.Faults, found.Faults):
	case len(found.Faults) > 0:
		w.log.ErrorContext(ctx, "redis may lose acknowledged writes", "faults", found.Faults)
	default:
		w.log.InfoContext(ctx, "redis keeps acknowledged writes again")
	}
	if !slices.Equal(before.Unknown, found.Unknown) && len(found.Unknown) > 0 {
		w.log.WarnContext(ctx, "redis does not report its durability settings", "unknown", found.Unknown)
	}
}
