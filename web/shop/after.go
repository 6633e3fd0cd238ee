package shop

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"holdfast/client"
	"holdfast/web/site"
)

// follow prepares a page that changes a paid order: whose it is, and the order itself.
func (s *Shop) follow(v *visit) (*client.Client, sheet, error) {
	o, err := s.orderOf(v)
	if err != nil {
		return nil, o, err
	}
	c, err := v.ClientFor(o.ID)
	return c, o, err
}

// mayRedirect reports whether the address can still be changed for some of the order.
func (s sheet) mayRedirect() bool {
	switch s.stage() {
	case stagePay, stageHeld, stagePreparing, stagePacked, stageMoving, stageNear:
		return s.Address != nil
	case stageUndecided, stageLate, stageRejected, stageExpired, stageCancelled, stageDelivered:
	}
	return false
}

// mayReturn reports whether the buyer can send something back.
func (s sheet) mayReturn() bool {
	return len(s.returnable()) > 0 && (s.ReturnBy.IsZero() || s.Now.Before(s.ReturnBy))
}

// returnable are the delivered units that no return has: neither an open one nor one with which they came
// back.
func (s sheet) returnable() []client.LineUnits {
	if s.Fulfilment == nil {
		return nil
	}
	var units []client.LineUnits
	for _, l := range s.Lines {
		if left := s.Returnable(l.ID); left > 0 {
			units = append(units, client.LineUnits{LineID: l.ID, Quantity: left})
		}
	}
	return units
}

// partly is a form that chooses some units of an order.
type partly struct {
	sheet
	Units []client.LineUnits
	// Key makes sending the form again harmless.
	Key string
	// Wrong is why the form was refused.
	Wrong string
}

func (s *Shop) addressForm(v *visit) error {
	_, o, err := s.follow(v)
	if err != nil {
		return err
	}
	if !o.mayRedirect() {
		v.Say("warn", "address.late")
		return v.Redirect(orderLink(o.ID))
	}
	return v.Render(http.StatusOK, addressPage(v, o, deliverForm{Address: *o.Address}, ""))
}

func (s *Shop) saveAddress(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	c, o, err := s.follow(v)
	if err != nil {
		return err
	}
	f := deliverForm{Address: readAddress(v)}
	if f.Wrong = checkAddress(v, f.Address); len(f.Wrong) > 0 {
		return v.Render(http.StatusUnprocessableEntity, addressPage(v, o, f, v.Text.N("field.wrong", int64(len(f.Wrong)))))
	}
	_, err = c.Redirect(v.R.Context(), o.ID, client.Redirection{Address: f.Address})
	if p := problem(err); p != nil && p.Status < http.StatusInternalServerError && p.Status != http.StatusNotFound {
		why := v.Text.Or("address."+p.Kind(), "address.refused")
		if p.Kind() == "order-refused" { // by the shop's own rules, in its own words
			why = p.Detail
		}
		return v.Render(http.StatusConflict, addressPage(v, o, f, why))
	}
	if err != nil {
		return err
	}
	v.Say("ok", "address.changed")
	return v.Redirect(orderLink(o.ID))
}

func (s *Shop) cancelForm(v *visit) error {
	_, o, err := s.follow(v)
	if err != nil {
		return err
	}
	units := o.open()
	if len(units) == 0 {
		v.Say("warn", "cancel.units-packed")
		return v.Redirect(orderLink(o.ID))
	}
	return v.Render(http.StatusOK, cancelPage(v, partly{sheet: o, Units: units, Key: rand.Text()}))
}

func (s *Shop) cancelUnits(v *visit) error {
	return s.change(v, cancelPage, sheet.open, "cancel.", func(c *client.Client, o sheet, key string, units []client.LineUnits) error {
		_, err := c.CancelUnits(v.R.Context(), o.ID, key, units, client.Cancellation{})
		return err
	})
}

func (s *Shop) returnForm(v *visit) error {
	_, o, err := s.follow(v)
	if err != nil {
		return err
	}
	if !o.mayReturn() {
		v.Say("warn", "return.over")
		return v.Redirect(orderLink(o.ID))
	}
	return v.Render(http.StatusOK, returnPage(v, partly{sheet: o, Units: o.returnable(), Key: rand.Text()}))
}

func (s *Shop) openReturn(v *visit) error {
	return s.change(v, returnPage, sheet.returnable, "return.", func(c *client.Client, o sheet, key string, units []client.LineUnits) error {
		why := shorten(strings.TrimSpace(v.R.PostForm.Get("reason")), 200)
		lines := make([]client.ReturnLine, len(units))
		for i, u := range units {
			lines[i] = client.ReturnLine{LineUnits: u, Reason: why}
		}
		_, err := c.OpenReturn(v.R.Context(), o.ID, key, client.Announcement{Lines: lines})
		if errors.Is(err, client.ErrUndecided) {
			err = nil // the order has it, and its page will show it
		}
		return err
	})
}

// change carries out a form that chooses some units: at least one, and at most as many as there are.
func (s *Shop) change(
	v *visit, page func(*visit, partly) templ.Component, offered func(sheet) []client.LineUnits, messages string,
	do func(c *client.Client, o sheet, key string, units []client.LineUnits) error,
) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	c, o, err := s.follow(v)
	if err != nil {
		return err
	}
	key := v.R.PostForm.Get("key")
	if key == "" {
		return &site.BadRequestError{Reason: "key"}
	}
	f := partly{sheet: o, Units: offered(o), Key: key}
	units := chosenUnits(v, o)
	if len(units) == 0 {
		f.Wrong = v.Text.T("units.none")
		return v.Render(http.StatusUnprocessableEntity, page(v, f))
	}
	err = do(c, o, key, units)
	if p := problem(err); p != nil && p.Status < http.StatusInternalServerError && p.Status != http.StatusNotFound {
		f.Key = rand.Text() // what is asked for next is something else
		f.Wrong = v.Text.Or(messages+p.Kind(), messages+"refused")
		return v.Render(http.StatusConflict, page(v, f))
	}
	if err != nil {
		return err
	}
	v.Say("ok", messages+"part")
	return v.Redirect(orderLink(o.ID))
}

// chosenUnits are the units that a form names, per line. A repeated form may name units that are no
// longer there: the API knows it by its key.
func chosenUnits(v *visit, o sheet) []client.LineUnits {
	var units []client.LineUnits
	for _, l := range o.Lines {
		n, err := strconv.ParseInt(v.R.PostForm.Get("units:"+l.ID), 10, 64)
		if err == nil && n > 0 {
			units = append(units, client.LineUnits{LineID: l.ID, Quantity: n})
		}
	}
	return units
}
