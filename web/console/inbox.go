package console

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"holdfast/client"
	"holdfast/web/site"
)

const (
	// mostOf each kind of task is shown; its own page has all of them.
	mostOf = 20
	// mostWebhooks are looked at for failed deliveries, and mostHeld orders for which version of a command put
	// them on hold: each costs a call.
	mostWebhooks = 5
	mostHeld     = 10
)

// task is one thing that waits for a person.
type task struct {
	// Kind names its pill, Grave says that it is red.
	Kind  string
	Grave bool
	Title string
	// Order that it is about, Note what else is known.
	Order, Note string
	Since       time.Time
	// Verb is the key of its one action, which Link leads to, or which Form sends.
	Verb, Link string
	Form       url.Values
	// Why is the key of why there is no action.
	Why string
}

// source is where tasks of one kind come from.
type source struct {
	name string
	read func(*visit) ([]task, error)
}

// found is what a source gave, or why it gave nothing.
type found struct {
	Name  string
	Tasks []task
	Err   error
}

// figure is a number at the top of the inbox.
type figure struct {
	Key, Link string
	Count     int64
	Known     bool
}

func (c *Console) inbox(v *visit) error {
	sources := []source{
		{"refunds", refundTasks},
		{"disputes", disputeTasks},
		{"alerts", alertTasks},
		{"held", heldTasks},
		{"returns", returnTasks},
		{"audits", auditTasks},
		{"scans", scanTasks},
		{"overdue", overdueTasks},
		{"webhooks", webhookTasks},
	}
	all := make([]found, len(sources))
	var figures []figure
	var wait sync.WaitGroup
	for i, s := range sources {
		wait.Go(func() {
			tasks, err := patient(v, s.read)
			all[i] = found{s.name, tasks, err}
		})
	}
	wait.Go(func() { figures, _ = patient(v, figuresOf) }) // without them they are unknown
	wait.Wait()
	if err := nothingFound(all); err != nil {
		return err
	}
	return v.Render(http.StatusOK, inboxPage(v, inOrder(all), unread(all), figures))
}

// figuresOf counts orders by their status. If they can't be counted, the figures are unknown.
func figuresOf(v *visit) ([]figure, error) {
	var counts client.OrderCounts
	var held client.OrderPage
	err := together(func() (err error) {
		counts, err = v.api.OrderCounts(v.R.Context(), 1)
		return err
	}, func() (err error) {
		held, err = v.api.Orders(v.R.Context(), client.OrderFilter{OnHold: new(true), Closed: new(false), Limit: 1})
		return err
	})
	all := []figure{
		{Key: "awaiting_payment", Link: "/console/orders?status=awaiting_payment", Count: counts.Statuses[client.OrderAwaitingPayment]},
		{Key: "on_hold", Link: "/console/orders?hold=onHold", Count: held.Total},
		{Key: "awaiting_shipment", Link: "/console/orders?status=awaiting_shipment", Count: counts.Statuses[client.OrderAwaitingShipment]},
	}
	for i := range all {
		all[i].Known = err == nil
	}
	return all, err
}

const (
	// mostTries of a part of the inbox: all parts together may cost more than a caller has for a second.
	mostTries = 3
	// nextAllowance is when the gateway has another second's allowance for the caller.
	nextAllowance = time.Second
)

// patient reads a part of the inbox, and waits for the next second's allowance if this one's is used up.
func patient[T any](v *visit, read func(*visit) (T, error)) (found T, err error) {
	for range mostTries {
		found, err = read(v)
		if p := problem(err); p == nil || p.Status != http.StatusTooManyRequests {
			return found, err
		}
		select {
		case <-v.R.Context().Done():
			return found, err
		case <-time.After(nextAllowance):
		}
	}
	return found, err
}

// nothingFound returns an error if no source gave anything: the page then is about that.
func nothingFound(all []found) error {
	for _, f := range all {
		if f.Err == nil {
			return nil
		}
	}
	return all[0].Err
}

// inOrder are all tasks, grave ones first, and then those that wait longest.
func inOrder(all []found) []task {
	var tasks []task
	for _, f := range all {
		tasks = append(tasks, f.Tasks...)
	}
	slices.SortStableFunc(tasks, func(a, b task) int {
		if a.Grave != b.Grave {
			if a.Grave {
				return -1
			}
			return 1
		}
		return a.Since.Compare(b.Since)
	})
	return tasks
}

// unread are the sources that can't be read at present. What a role may not read is not missed.
func unread(all []found) []string {
	var names []string
	for _, f := range all {
		if p := problem(f.Err); f.Err != nil && (p == nil || p.Status != http.StatusForbidden) {
			names = append(names, f.Name)
		}
	}
	return names
}

func (c *Console) dismissDispute(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	err := v.api.DismissDispute(v.R.Context(), v.R.PostForm.Get("provider"), v.R.PostForm.Get("dispute"))
	if err := v.outcome(err, "console.done.dismissed"); err != nil {
		return err
	}
	return v.Redirect("/console")
}

func (c *Console) dismissAlert(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	id := v.R.PostForm.Get("order")
	_, err := v.api.DismissAlert(v.R.Context(), id, v.R.PostForm.Get("alert"))
	if err := v.outcome(err, "console.done.dismissed"); err != nil {
		return err
	}
	return v.Redirect(site.Local(v.R.PostForm.Get("back"), orderLink(id)+"#alerts"))
}
