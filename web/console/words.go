package console

import (
	"errors"
	"slices"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/web/site"
)

// shortID is how people name an order.
func shortID(id string) string {
	if first, _, ok := strings.Cut(id, "-"); ok && len(first) >= 8 {
		return strings.ToUpper(first)
	}
	return id
}

// kindOf is the colour of an order's status.
func kindOf(s client.OrderStatus) string {
	switch s {
	case client.OrderReserving, client.OrderAwaitingPayment:
		return "info"
	case client.OrderPaid:
		return "warn"
	case client.OrderRejected, client.OrderExpired, client.OrderCancelled:
		return ""
	case client.OrderAwaitingShipment, client.OrderPacked, client.OrderLeftWarehouse, client.OrderInTransit,
		client.OrderOutForDelivery, client.OrderDelivered:
	}
	return "ok"
}

// age says how long ago something was: a console compares waits, so it counts in one unit.
func (v *visit) age(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	d := v.Now().Sub(at)
	switch {
	case d < time.Minute:
		return v.Text.T("console.age.now")
	case d < time.Hour:
		return v.Text.N("console.age.minutes", int64(d/time.Minute))
	case d < 48*time.Hour:
		return v.Text.N("console.age.hours", int64(d/time.Hour))
	}
	return v.Text.N("console.age.days", int64(d/(24*time.Hour)))
}

// problem returns the API's refusal if it is of one of these kinds, or of any kind.
func problem(err error, kinds ...string) *client.Problem {
	p, ok := errors.AsType[*client.Problem](err)
	if ok && (len(kinds) == 0 || slices.Contains(kinds, p.Kind())) {
		return p
	}
	return nil
}

// refusal says why the API refused, as a sentence. It is empty for errors that are no refusal: those
// are a page of their own.
func (v *visit) refusal(err error) string {
	p := problem(err)
	if p == nil || site.Away(err) || p.Status == 401 || p.Status == 403 {
		return ""
	}
	return v.Text.Or("console.problem."+p.Kind(), "console.problem", "detail", detailOf(p))
}

// detailOf is what the API says about a refusal.
func detailOf(p *client.Problem) string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// outcome says, after a form that needs no page of its own, what became of it.
func (v *visit) outcome(err error, done string) error {
	if errors.Is(err, client.ErrUndecided) {
		v.Say("calm", "console.undecided")
		return nil
	}
	if err == nil {
		v.Say("ok", done)
		return nil
	}
	if p := problem(err); p != nil && v.refusal(err) != "" {
		key := "console.problem." + p.Kind()
		if !v.Text.Has(key) {
			key = "console.problem"
		}
		v.Say("bad", key, "detail", detailOf(p))
		return nil
	}
	return err
}
