package sagas

import (
	"encoding/json"
	"slices"
	"time"

	"holdfast/command"
	"holdfast/commands"
	"holdfast/order"
	"holdfast/saga"
	"holdfast/script"
)

// box runs the scripts of all tests.
var box = commands.NewBox(script.Options{})

const greetSource = `export function execute(view) {
  return {patch: [{op: "add", path: "/tags/-", value: "seen-" + view.scenario}], note: view.event.node};
}`

// runsIn publishes a chain for a scenario, and has the placement's order run it.
func (w *world) runsIn(p *order.Placement, scenario order.Scenario, steps ...command.Step) {
	w.Helper()
	chains := commands.New(w.rdb, box)
	_, err := chains.PutDraft(w.Context(), scenario, steps, "", "merchant")
	w.NoError(err)
	published, _, err := chains.Publish(w.Context(), scenario, "", "merchant")
	w.NoError(err)
	if p.Commands == nil {
		p.Commands = &order.Commanded{Chains: map[order.Scenario]int64{}}
	}
	p.Commands.Chains[scenario] = published.Version
}

// greets is a script.
func (w *world) greets() command.Step {
	w.Helper()
	c, _, err := commands.New(w.rdb, box).Put(w.Context(), command.Command{
		ID: "greet", Target: command.TargetOrder, Behaviour: command.BehaviourJS, Inputs: []string{"event"}, Source: greetSource,
	}, "", "merchant")
	w.NoError(err)
	return command.Step{Command: c.ID, Version: c.Version}
}

func builtin(id, params string) command.Step {
	return command.Step{Command: id, Version: 1, Params: json.RawMessage(params)}
}

// commanded are orders for whose events commands run.
func commanded() map[string]recording {
	pays := func(w *world, p order.Placement) {
		w.documentIs(p.OrderID, order.StatusAwaitingPayment)
		w.pay(p.OrderID, "one-"+p.OrderID, 1600)
	}
	return map[string]recording{
		"commands-run": {
			window: time.Hour, want: order.StatusDelivered,
			before: func(w *world, p *order.Placement) {
				w.runsIn(p, order.ScenarioPaid, w.greets())
				w.runsIn(p, order.ScenarioNode, w.greets())
			},
			drive: func(w *world, p order.Placement) {
				pays(w, p)
				w.documentIs(p.OrderID, order.StatusAwaitingShipment)
				w.deliver(p.OrderID)
				w.tagged(p.OrderID, "seen-paid", "seen-node")
			},
		},
		"gift-goes-with-its-lost-cause": {
			window: time.Hour, want: order.StatusCancelled,
			before: func(_ *world, p *order.Placement) {
				p.Commands = &order.Commanded{Gifts: []order.Gift{{Line: 1, Cause: "1", Command: "gift", Version: 1}}}
			},
			drive: func(w *world, p order.Placement) {
				w.documentIs(p.OrderID, order.StatusAwaitingPayment)
				w.pay(p.OrderID, "one-"+p.OrderID, w.order(p.OrderID).Amounts[order.AmountTotal])
				w.documentIs(p.OrderID, order.StatusAwaitingShipment)
				w.packs(p.OrderID, "a", of("1", 2))
				w.marks(p.OrderID, "a", order.MarkLost)
				w.until("it is marked", func() bool { return len(w.order(p.OrderID).Packages[0].Marks()) > 0 })
				w.ask(p.OrderID, saga.ResolveUpdate, saga.ResolveRequest{
					PackageID: saga.PackageID(p.OrderID, "a"), Action: order.ResolveRefund, ID: "resolve", Actor: "support",
				})
			},
		},
		"commands-ask-for-a-review": {
			window: time.Hour, want: order.StatusDelivered,
			before: func(w *world, p *order.Placement) {
				w.runsIn(p, order.ScenarioPaid, builtin("hold-for-review", `{"reason":"looks odd"}`), builtin("tag", `{"tag":"odd"}`))
			},
			drive: func(w *world, p order.Placement) {
				pays(w, p)
				w.tagged(p.OrderID, "odd")
				w.documentIs(p.OrderID, order.StatusPaid)
				w.ask(p.OrderID, saga.ReleaseUpdate, saga.HoldRequest{Actor: "support"})
				w.deliver(p.OrderID)
			},
		},
		"commands-of-a-reviewed-order": {
			window: time.Hour, want: order.StatusDelivered,
			before: func(w *world, p *order.Placement) {
				w.runsIn(p, order.ScenarioPaid, builtin("tag", `{"tag":"paid"}`))
				p.Commands.Review = &order.Review{Command: "hold-for-review", Version: 1, Reason: "looks odd"}
			},
			drive: func(w *world, p order.Placement) {
				pays(w, p)
				w.tagged(p.OrderID, "paid")
				w.documentIs(p.OrderID, order.StatusPaid)
				w.ask(p.OrderID, saga.ReleaseUpdate, saga.HoldRequest{Actor: "support"})
				w.deliver(p.OrderID)
			},
		},
		"commands-ask-for-another-review": {
			window: time.Hour, want: order.StatusDelivered,
			before: func(w *world, p *order.Placement) {
				var steps []command.Step
				for _, node := range []string{"packed", "left_warehouse"} {
					for _, s := range []command.Step{builtin("hold-for-review", `{"reason":"`+node+`"}`), builtin("tag", `{"tag":"`+node+`"}`)} {
						s.When = `event.packageId != "" and event.node == "` + node + `"`
						steps = append(steps, s)
					}
				}
				w.runsIn(p, order.ScenarioNode, steps...)
			},
			drive: func(w *world, p order.Placement) {
				w.paid(p.OrderID, 1600)
				w.packs(p.OrderID, "a", of("1", 2))
				w.tagged(p.OrderID, "packed")
				w.ask(p.OrderID, saga.ReleaseUpdate, saga.HoldRequest{Actor: "support"})
				w.scans(p.OrderID, "a", order.NodeLeftWarehouse)
				w.tagged(p.OrderID, "left_warehouse")
				w.Equal("left_warehouse", w.order(p.OrderID).Brake.Note)
				w.ask(p.OrderID, saga.ReleaseUpdate, saga.HoldRequest{Actor: "support"})
				w.deliver(p.OrderID)
			},
		},
		"commands-after-a-cancellation": {
			window: time.Hour, want: order.StatusCancelled,
			before: func(w *world, p *order.Placement) {
				w.runsIn(p, order.ScenarioCancelled, w.greets())
			},
			drive: func(w *world, p order.Placement) {
				w.documentIs(p.OrderID, order.StatusAwaitingPayment)
				w.ask(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1"})
				w.tagged(p.OrderID, "seen-cancelled")
			},
		},
	}
}

// tagged waits until the order has the tags.
func (w *world) tagged(orderID string, tags ...string) {
	w.Helper()
	w.until("the order has its tags", func() bool {
		doc, _, found, err := w.docs.Get(w.Context(), orderID)
		w.NoError(err)
		var o order.Order
		if found {
			w.NoError(json.Unmarshal(doc, &o))
		}
		return o.Commands != nil && !slices.ContainsFunc(tags, func(t string) bool { return !slices.Contains(o.Commands.Tags, t) })
	})
}
