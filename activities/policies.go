package activities

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Quick is for a step whose answer is the same whenever it runs again: a local
// activity, without an event for its input. It gives up soon: the same step then
// goes on under Patient.
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

// Patient is for a step that has to happen, whatever is away and for how long:
// its scheduled event makes the decision durable before anything moves.
func Patient(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         patience(),
		Summary:             summary,
	})
}

// Brief is for a step that somebody waits for, who would rather hear that it failed.
func Brief(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    4 * time.Second,
		ScheduleToCloseTimeout: 8 * time.Second,
		RetryPolicy:            patience(),
		Summary:                summary,
	})
}

// AtProvider is for what a payment provider has to do, whenever it can: patient, and
// without adding to the load of one that is in trouble.
func AtProvider(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
		Summary: summary,
	})
}

// SendingMoney is AtProvider for a step that may be given up: an attempt that is under way
// then is waited for, since it may have sent the money.
func SendingMoney(ctx workflow.Context, summary string) workflow.Context {
	ctx = AtProvider(ctx, summary)
	options := workflow.GetActivityOptions(ctx)
	options.WaitForCancellation = true
	return workflow.WithActivityOptions(ctx, options)
}

// Delivering is for a message to somebody else's server: three days of tries. When the
// next one is, the activity says itself; the policy is for a try that says nothing, since
// its worker died.
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

// LongWalk is for an activity that works through many entities and tells by
// heartbeats that it lives.
func LongWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         patience(),
		Summary:             summary,
	})
}

// WholeWalk is a LongWalk over everything that there is: a million documents take
// hours.
func WholeWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 24 * time.Hour,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         patience(),
		Summary:             summary,
	})
}

// OneWalk is a LongWalk that is not repeated: the next schedule comes anyway.
func OneWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// OneLongWalk is a OneWalk over everything that there is.
func OneLongWalk(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 6 * time.Hour,
		HeartbeatTimeout:    time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// patience retries for ever, soon at first, and often enough that a system that
// comes back is used within seconds.
func patience() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second,
	}
}
