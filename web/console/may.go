package console

import "holdfast/client"

// Each function returns why something can't be done to an order, as the end of a message's key
// (console.why.…), or "" if it can. The API decides; these only keep buttons off the page that it would
// refuse.

func (s sheet) whyNotPack() string {
	switch {
	case s.Closed():
		return "closed"
	case s.unpaid() || !s.goods():
		return "unpaid"
	case s.held():
		return "held"
	case s.allOpen() == 0:
		return "allPacked"
	}
	return ""
}

func (s sheet) whyNotHold() string {
	switch {
	case s.Closed():
		return "closed"
	case s.unpaid() || !s.goods():
		return "unpaid"
	case s.held():
		return "alreadyHeld"
	case s.Status == client.OrderDelivered:
		return "delivered"
	}
	return ""
}

func (s sheet) whyNotRelease() string {
	switch {
	case s.Closed():
		return "closed"
	case !s.held():
		return "notHeld"
	}
	return ""
}

func (s sheet) whyNotCancel() string {
	switch {
	case s.Closed():
		return "closed"
	case s.liveParcels() > 0:
		return "packed"
	}
	return ""
}

func (s sheet) whyNotCancelUnits() string {
	switch {
	case s.Closed():
		return "closed"
	case s.unpaid() || !s.goods():
		return "wholeOnly"
	case s.allOpen() == 0:
		return "allPacked"
	}
	return ""
}

func (s sheet) whyNotDeliver() string {
	switch {
	case s.Closed():
		return "closed"
	case s.unpaid():
		return "unpaid"
	case s.held():
		return "held"
	case s.unresolved():
		return "unresolved"
	case s.Status == client.OrderDelivered:
		return "delivered"
	}
	return ""
}

func (s sheet) whyNotRefund() string {
	switch {
	case s.Amounts[client.AmountPaid] == 0:
		return "nothingPaid"
	case s.refundable() == 0:
		return "allRefunded"
	}
	return ""
}

func (s sheet) whyNotReturn() string {
	switch {
	case s.Closed():
		return "closed"
	case s.allReturnable() == 0:
		return "notDelivered"
	case !s.ReturnBy.IsZero() && !s.Now.Before(s.ReturnBy):
		return "windowOver"
	}
	return ""
}

func (s sheet) whyNotAddress() string {
	switch {
	case s.Closed():
		return "closed"
	case s.Status == client.OrderDelivered:
		return "delivered"
	}
	return ""
}

func (s sheet) liveParcels() (n int) {
	for _, p := range s.parcels() {
		if p.Live() {
			n++
		}
	}
	return n
}

// unresolved reports whether a package waits for an operator.
func (s sheet) unresolved() bool {
	for _, p := range s.parcels() {
		if p.Unresolved() {
			return true
		}
	}
	return false
}
