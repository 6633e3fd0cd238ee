package console

import (
	"slices"
	"strings"
	"time"

	"holdfast/client"
)

// entry is one thing that happened to an order.
type entry struct {
	At time.Time
	// Heard is when the shop learned of it, if that was much later.
	Heard time.Time
	// Part of the timeline that it belongs to, see parts.
	Part string
	// Kind is ok, bad or empty.
	Kind, Title, Actor, Note string
	// Path of a changed field, with its values.
	Path, Before, After string
	// Link leads to more about it.
	Link string
}

// parts of a timeline, to look at one of them.
var parts = []string{"order", "parcels", "money", "commands", "webhooks"}

// lateNews is how late a message has to be for the timeline to say when it was heard.
const lateNews = 2 * time.Minute

// timelineOf merges all that an order keeps about what happened, newest first. show is one of the parts, or
// empty for all.
func timelineOf(v *visit, s sheet, show string) []entry {
	all := slices.Concat(stepEntries(v, s), scanEntries(v, s), moneyEntries(v, s), commandEntries(v, s), deliveryEntries(v, s))
	if slices.Contains(parts, show) {
		all = slices.DeleteFunc(all, func(e entry) bool { return e.Part != show })
	}
	slices.SortStableFunc(all, func(a, b entry) int { return b.At.Compare(a.At) })
	return all
}

// stepEntries are the steps of the journal, newest first.
func stepEntries(v *visit, s sheet) (all []entry) {
	for _, j := range slices.Backward(s.Journal) {
		e := entry{
			At: j.OccurredAt, Part: "order", Title: v.Text.Or("console.step."+j.Node, "console.step.other", "step", j.Node), Actor: j.Actor,
			Note: stepNote(v, s, j),
		}
		if j.RecordedAt.Sub(j.OccurredAt) > lateNews {
			e.Heard = j.RecordedAt
		}
		switch {
		case strings.HasPrefix(j.Node, "package_") || strings.HasPrefix(j.Node, "event_"):
			e.Part = "parcels"
		case strings.HasPrefix(j.Node, "commands_"):
			e.Part = "commands"
		case strings.HasPrefix(j.Node, "payment_") || j.Node == "paid":
			e.Part = "money"
		}
		switch j.Node {
		case "paid", "awaiting_shipment", "delivered":
			e.Kind = "ok"
		case "cancelled", "rejected", "expired", "restock_refused", "hold_unanswered", "commands_unanswered", "tracking_number_refused":
			e.Kind = "bad"
		}
		all = append(all, e)
	}
	return all
}

// stepNote says what else the journal knows of a step.
func stepNote(v *visit, s sheet, j client.JournalEntry) string {
	var notes []string
	if n := j.Detail["packageId"]; n != "" && s.goods() {
		if p := s.Package(n); p != nil {
			notes = append(notes, v.Text.T("console.package", "n", numberOf(*p)))
		}
	}
	if r := j.Detail["reason"]; r != "" {
		notes = append(notes, v.Text.Or("console.reason."+r, "console.reason.other", "reason", r))
	}
	if a := j.Detail["action"]; a != "" {
		notes = append(notes, v.Text.Or("console.resolve."+a, "console.reason.other", "reason", a))
	}
	if c := j.Detail["scenario"]; c != "" {
		notes = append(notes, v.Text.T("console.scenario", "name", c, "n", j.Detail["changedFields"]))
	}
	if n := j.Detail["note"]; n != "" {
		notes = append(notes, n)
	}
	return strings.Join(notes, " · ")
}

// scanEntries are the messages about packages.
func scanEntries(v *visit, s sheet) (all []entry) {
	for _, p := range s.parcels() {
		for _, m := range p.Events {
			e := entry{At: m.OccurredAt, Part: "parcels", Actor: m.Actor, Note: m.Detail}
			name := v.Text.T("console.package", "n", numberOf(p))
			if m.Mark != "" {
				e.Kind = "bad"
				e.Title = name + ": " + v.Text.Or("console.mark."+string(m.Mark), "console.mark.other")
			} else {
				e.Kind = "ok"
				e.Title = name + ": " + v.Text.Or("console.node."+m.Node.String(), "status.other")
			}
			if m.RecordedAt.Sub(m.OccurredAt) > lateNews {
				e.Heard = m.RecordedAt
			}
			all = append(all, e)
		}
	}
	return all
}

// moneyEntries are refunds, disputes, and payments that the order didn't take.
func moneyEntries(v *visit, s sheet) (all []entry) {
	if s.Money == nil {
		return nil
	}
	for _, a := range s.Money.Attempts {
		if a.Taken {
			continue // a step of the order says so
		}
		all = append(all, entry{
			At: a.OccurredAt, Part: "money", Actor: a.Provider, Note: a.PaymentID,
			Title: v.Text.Or("console.attempt."+string(a.Type), "console.attempt.other", "amount", v.Text.Money(a.Amount, a.Currency)),
		})
	}
	for _, r := range s.Money.Refunds {
		e := entry{
			At: r.DueAt, Part: "money", Actor: r.Actor, Note: r.Note,
			Title: v.Text.Or("console.refund."+string(r.Status), "console.refund.other", "amount", v.Text.Money(r.Amount, r.Currency)),
		}
		if !r.PaidAt.IsZero() {
			e.At, e.Kind = r.PaidAt, "ok"
		}
		if r.Status.Waits() || r.Shortfall > 0 {
			e.Kind, e.Note = "bad", r.Detail
		}
		all = append(all, e)
	}
	for _, d := range s.Money.Disputes {
		all = append(all, entry{
			At: d.OccurredAt, Part: "money", Kind: "bad", Actor: d.Provider, Note: d.Reason,
			Title: v.Text.Or("console.dispute."+string(d.Status), "console.dispute.other"),
		})
	}
	return all
}

// commandEntries are the fields that the shop's commands changed.
func commandEntries(v *visit, s sheet) (all []entry) {
	if s.Commands == nil {
		return nil
	}
	for _, c := range s.Commands.Changes {
		all = append(all, entry{
			At: c.At, Part: "commands", Title: v.Text.T("console.changed", "command", c.Command, "version", c.Version),
			Path: c.Path, Before: c.Before, After: c.After,
		})
	}
	return all
}

// deliveryEntries are what webhooks were told about the order: each at the time of its last attempt.
func deliveryEntries(v *visit, s sheet) (all []entry) {
	for _, d := range s.Deliveries {
		e := entry{
			At: d.Timestamp, Part: "webhooks", Title: v.Text.T("console.delivered", "event", d.Type, "host", d.Host),
			Note: v.Text.Or("console.delivery."+d.Status, "status.other") + ", " + attemptsOf(v, d.Delivery), Link: webhookLink(d.WebhookID),
		}
		if n := len(d.Attempts); n > 0 {
			e.At = d.Attempts[n-1].At
		}
		switch d.Status {
		case "delivered":
			e.Kind = "ok"
		case "failed", "dropped":
			e.Kind = "bad"
		}
		all = append(all, e)
	}
	return all
}
