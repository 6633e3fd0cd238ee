package main

import (
	"context"
	"fmt"
	"time"

	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// progressPoll is how often the progress of a worker's task is read.
const progressPoll = 300 * time.Millisecond

// unclaimedFor is how long a task may wait for a worker before that is reported.
const unclaimedFor = 3 * time.Second

// watchWork waits for the result of a worker's task and shows its progress; what names its
// subject.
func watchWork(ctx context.Context, work *sagaclient.Work, what string, out out, result any) error {
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchProgress(watching, work, what, out)
	}()
	err := work.Result(ctx, result)
	stop()
	<-watched
	return err
}

// watchProgress shows the progress that the worker reports to Temporal, and why nothing
// moves, until ctx ends.
func watchProgress(ctx context.Context, work *sagaclient.Work, what string, out out) {
	progress := &stages{out: out}
	defer progress.end()
	shown := saga.RebuildProgress{}
	trouble := ""
	ticker := time.NewTicker(progressPoll)
	defer ticker.Stop()
	for claimed := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := work.Progress(ctx)
		if !now.Unclaimed {
			claimed = time.Now()
		} else if time.Since(claimed) > unclaimedFor {
			now.Trouble = "no worker takes it"
		}
		if now.Trouble != trouble && now.Trouble != "" {
			_, _ = fmt.Fprintf(out.stderr, "%s: %s\n", what, now.Trouble)
		}
		trouble = now.Trouble
		if now.Done == nil {
			continue
		}
		if now.Done.Stage != shown.Stage || now.Done.Done < shown.Done {
			shown = saga.RebuildProgress{Stage: now.Done.Stage}
		}
		progress.stepOf(what+", "+now.Done.Stage, int(now.Done.Done-shown.Done), now.Done.Total)
		shown = *now.Done
	}
}
