package activities

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Quick is for a step that gives the same answer whenever it runs again: a local activity,
// without an event for its input. It gives up soon; the step then continues under Patient.
func Quick(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    time.Second,
		ScheduleToCloseTimeout: 5 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 2, MaximumAttempts: 3,
		},
		Summary: summary,
	})
}

// QuickRecord is Quick for a paid order's document, which may have a megabyte in two hundred packages. On a
// busy machine, encoding and storing that take longer than Quick allows.
func QuickRecord(ctx workflow.Context, summary string) workflow.Context {
	opts := workflow.GetLocalActivityOptions(Quick(ctx, summary))
	opts.StartToCloseTimeout, opts.ScheduleToCloseTimeout = 5*time.Second, 15*time.Second
	return workflow.WithLocalActivityOptions(ctx, opts)
}

// Patient is for a step that must happen, whatever is unavailable and for however long. Its
// scheduled event makes the decision durable before anything moves.
func Patient(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         patience(),
		Summary:             summary,
	})
}

// Brief is for a step with a caller waiting, who would rather learn soon that it failed.
func Brief(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    4 * time.Second,
		ScheduleToCloseTimeout: 8 * time.Second,
		RetryPolicy:            patience(),
		Summary:                summary,
	})
}

// AtProvider is for work at a payment provider that must happen eventually: patient,
// without adding to the load of a provider in trouble.
func AtProvider(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
		Summary: summary,
	})
}

// SendingMoney is AtProvider for a step that may be cancelled. The attempt in flight is
// then awaited, since it may have sent the money.
func SendingMoney(ctx workflow.Context, summary string) workflow.Context {
	ctx = AtProvider(ctx, summary)
	options := workflow.GetActivityOptions(ctx)
	options.WaitForCancellation = true
	return workflow.WithActivityOptions(ctx, options)
}

// Delivering is for a message to a third party's server: three days of tries. The activity
// itself sets the time of the next try; the policy covers a try that reports nothing
// because its worker died.
func Delivering(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    30 * time.Second,
		ScheduleToCloseTimeout: 3 * 24 * time.Hour,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: firstDelay, BackoffCoefficient: delayGrowth, MaximumInterval: longestDelay,
		},
		Summary: summary,
	})
}

// PatientUntil is Patient, but gives up after d.
func PatientUntil(ctx workflow.Context, d time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: d,
		RetryPolicy:            patience(),
		Summary:                summary,
	})
}

// LongWalk is for an activity that works through many entities and shows by heartbeats that
// it is alive.
func LongWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         patience(),
		Summary:             summary,
	})
}

// WholeWalk is a LongWalk over all entities: a million documents take hours.
func WholeWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 24 * time.Hour,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         patience(),
		Summary:             summary,
	})
}

// OneWalk is a LongWalk that is not retried: its schedule starts another one anyway.
func OneWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// OneLongWalk is a OneWalk over all entities.
func OneLongWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 6 * time.Hour,
		HeartbeatTimeout:    time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// patience retries forever, soon at first, and often enough to use a recovered system
// within seconds.
func patience() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second,
	}
}

// Commands is for the shop's commands, on their own queue: they may be tried again until a
// deadline.
func Commands(ctx workflow.Context, d time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              CommandsQueue(workflow.GetInfo(ctx).TaskQueueName),
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: d,
		RetryPolicy:            patience(),
		Summary:                summary,
	})
}

// CommandsQueue is the task queue of commands, beside that of their orders.
func CommandsQueue(orders string) string { return orders + "-commands" }
