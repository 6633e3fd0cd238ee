package console

import (
	"encoding/json"
	"net/http"
	"strings"

	"holdfast/client"
)

// sample is an order that a chain can be tried on where no order is named.
const sample = `{
  "currency": "EUR",
  "items": 6000,
  "total": 6000,
  "guest": true,
  "lines": [{"id": "1", "productId": "mug", "quantity": 4, "unitPrice": 1500, "total": 6000}],
  "address": {"recipient": "Ada Example", "phone": "030 901820", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"}
}`

// tryDraft shows what the draft, or the published chain, would do to an order. Nothing is changed.
func (c *Console) tryDraft(v *visit, a action) error {
	trial, err := v.trial(a)
	t := &tried{Form: "try", Values: a.Form, Fields: map[string]string{}}
	if err == nil {
		return c.showScenario(v, board{sheet: sheet{Tried: t}, Trial: &trial}, http.StatusOK)
	}
	switch refused := v.triedStep("try", a, err); {
	case refused != nil:
		t = refused
	case problem(err) != nil && problem(err).Status == http.StatusForbidden && a.text("order") != "":
		t.Why = v.Text.N("field.wrong", 1)
		t.Fields["order"] = v.Text.T("console.try.forbidden")
	default:
		return err
	}
	if problem(err, "unknown-order") != nil {
		t.Fields["order"], t.Why = t.Why, v.Text.N("field.wrong", 1)
	}
	b := board{sheet: sheet{Tried: t}}
	if p := problem(err); p != nil {
		b.Failures = p.Failures
	}
	return c.showScenario(v, b, http.StatusUnprocessableEntity)
}

func (v *visit) trial(a action) (client.ChainTrial, error) {
	scenario := v.R.PathValue("scenario")
	var on client.ChainTry
	steps, _, err := v.editable(scenario)
	if err != nil {
		return client.ChainTrial{}, err
	}
	on.Steps = append([]client.ChainStep{}, steps...)
	if a.text("chain") == "published" {
		if on.Steps, err = v.published(scenario); err != nil {
			return client.ChainTrial{}, err
		}
		on.Steps = append([]client.ChainStep{}, on.Steps...)
	}
	if number := a.text("order"); number != "" {
		if on.OrderID, err = v.orderNamed(number); err != nil {
			return client.ChainTrial{}, err
		}
		return v.api.Trial(v.R.Context(), scenario, on)
	}
	var view json.RawMessage
	var bad badJSONError
	bad.read(a, "view", &view)
	if len(view) == 0 && len(bad) == 0 {
		return client.ChainTrial{}, invalidError{"order": "field.required"}
	}
	if err := bad.orNil(); err != nil {
		return client.ChainTrial{}, err
	}
	on.View = view
	return v.api.Trial(v.R.Context(), scenario, on)
}

// orderNamed returns the id of the order that people call by a number: its id, or the first part of it. If
// no order, or more than one, is called so, the number is returned as it is.
func (v *visit) orderNamed(number string) (string, error) {
	if len(number) < 8 || strings.Contains(number, "-") {
		return number, nil
	}
	page, err := v.api.Orders(v.R.Context(), client.OrderFilter{Text: number, Limit: 10})
	if err != nil {
		if problem(err) != nil {
			return number, nil //nolint:nilerr // without the index an id has to be whole
		}
		return "", err
	}
	id, found := number, 0
	for _, o := range page.Items {
		if strings.EqualFold(shortID(o.ID), number) {
			id = o.ID
			found++
		}
	}
	if found != 1 {
		return number, nil
	}
	return id, nil
}

// jsonText is a value of a change as people read it: a text without its quotes.
func jsonText(value string) string {
	var text string
	if json.Unmarshal([]byte(value), &text) == nil {
		return text
	}
	return value
}
