package coupons_test

import (
	"fmt"

	"holdfast/coupon"
	"holdfast/order"
	"holdfast/product"
)

// model is what one coupon must do, written without regard to Redis.
type model struct {
	limit, each int64
	terms       int64
	claims      map[string]*use
	// earlier counts the orders whose claim was replaced by that of another one with their id.
	earlier int
	coupon.Books
}

// use is one order's claim.
type use struct {
	state product.HoldState
	try   int
	// placed numbers the orders of one id; who is the customer whose limit counts it.
	placed  int
	who     string
	expires bool
}

// whose compares a message with the claim that is there.
func (m *model) whose(orderID string, placed int) (u *use, owner string) {
	u = m.claims[orderID]
	switch {
	case u == nil:
		return nil, "none"
	case u.placed == placed:
		return u, "own"
	case u.placed < placed:
		return u, "older"
	}
	return u, "newer"
}

func (m *model) used(who string) (n int64) {
	for _, u := range m.claims {
		if u.who == who && (u.state == product.HoldStateHeld || u.state == product.HoldStateCommitted) {
			n++
		}
	}
	return n
}

func (m *model) claim(c order.CouponClaim, placed int) string {
	u, owner := m.whose(c.OrderID, placed)
	back := int64(0)
	switch owner {
	case "newer":
		return "ended"
	case "own":
		switch {
		case u.state == product.HoldStateReleased && u.try >= c.Try, u.state == product.HoldStateHeld && u.try > c.Try:
			return "ended"
		case u.state == product.HoldStateHeld:
			u.try = c.Try
			return "held"
		case u.state == product.HoldStateCommitted:
			return "held"
		}
	case "older":
		if u.state == product.HoldStateHeld {
			back = 1
		}
	}
	used := m.used(c.CustomerID)
	if back > 0 && u.who == c.CustomerID {
		used--
	}
	switch {
	case c.Version != m.terms:
		return "changed"
	case m.each > 0 && c.CustomerID == "":
		return "sign_in_required"
	case m.each > 0 && used >= m.each:
		return "customer_used_up"
	case m.limit > 0 && m.Uses-back >= m.limit:
		return "used_up"
	}
	m.Claimed += 1 - back
	m.Uses += 1 - back
	m.begin(c.OrderID, &use{state: product.HoldStateHeld, try: c.Try, placed: placed}, c.CustomerID)
	return "held"
}

// begin replaces what was there. A committed use of an earlier order stays counted.
func (m *model) begin(orderID string, u *use, who string) {
	if before := m.claims[orderID]; before != nil && before.state == product.HoldStateCommitted {
		m.earlier++
		m.claims[fmt.Sprintf("%s before %d", orderID, m.earlier)] = before
	}
	if m.each > 0 {
		u.who = who
	}
	m.claims[orderID] = u
}

func (m *model) commit(c order.CouponClaim, placed int) string {
	u, owner := m.whose(c.OrderID, placed)
	switch owner {
	case "newer":
		return "none"
	case "own":
		switch {
		case u.state == product.HoldStateCommitted:
			return "committed"
		case u.state == product.HoldStateReleased && u.try >= c.Try:
			return "released"
		case u.state == product.HoldStateHeld:
			u.state = product.HoldStateCommitted
			m.Claimed--
			m.Committed++
			return "committed"
		}
	case "older":
		if u.state == product.HoldStateHeld {
			m.Claimed--
			m.Uses--
		}
	}
	m.Committed++
	m.Uses++
	m.begin(c.OrderID, &use{state: product.HoldStateCommitted, try: c.Try, placed: placed}, c.CustomerID)
	return "committed"
}

func (m *model) release(orderID string, try, placed int) string {
	u, owner := m.whose(orderID, placed)
	live := u != nil && (u.state == product.HoldStateHeld || u.state == product.HoldStateCommitted)
	switch {
	case owner == "newer":
		return "released"
	case owner == "own" && live && u.try > try:
		return string(u.state)
	case u != nil && u.state == product.HoldStateHeld:
		m.Claimed--
		m.Uses--
	case owner == "own" && u.state == product.HoldStateCommitted:
		m.Returned++
		m.Uses--
	}
	mark := &use{state: product.HoldStateReleased, try: try, placed: placed, expires: true}
	if owner == "own" {
		mark.try, mark.who = max(u.try, try), u.who
		m.claims[orderID] = mark
		return "released"
	}
	m.begin(orderID, mark, "")
	return "released"
}

func (m *model) closes(orderID string, placed int) string {
	u, owner := m.whose(orderID, placed)
	if owner != "own" || u.state != product.HoldStateCommitted {
		return "none"
	}
	u.expires = true
	return "closed"
}
