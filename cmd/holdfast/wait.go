package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Waiting for services at the start: the pause between two tries, which doubles up to a
// bound, and how long one try may take.
const (
	firstPause = 500 * time.Millisecond
	maxPause   = 5 * time.Second
	askFor     = 5 * time.Second
)

// waitFor calls a service until it responds, at most for patience, and logs that it waits
// and why.
func waitFor(ctx context.Context, name string, patience time.Duration, logger *slog.Logger, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		try, end := context.WithTimeout(ctx, askFor)
		err := ask(try)
		end()
		if err == nil {
			return nil
		}
		logger.WarnContext(ctx, "waiting for a service", "service", name, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("no answer in %s: %w", patience, err)
		case <-timer.C:
		}
	}
}
