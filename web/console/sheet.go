package console

import (
	"net/url"
	"time"

	"holdfast/client"
)

// sheet is an order as its page shows it.
type sheet struct {
	client.Order
	// Money are its payments and refunds; nil if they can't be read at present.
	Money *client.PaymentResult
	// Deliveries are what webhooks were told about it; NoDeliveries means that they can't be read at present.
	Deliveries   []client.OrderDelivery
	NoDeliveries bool
	// Show is the part of the timeline that is shown; empty for all.
	Show string
	Now  time.Time
	// Tried is the form that was refused, if the page follows one.
	Tried *tried
	// Open names the form that is open.
	Open string
	// Workflow is a link to Temporal's page of the order.
	Workflow string
}

// tried is a form that the API refused, with what was filled in.
type tried struct {
	Form, Why string
	Fields    map[string]string // what is wrong, by field
	Places    map[string]place  // where in its text, if that is known
	Values    url.Values
}

// was returns what was filled into a field of a refused form, or else what the form begins with.
func (s sheet) was(form, field, begin string) string {
	if s.Tried != nil && s.Tried.Form == form {
		return s.Tried.Values.Get(field)
	}
	return begin
}

// why returns what was wrong with a form.
func (s sheet) why(form string) string {
	if s.Tried != nil && s.Tried.Form == form {
		return s.Tried.Why
	}
	return ""
}

// wrong returns what was wrong with a field of a form.
func (s sheet) wrong(form, field string) string {
	if s.Tried != nil && s.Tried.Form == form {
		return s.Tried.Fields[field]
	}
	return ""
}

// opens reports whether a form is shown open.
func (s sheet) opens(form string) bool {
	return s.Open == form || (s.Tried != nil && s.Tried.Form == form)
}

// goods reports whether the order has goods to be sent.
func (s sheet) goods() bool { return s.Fulfilment != nil }

// held reports whether the order may not be packed.
func (s sheet) held() bool { return s.goods() && s.Brake != nil }

// unpaid reports whether the order still waits for its stock or its payment.
func (s sheet) unpaid() bool {
	return s.Status == client.OrderReserving || s.Status == client.OrderAwaitingPayment
}

// parcels are the packages that weren't undone.
func (s sheet) parcels() []client.Package {
	if !s.goods() {
		return nil
	}
	var all []client.Package
	for _, p := range s.Packages {
		if p.RemovedAt.IsZero() {
			all = append(all, p)
		}
	}
	return all
}

// units adds up a line's units in live packages at a node or further.
func (s sheet) units(lineID string, at client.Node) (n int64) {
	for _, p := range s.parcels() {
		if p.Live() && p.Node() >= at {
			n += p.Units(lineID)
		}
	}
	return n
}

// open is how many units of a line aren't packed.
func (s sheet) open(l client.Line) int64 {
	if !s.goods() {
		return 0
	}
	return max(0, l.Quantity-l.Removed-s.units(l.ID, client.NodePacked))
}

// allOpen is how many units of the order aren't packed.
func (s sheet) allOpen() (n int64) {
	for _, l := range s.Lines {
		n += s.open(l)
	}
	return n
}

// returnable is how many delivered units of a line aren't part of a return.
func (s sheet) returnable(l client.Line) int64 {
	n := s.units(l.ID, client.NodeDelivered)
	if !s.goods() {
		return 0
	}
	for _, r := range s.Returns {
		if r.PackageID != "" {
			continue
		}
		if r.Status.Over() {
			for _, u := range r.Received {
				if u.LineID == l.ID {
					n -= u.Quantity
				}
			}
			continue
		}
		for _, u := range r.Lines {
			if u.LineID == l.ID {
				n -= u.Quantity
			}
		}
	}
	return max(0, n)
}

func (s sheet) allReturnable() (n int64) {
	for _, l := range s.Lines {
		n += s.returnable(l)
	}
	return n
}

// refundable is how much of the payment hasn't gone back, and isn't about to.
func (s sheet) refundable() int64 {
	left := s.Amounts[client.AmountPaid]
	if s.Money == nil {
		return left - s.Amounts[client.AmountRefunded]
	}
	for _, r := range s.Money.Refunds {
		if r.Status.Counts() && r.PaymentID == s.Payment.ID {
			left -= r.Amount
		}
	}
	return max(0, left)
}

// titleOfLine is the title of a line, by its id.
func (s sheet) titleOfLine(id string) string {
	for _, l := range s.Lines {
		if l.ID == id {
			return titleOf(l)
		}
	}
	return id
}

// number of a package among those of the order, as people count.
func numberOf(p client.Package) string { return itoa(int64(p.Number)) }

// packageOf returns a package of the order, or nil.
func (s sheet) packageOf(id string) *client.Package {
	if !s.goods() || id == "" {
		return nil
	}
	return s.Package(id)
}
