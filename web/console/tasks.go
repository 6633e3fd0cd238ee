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

// commandTasks are orders that wait for a person because of a command, which failed, asked for a review, or
// gave no answer; and each version of a command that failed, once.
func commandTasks(v *visit) ([]task, error) {
	page, err := v.api.Orders(v.R.Context(), client.OrderFilter{Status: []string{string(client.OrderPaid)}, Limit: mostHeld})
	if err != nil {
		return nil, err
	}
	orders := make([]client.Order, len(page.Items))
	reads := make([]func() error, len(page.Items))
	for i, o := range page.Items {
		reads[i] = func() (err error) {
			if orders[i], err = v.api.Order(v.R.Context(), o.ID); problem(err, "unknown-order") != nil {
				return nil // the list is a moment late
			}
			return err
		}
	}
	if err := together(reads...); err != nil {
		return nil, err
	}
	var tasks []task
	failed := map[string]*task{}
	for _, o := range orders {
		t, held := heldTask(v, o)
		if !held {
			continue
		}
		tasks = append(tasks, t)
		if r := o.Commands; t.Grave && r != nil && r.Review != nil {
			name := commandName(r.Review.Command, r.Review.Version)
			if f := failed[name]; f != nil {
				f.Since = earlier(f.Since, t.Since)
				continue
			}
			failed[name] = &task{
				Kind: "command", Grave: true, Since: t.Since, Title: v.Text.T("console.task.failing", "name", name), Note: t.Note,
				Verb: "console.task.look", Link: commandVersionLink(r.Review.Command, r.Review.Version),
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		tasks = append(tasks, *failed[name])
	}
	return tasks, nil
}

// heldTask says why an order is on hold, if that is because of a command.
func heldTask(v *visit, o client.Order) (t task, held bool) {
	if o.Fulfilment == nil || o.Brake == nil || o.Closed() {
		return t, false
	}
	t = task{
		Kind: "command", Order: o.ID, Since: o.Brake.At, Note: o.Brake.Note, Verb: "console.task.release", Link: orderLink(o.ID) + "?open=release#release",
	}
	switch c := o.Commands; {
	case c != nil && c.Review != nil && o.Brake.Note == c.Review.Reason:
		name := commandName(c.Review.Command, c.Review.Version)
		reason, failed := strings.CutPrefix(c.Review.Reason, client.ReviewFailed)
		t.Grave, t.Note, t.Title = failed, reason, v.Text.T("console.review", "command", name)
		if failed {
			t.Title = v.Text.T("console.task.heldByFailure", "name", name)
		}
		return t, true
	case o.Brake.Actor == client.ActorSystem:
		t.Title, t.Grave = v.Text.T("console.task.unanswered"), true
		return t, true
	}
	return t, false // staff put it on hold, or its commands are running
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
