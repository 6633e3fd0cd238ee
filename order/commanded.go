package order

import (
	"strconv"
	"time"
)

// Command records what commands did for an event of the order. A review, or the end of the commands for
// a paid order, changes its hold; what staff decided meanwhile stays.
func (o *Order) Command(of Scenario, made Commanded, at time.Time) {
	if o.Commands == nil {
		o.Commands = &Commanded{}
	}
	c := o.Commands
	c.Tags = made.Tags
	for _, n := range made.Notes {
		c.Remark(n)
	}
	for _, f := range made.Changes {
		c.Record(f)
	}
	c.Changed += made.Changed - len(made.Changes)
	running := o.Fulfilment != nil && o.Brake != nil && o.Brake.Actor == ActorCommands
	if made.Review != nil && c.Review == nil {
		c.Review = made.Review
		if o.brakes(of, running) {
			o.Fulfilment.Hold(Brake{At: at, Actor: made.Review.actor(), Note: made.Review.Reason})
		}
	} else if of == ScenarioPaid && running {
		o.Release(at)
	}
	o.note("commands_run", ActorSystem, at, at, map[string]string{
		"scenario": string(of), "changedFields": strconv.Itoa(made.Changed),
	})
	o.follow(ActorSystem, at, at)
}

// LooksAgain reports whether commands ask for a review of an order that staff have released since another
// one: for another reason, so they haven't looked at this yet.
func (o *Order) LooksAgain(of Scenario, made Commanded) bool {
	return made.Review != nil && o.Commands != nil && o.Commands.Review != nil && *made.Review != *o.Commands.Review && o.brakes(of, false)
}

// brakes reports whether a review puts the order on hold. It doesn't if staff released the order while
// the commands for its payment ran.
func (o *Order) brakes(of Scenario, running bool) bool {
	switch {
	case o.Fulfilment == nil || o.Closed():
		return false
	case of == ScenarioPaid:
		return running
	}
	return o.Brake == nil
}

// CommandsUnanswered records that commands gave no answer. An order that was just paid stays on hold for
// staff; otherwise an alert says so.
func (o *Order) CommandsUnanswered(of Scenario, at time.Time) {
	const why = "the commands gave no answer"
	if o.Fulfilment != nil {
		if of == ScenarioPaid && o.Brake != nil && o.Brake.Actor == ActorCommands {
			o.Fulfilment.Hold(Brake{At: at, Actor: ActorSystem, Note: why})
		}
		o.Raise(Alert{Rule: RuleCommandsSkipped, ID: AlertID(RuleCommandsSkipped, string(of)), Detail: why})
	}
	o.note("commands_unanswered", ActorSystem, at, at, map[string]string{"scenario": string(of)})
	o.follow(ActorSystem, at, at)
}
