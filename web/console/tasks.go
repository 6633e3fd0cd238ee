package console

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"holdfast/client"
)

// The sources of the inbox: each turns what the API lists into tasks.

func refundTasks(v *visit) ([]task, error) {
	page, err := v.api.Refunds(v.R.Context(), "", mostOf, "")
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, r := range page.Items {
		if !r.Status.Waits() {
			continue
		}
		t := task{
			Kind: "money", Grave: true, Since: r.DueAt, Verb: "console.task.decide", Link: "/console/refunds#" + refundAnchor(r),
			Title: v.Text.T("console.task.refund."+string(r.Status), "amount", v.Text.Money(r.Amount, r.Currency), "provider", r.Provider),
			Note:  r.Detail,
		}
		if r.Status != client.RefundCase {
			t.Order = r.OrderID
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

func disputeTasks(v *visit) ([]task, error) {
	page, err := v.api.Disputes(v.R.Context(), mostOf, "")
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, d := range page.Items {
		t := task{
			Kind: "money", Grave: true, Since: d.OccurredAt, Order: d.OrderID, Verb: "console.task.noted",
			Title: v.Text.T("console.task.dispute", "amount", v.Text.Money(d.Amount, d.Currency), "provider", d.Provider),
			Note:  v.Text.Or("console.dispute."+string(d.Status), "console.dispute.other"),
			Link:  "/console/disputes/dismiss", Form: url.Values{"provider": {d.Provider}, "dispute": {d.ID}},
		}
		if !d.DueBy.IsZero() {
			t.Note += " " + v.Text.T("console.task.dueBy", "time", v.Text.Moment(d.DueBy))
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// alertTasks are orders with alerts. Disputes have tasks of their own.
func alertTasks(v *visit) ([]task, error) {
	var rules []string
	for _, r := range client.AlertRules() {
		if r != "payment_disputed" {
			rules = append(rules, string(r))
		}
	}
	page, err := v.api.Orders(v.R.Context(), client.OrderFilter{Alert: rules, Limit: mostOf})
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, o := range page.Items {
		for _, rule := range o.Alerts {
			if rule == "payment_disputed" {
				continue
			}
			tasks = append(tasks, task{
				Kind: "order", Grave: rule == "package_unresolved" || rule == "quantities", Since: o.UpdatedAt, Order: o.ID,
				Title: v.Text.Or("console.alert."+string(rule), "console.alert.other", "rule", rule),
				Note:  markWords(v, o.Marks), Verb: verbOf(rule), Link: orderLink(o.ID) + anchorOf(rule),
			})
		}
	}
	return tasks, nil
}

func verbOf(rule client.AlertRule) string {
	if rule == "package_unresolved" {
		return "console.task.resolve"
	}
	return "console.task.compare"
}

func anchorOf(rule client.AlertRule) string {
	if rule == "package_unresolved" {
		return "?open=resolve#packages"
	}
	return "#alerts"
}

func markWords(v *visit, marks []client.Mark) (words string) {
	for i, m := range marks {
		if i > 0 {
			words += ", "
		}
		words += v.Text.Or("console.mark."+string(m), "console.mark.other")
	}
	return words
}

// heldTasks are open orders that are on hold, however far they are: staff put them on hold, or a command did that
// failed, asked for a review, or gave no answer; and each version of a command that failed, once.
func heldTasks(v *visit) ([]task, error) {
	page, err := v.api.Orders(v.R.Context(), client.OrderFilter{OnHold: new(true), Closed: new(false), Limit: mostOf})
	if err != nil {
		return nil, err
	}
	reviews, err := reviewsOf(v, page.Items)
	if err != nil {
		return nil, err
	}
	var tasks []task
	failed := map[string]*task{}
	for _, o := range page.Items {
		r := reviews[o.ID]
		t, waits := heldTask(v, o, r)
		if !waits {
			continue
		}
		tasks = append(tasks, t)
		if r != nil && t.Grave {
			name := commandName(r.Command, r.Version)
			if f := failed[name]; f != nil {
				f.Since = earlier(f.Since, t.Since)
				continue
			}
			failed[name] = &task{
				Kind: "command", Grave: true, Since: t.Since, Title: v.Text.T("console.task.failing", "name", name), Note: t.Note,
				Verb: "console.task.look", Link: commandVersionLink(r.Command, r.Version),
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		tasks = append(tasks, *failed[name])
	}
	return tasks, nil
}

// reviewsOf reads which version of a command put orders on hold, by their ids: a list has only its name.
func reviewsOf(v *visit, held []client.OrderSummary) (map[string]*client.Review, error) {
	held = slices.DeleteFunc(slices.Clone(held), func(o client.OrderSummary) bool {
		return o.Hold == nil || !strings.HasPrefix(o.Hold.Actor, commandActor)
	})
	held = held[:min(len(held), mostHeld)]
	found := make([]*client.Review, len(held))
	reads := make([]func() error, len(held))
	for i, o := range held {
		reads[i] = func() error {
			now, err := v.api.Order(v.R.Context(), o.ID)
			if problem(err, "unknown-order") != nil {
				return nil // the list is a moment late
			}
			if c := now.Commands; err == nil && c != nil && c.Review != nil && c.Review.Reason == o.Hold.Note {
				found[i] = c.Review
			}
			return err
		}
	}
	if err := together(reads...); err != nil {
		return nil, err
	}
	reviews := make(map[string]*client.Review, len(held))
	for i, o := range held {
		reviews[o.ID] = found[i]
	}
	return reviews, nil
}

// commandActor is how those who put an order on hold begin that are commands.
const commandActor = "command:"

// heldTask says why an order is on hold. It waits for no one while its commands run. review is what is known of a
// command that held it.
func heldTask(v *visit, o client.OrderSummary, review *client.Review) (t task, waits bool) {
	if o.Hold == nil || o.Hold.Actor == client.ActorCommands {
		return t, false
	}
	t = task{
		Kind: "order", Order: o.ID, Since: o.Hold.At, Note: o.Hold.Note, Verb: "console.task.release", Link: orderLink(o.ID) + "?open=release#release",
	}
	name, byCommand := strings.CutPrefix(o.Hold.Actor, commandActor)
	switch {
	case byCommand:
		if review != nil {
			name = commandName(review.Command, review.Version)
		}
		t.Kind, t.Title = "command", v.Text.T("console.review", "command", name)
		if t.Note, t.Grave = strings.CutPrefix(o.Hold.Note, client.ReviewFailed); t.Grave {
			t.Title = v.Text.T("console.task.heldByFailure", "name", name)
		}
	case o.Hold.Actor == client.ActorSystem:
		t.Kind, t.Title, t.Grave = "command", v.Text.T("console.task.unanswered"), true
	default:
		t.Title = v.Text.T("console.task.held", "who", o.Hold.Actor)
	}
	return t, true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func scanTasks(v *visit) ([]task, error) {
	page, err := v.api.UnmatchedScans(v.R.Context(), mostOf, "")
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, s := range page.Items {
		tasks = append(tasks, task{
			Kind: "scan", Since: s.Since, Verb: "console.task.match", Link: "/console/scans#" + s.ID, Note: s.Detail,
			Title: v.Text.T("console.task.scan", "carrier", s.Carrier, "number", s.TrackingNumber, "what", scanWord(v, s)),
		})
	}
	return tasks, nil
}

func scanWord(v *visit, s client.Scan) string {
	if s.Mark != "" {
		return v.Text.Or("console.mark."+s.Mark, "console.mark.other")
	}
	return v.Text.Or("console.node."+s.Node, "status.other")
}

func overdueTasks(v *visit) ([]task, error) {
	var tasks []task
	for _, rule := range []string{client.OverdueNotPacked, client.OverdueNoNews} {
		page, err := v.api.Orders(v.R.Context(), client.OrderFilter{Overdue: rule, Limit: mostOf})
		if err != nil {
			return nil, err
		}
		for _, o := range page.Items {
			t := task{Kind: "late", Order: o.ID, Title: v.Text.T("console.task." + rule), Since: o.UpdatedAt, Link: orderLink(o.ID)}
			switch {
			case rule == client.OverdueNoNews:
				t.Verb, t.Link = "console.task.ask", t.Link+"#packages"
			case o.Status == client.OrderPaid:
				t.Since, t.Verb, t.Link = o.Payment.PaidAt, "console.task.release", t.Link+"#actions"
			default:
				t.Since, t.Verb, t.Link = o.Payment.PaidAt, "console.task.pack", t.Link+"?open=pack#pack"
			}
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}

// webhookTasks are webhooks that are disabled, or whose newest deliveries failed.
func webhookTasks(v *visit) ([]task, error) {
	all, err := v.api.Webhooks(v.R.Context())
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, w := range all[:min(len(all), mostWebhooks)] {
		if w.Status != "active" {
			continue // an operator decided that
		}
		page, err := v.api.Deliveries(v.R.Context(), w.ID, mostOf, "")
		if err != nil {
			return nil, err
		}
		if t, failing := failingTask(v, w, page.Items); failing {
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}

func failingTask(v *visit, w client.Webhook, newest []client.Delivery) (t task, failing bool) {
	waiting, lost := int64(0), int64(0)
	t = task{Kind: "webhook", Link: webhookLink(w.ID), Verb: "console.task.look"}
	for _, d := range newest {
		switch {
		case d.Status == "failed" || d.Status == "dropped":
			lost++
			t.Verb = "console.task.replay"
		case d.Status == "pending" && len(d.Attempts) > 0:
			waiting++
		default:
			continue
		}
		t.Since = d.Timestamp
	}
	t.Title = v.Text.T("console.task.webhook", "host", hostOf(w.URL))
	t.Note = v.Text.N("console.task.webhookWaiting", waiting)
	if lost > 0 {
		t.Note += ", " + v.Text.N("console.task.webhookLost", lost)
	}
	return t, waiting+lost > 0
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}
