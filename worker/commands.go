package worker

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	sdk "go.temporal.io/sdk/worker"

	"holdfast/activities"
	"holdfast/command"
	"holdfast/commands"
	"holdfast/order"
	"holdfast/records"
)

// commandSlots is how many chains run at once in a process, and commandPollers how many polls ask for
// them.
const (
	commandSlots   = 4
	commandPollers = 2
)

// newCommands returns a worker for the shop's commands. It is one of its own, so that no script takes
// an order's place.
func newCommands(c Config, docs *records.Store) (sdk.Worker, error) {
	runs := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "holdfast_event_command_runs_total", Help: "Runs of the shop's commands for events of orders, by command and outcome.",
	}, []string{"command", "outcome"})
	if c.Metrics != nil {
		if err := c.Metrics.Register(runs); err != nil {
			return nil, fmt.Errorf("register the metrics of commands: %w", err)
		}
	}
	w := sdk.New(c.Temporal, activities.CommandsQueue(c.TaskQueue), sdk.Options{
		DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: commandSlots,
		MaxConcurrentActivityTaskPollers: commandPollers, WorkerStopTimeout: c.Options.WorkerStopTimeout,
	})
	register(w, activities.NameRunCommands, (&activities.RunCommands{
		Chains: versions{commands.New(c.Redis, c.Box)}, Orders: docs,
		Ran: func(r command.Ref, o command.Outcome) { runs.WithLabelValues(r.ID, string(o)).Inc() },
	}).Execute)
	return w, nil
}

// versions finds chains by the numbers that orders keep of them.
type versions struct{ *commands.Store }

// Prepared implements activities.Chains.
func (v versions) Prepared(ctx context.Context, scenario order.Scenario, version int64) (*command.Prepared, error) {
	return v.Store.Prepared(ctx, scenario, command.ChainVersion{Number: version})
}
