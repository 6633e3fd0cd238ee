package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/web/site"
)

func (c *Console) orderPage(v *visit) error {
	return c.showOrder(v, v.R.PathValue("id"), nil)
}

// showOrder shows an order, with the form that was refused if there is one.
func (c *Console) showOrder(v *visit, id string, t *tried) error {
	o, err := v.api.Order(v.R.Context(), id)
	if err != nil {
		return err
	}
	s := c.sheetOf(v, o)
	s.Tried, s.Open = t, v.R.URL.Query().Get("open")
	status := http.StatusOK
	if t != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.Render(status, orderView(v, s))
}

// sheetOf reads what the page shows beside the order itself. What can't be read at present is left out: the
// page says so.
func (c *Console) sheetOf(v *visit, o client.Order) sheet {
	s := sheet{Order: o, Now: v.Now(), Show: v.R.URL.Query().Get("show"), Workflow: c.site.WorkflowURL("order/" + o.ID)}
	var deliveriesErr error
	_ = together( // an order without them is still worth showing
		func() (err error) { s.Money, err = moneyOf(v.R.Context(), v.api, o.ID); return err },
		func() error { s.Deliveries, deliveriesErr = v.api.OrderDeliveries(v.R.Context(), o.ID); return nil },
	)
	s.NoDeliveries = deliveriesErr != nil && problem(deliveriesErr, "forbidden") == nil
	return s
}

// moneyOf reads an order's payments. An order that was never paid has none.
func moneyOf(ctx context.Context, api *client.Client, id string) (*client.PaymentResult, error) {
	p, err := api.Payment(ctx, id)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// action is one form about an order.
type action struct {
	Order, Key string
	Form       url.Values
}

// text returns a field without the spaces around it.
func (a action) text(name string) string { return strings.TrimSpace(a.Form.Get(name)) }

// invalidError are fields that can't be sent to the API as they are, with what is wrong.
type invalidError map[string]string

func (e invalidError) Error() string { return "fields of the form are invalid" }

// orderActs are the forms of an order's page: what each of them does.
var orderActs = map[string]func(*visit, action) error{
	"pack":        (*visit).pack,
	"correct":     (*visit).correct,
	"undo":        (*visit).undo,
	"report":      (*visit).report,
	"strike":      (*visit).strike,
	"resolve":     (*visit).resolve,
	"hold":        (*visit).hold,
	"release":     (*visit).release,
	"cancel":      (*visit).cancel,
	"cancelUnits": (*visit).cancelUnits,
	"deliver":     (*visit).deliver,
	"refund":      (*visit).refund,
	"address":     (*visit).address,
	"return":      (*visit).openReturn,
	"approve":     (*visit).approve,
	"decline":     (*visit).decline,
	"receive":     (*visit).receive,
}

// actOnOrder does what a form asks. The page then shows it, or the form again with what was wrong.
func (c *Console) actOnOrder(v *visit) error {
	name, id := v.R.PathValue("act"), v.R.PathValue("id")
	act, known := orderActs[name]
	if !known {
		return site.ErrNotFound
	}
	if err := v.ParseForm(); err != nil {
		return err
	}
	a := action{Order: id, Key: v.R.PostForm.Get("key"), Form: v.R.PostForm}
	err := act(v, a)
	if errors.Is(err, client.ErrUndecided) {
		v.Say("calm", "console.undecided")
		return v.Redirect(orderLink(id))
	}
	if err == nil {
		v.Say("ok", "console.done."+name)
		return v.Redirect(orderLink(id))
	}
	t := v.triedOf(formName(name, a), a.Form, err)
	if t == nil {
		return err
	}
	return c.showOrder(v, id, t)
}

// formName names a form among those of its page: several are there once per package or return.
func formName(act string, a action) string {
	if about := a.Form.Get("package") + a.Form.Get("return"); about != "" {
		return act + "-" + about
	}
	return act
}

// triedOf says what was wrong with a form, or returns nil for errors that aren't about it.
func (v *visit) triedOf(form string, values url.Values, err error) *tried {
	t := &tried{Form: form, Values: values, Fields: map[string]string{}}
	if invalid, ok := errors.AsType[invalidError](err); ok {
		for field, key := range invalid {
			t.Fields[field] = v.Text.T(key)
		}
		t.Why = v.Text.N("field.wrong", int64(len(invalid)))
		return t
	}
	if t.Why = v.refusal(err); t.Why == "" {
		return nil
	}
	p := problem(err)
	for _, l := range p.Lines {
		t.Fields["u."+l.LineID] = v.Text.N("console.problem.units", l.Open)
	}
	for _, e := range p.Errors {
		field := fieldOf(e.Path)
		if !values.Has(field) { // there is no place beside it
			t.Why += " " + e.Path + ": " + e.Reason
			continue
		}
		t.Fields[field] = v.Text.T("console.problem", "detail", e.Reason)
	}
	return t
}

// fieldOf is the field of a form that a path in a request comes from: /address/country is country, and
// /trackingNumbers/0 is trackingNumbers.
func fieldOf(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '.' || r == '[' || r == ']' })
	if len(parts) == 0 {
		return ""
	}
	if parts[0] == "address" && len(parts) > 1 {
		return parts[1]
	}
	return parts[0]
}

// localTime reads a time that a form has in the visitor's zone.
func (v *visit) localTime(a action, name string) (time.Time, error) {
	text := a.text(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, ok := v.Text.ParseLocal(text)
	if !ok {
		return time.Time{}, invalidError{name: "console.field.time"}
	}
	return at, nil
}
