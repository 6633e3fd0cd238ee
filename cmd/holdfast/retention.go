package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"holdfast/api"
	"holdfast/inventory"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
	"holdfast/worker"
)

// forever is how long closed orders stay in Redis without an index: forever.
const forever = time.Duration(math.MaxInt64)

// checkRetention refuses a namespace that forgets too early, see retentionFits. If the
// namespace's retention can't be read, the operator has to check it.
func checkRetention(ctx context.Context, c *sagaclient.Client, namespace string, keep time.Duration, log *slog.Logger) error {
	err := retentionFits(ctx, c, namespace, keep)
	if errors.Is(err, api.ErrUnknown) {
		log.WarnContext(ctx, "the namespace's retention can't be read: it must be at least 720h, and --keep-orders a day longer", "error", err)
		return nil
	}
	return err
}

// retentionFits refuses a namespace that forgets an order before Redis has forgotten its
// ended holds: the order's id could be used again, and meet them. It also refuses to move
// orders out of Redis that Temporal still knows. The error is an api.ErrUnknown if Temporal
// doesn't report its retention.
func retentionFits(ctx context.Context, c *sagaclient.Client, namespace string, keep time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	retention, err := c.Retention(ctx)
	switch {
	case errors.Is(err, saga.ErrRetentionUnknown):
		return fmt.Errorf("%w: the retention of namespace %s: %w", api.ErrUnknown, namespace, err)
	case err != nil:
		return fmt.Errorf("ask for the retention of namespace %s (TEMPORAL_NAMESPACE): %w", namespace, err)
	}
	if retention < inventory.Remember {
		return usagef("namespace %s (TEMPORAL_NAMESPACE) keeps closed workflows for %s, and Redis remembers ended holds for %s:"+
			" set its retention to %s or more, with HOLDFAST_RETENTION of holdfast setup", namespace, retention, inventory.Remember, inventory.Remember)
	}
	if keep == forever {
		return nil
	}
	if least := retention + worker.KeepBeyond; keep < least {
		return usagef("--keep-orders (HOLDFAST_KEEP_ORDERS): %s is too short, at least %s is needed: namespace %s keeps closed workflows for %s"+
			" (HOLDFAST_RETENTION of holdfast setup), and an order leaves Redis only once Temporal has forgotten it",
			keep, least, namespace, retention)
	}
	return nil
}
