package workflows

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/command"
	"holdfast/order"
)

// commandTimeout is how long an order waits for its commands. Then it goes on without them, on hold for
// staff if it was just paid.
const commandTimeout = time.Minute

// maxBatch bounds the events for which commands run together.
const maxBatch = 20

// commands runs the shop's commands for events of the order, one batch at a time. They run beside the
// order's life: nothing but packing waits for them.
type commands struct {
	waiting []commandEvent
	// batch is running, if result isn't nil.
	batch  []commandEvent
	result workflow.Future
	// runs counts events; those beyond order.MaxEventRuns are skipped.
	runs int
}

type commandEvent struct {
	scenario order.Scenario
	event    command.Event
}

func (c *commands) isReady() bool { return c.result != nil && c.result.IsReady() }

// busy reports whether commands run or wait.
func (c *commands) busy() bool { return c.result != nil || len(c.waiting) > 0 }

// chain returns the version of a scenario's chain that the order began with, 0 if there is none.
func (s *orderSaga) chain(of order.Scenario) int64 {
	if s.order.Commands == nil {
		return 0
	}
	return s.order.Commands.Chains[of]
}

// tellCommands notes an event for which commands may run.
func (s *orderSaga) tellCommands(of order.Scenario, e command.Event) {
	if s.chain(of) == 0 {
		return
	}
	if s.commands.runs++; s.commands.runs > order.MaxEventRuns {
		s.skipCommands(of, fmt.Sprintf("commands have run for %d events of the order, which is the limit", order.MaxEventRuns))
		return
	}
	s.commands.waiting = append(s.commands.waiting, commandEvent{of, e})
}

// tellNodes notes the nodes that the order and its packages have reached since before.
func (s *orderSaga) tellNodes(before *order.Order) {
	if s.chain(order.ScenarioNode) == 0 || s.order.Fulfilment == nil || before.Fulfilment == nil {
		return
	}
	known := before.Reached(before.ID)
	for _, n := range s.order.Reached(s.order.ID) {
		same := func(k order.NodeReached) bool { return k.ID == n.ID }
		if !n.Struck && !slices.ContainsFunc(known, same) {
			s.tellCommands(order.ScenarioNode, command.Event{Node: n.Node.String(), PackageID: n.PackageID})
		}
	}
}

// tellPaid notes that the order is paid, unless its commands have run: it may have been resumed.
func (s *orderSaga) tellPaid() {
	if s.order.Fulfilment == nil || s.order.Brake == nil || s.chain(order.ScenarioPaid) == 0 {
		return
	}
	if s.order.Brake.Actor == order.ActorCommands || (s.sold && s.runsPaidOfReviewed()) {
		s.tellCommands(order.ScenarioPaid, command.Event{})
	}
}

// runsPaidOfReviewed reports whether the commands for paid orders run for one that was on hold for staff
// when it was paid. Earlier versions ran none.
func (s *orderSaga) runsPaidOfReviewed() bool {
	return workflow.GetVersion(s.ctx, "paid-commands-of-reviewed", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// startCommands starts the next batch of the same scenario, if none runs.
func (s *orderSaga) startCommands() {
	c := &s.commands
	if c.result != nil || len(c.waiting) == 0 {
		return
	}
	n := 1
	for n < min(len(c.waiting), maxBatch) && c.waiting[n].scenario == c.waiting[0].scenario {
		n++
	}
	c.batch, c.waiting = c.waiting[:n:n], c.waiting[n:]
	c.result = s.runCommands(c.batch)
}

func (s *orderSaga) runCommands(batch []commandEvent) workflow.Future {
	of := batch[0].scenario
	params := activities.RunCommandsParams{
		OrderID: s.order.ID, Version: s.order.Version, Scenario: of, Chain: s.chain(of), At: s.now(),
	}
	for _, e := range batch {
		params.Events = append(params.Events, e.event)
	}
	summary := "commands for " + string(of) + ", version " + strconv.FormatInt(params.Chain, 10)
	return workflow.ExecuteActivity(activities.Commands(s.ctx, commandTimeout, summary), activities.NameRunCommands, params)
}

// commandsEnded records what a batch did.
func (s *orderSaga) commandsEnded() {
	c := &s.commands
	of, result := c.batch[0].scenario, c.result
	c.batch, c.result = nil, nil
	var made order.Commanded
	next, at := s.order.Clone(), s.now()
	if err := result.Get(s.ctx, &made); err != nil {
		s.log().Warn("the shop's commands gave no answer", "scenario", string(of), "error", err)
		next.CommandsUnanswered(of, at)
	} else {
		if next.LooksAgain(of, made) && s.holdsAgain() {
			next.Commands.Review = nil // staff have seen this one
		}
		next.Command(of, made, at)
	}
	if next.Fulfilment != nil {
		s.become(next, nil)
		return
	}
	s.order = next // it was never paid
	s.record()
	s.show()
}

// holdsAgain reports whether an order that staff have released is put on hold for another review. Earlier
// versions did so once.
func (s *orderSaga) holdsAgain() bool {
	return workflow.GetVersion(s.ctx, "another-review", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// skipCommands raises an alert: commands didn't run for an event.
func (s *orderSaga) skipCommands(of order.Scenario, why string) {
	if s.order.Fulfilment == nil {
		return
	}
	next := s.order.Clone()
	if next.Raise(order.Alert{Rule: order.RuleCommandsSkipped, ID: order.AlertID(order.RuleCommandsSkipped, string(of)), Detail: why}) {
		next.Step("commands_skipped", order.ActorSystem, s.now(), nil)
		s.become(next, nil)
	}
}

// endCommands runs the commands for a cancelled order, and those that still wait.
func (s *orderSaga) endCommands() {
	if s.order.Status == order.StatusCancelled {
		s.tellCommands(order.ScenarioCancelled, command.Event{})
	}
	for s.commands.busy() {
		s.startCommands()
		s.await(s.commands.isReady)
		s.commandsEnded()
	}
}
