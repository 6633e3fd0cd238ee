package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/command"
	"holdfast/order"
)

// NameRunCommands is the name under which RunCommands is registered, on a queue of its own: scripts
// must not keep orders waiting.
const NameRunCommands = "RunCommands"

// Chains has the published chains, ready to run.
type Chains interface {
	Prepared(ctx context.Context, scenario order.Scenario, version int64) (*command.Prepared, error)
}

// OrderReader reads an order's document.
type OrderReader interface {
	Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error)
}

// RunCommands runs a chain for events of an order. It changes nothing: the saga records what it
// returns.
type RunCommands struct {
	Chains Chains
	Orders OrderReader
	// Ran is told of each run of a command; it may be nil.
	Ran func(command.Ref, command.Outcome)
}

// RunCommandsParams says which chain runs for what.
type RunCommandsParams struct {
	OrderID  string
	Version  int64 // of the order, at least
	Scenario order.Scenario
	Chain    int64
	Events   []command.Event
	At       time.Time
}

// errNotRecorded means that the order's document isn't there yet.
var errNotRecorded = errors.New("the order's document has not been recorded yet")

// Execute returns what the commands did: all tags that the order has then, and what is to be added to
// the rest.
func (a *RunCommands) Execute(ctx context.Context, p RunCommandsParams) (order.Commanded, error) {
	chain, err := a.Chains.Prepared(ctx, p.Scenario, p.Chain)
	if err != nil {
		return order.Commanded{}, fmt.Errorf("prepare version %d of the commands for %s: %w", p.Chain, p.Scenario, err)
	}
	doc, version, found, err := a.Orders.Get(ctx, p.OrderID)
	if err == nil && (!found || version < p.Version) {
		err = errNotRecorded
	}
	var o order.Order
	if err == nil {
		err = json.Unmarshal(doc, &o)
	}
	if err != nil {
		return order.Commanded{}, fmt.Errorf("read order %s: %w", p.OrderID, err)
	}
	d := &command.Draft{View: command.ViewOf(&o), At: p.At.UTC()}
	d.View.Time = d.At.Format(time.RFC3339Nano)
	for _, e := range p.Events {
		d.View.Event = e
		if err := chain.Run(ctx, d, a.Ran); err != nil {
			return order.Commanded{}, fmt.Errorf("run the commands for order %s: %w", p.OrderID, err)
		}
	}
	d.Made.Chains = nil
	return d.Made, nil
}
