package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
)

// census counts what coupons' counters should say, while orders go on.
//
// What is held, and what customers use, is counted at one moment: these are few claims. What paid
// orders have used can be millions of claims, which are read one after the other: their sum is
// wrong only if it lies outside what the counters said before and after.
type census struct {
	*Config
	// customers to count, by coupon.
	customers map[string]map[string]bool
	// truths replace the documents of these orders.
	truths map[string]order.Order
}

// counted is what a census found out about one coupon.
type counted struct {
	before, after coupons.StoredBooks
	// users are what the customers used before.
	users []coupons.Uses
	// now is read at one moment. Of its claims, those that are held, listed or a customer's.
	now   coupons.Snapshot
	tally couponTally
	// incomplete means that so many claims arrive that those held can't be read at one moment.
	incomplete bool
}

// take counts.
func (c *census) take(ctx context.Context) (map[string]*counted, error) {
	codes := slices.Sorted(maps.Keys(c.customers))
	all := make(map[string]*counted, len(codes))
	for _, code := range codes {
		was, err := c.Coupons.Snapshot(ctx, code, nil, slices.Sorted(maps.Keys(c.customers[code])))
		if err != nil {
			return nil, err
		}
		all[code] = &counted{before: was.StoredBooks, users: was.Customers}
	}
	orders, err := c.claims(ctx, all)
	if err == nil {
		err = c.lapsed(ctx, all)
	}
	if err != nil {
		return nil, err
	}
	after, err := c.books(ctx, codes)
	if err != nil {
		return nil, err
	}
	for _, b := range after {
		n := all[b.Code]
		n.after = b
		if err := c.snapshot(ctx, n, orders[b.Code]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c *census) books(ctx context.Context, codes []string) ([]coupons.StoredBooks, error) {
	var all []coupons.StoredBooks
	for part := range slices.Chunk(codes, batch) {
		read, err := c.Coupons.ReadBooks(ctx, part)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	return all, nil
}

// claims counts the committed claims, and returns the orders of those that are to be read at one
// moment.
func (c *census) claims(ctx context.Context, all map[string]*counted) (map[string]map[string]bool, error) {
	orders := make(map[string]map[string]bool, len(all))
	for code := range all {
		orders[code] = map[string]bool{}
	}
	mine := func(yield func(coupons.ClaimID, error) bool) {
		for id, err := range c.Coupons.WalkClaims(ctx) {
			if (err != nil || all[id.Code] != nil) && !yield(id, err) {
				return
			}
		}
	}
	for ids, err := range batches(mine, same) {
		if err != nil {
			return nil, err
		}
		claims, err := c.Coupons.ReadClaims(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, claim := range claims {
			if claim.State == product.HoldStateCommitted {
				all[claim.Code].tally.committed++
			}
			if claim.State == product.HoldStateHeld || claim.Unreadable != "" || c.customers[claim.Code][claim.CustomerID] {
				orders[claim.Code][claim.OrderID] = true
			}
		}
	}
	return orders, nil
}

// lapsed counts the uses whose claim Redis has forgotten.
func (c *census) lapsed(ctx context.Context, all map[string]*counted) error {
	for docs, err := range c.documents(ctx) {
		if err != nil {
			return err
		}
		for i := range docs {
			if truth, wrong := c.truths[docs[i].OrderID]; wrong {
				docs[i] = Document{OrderID: truth.ID, Found: true, Order: truth}
			}
		}
		for q, err := range c.quotedClaims(ctx, docs) {
			if err != nil {
				return err
			}
			if n := all[q.claim.Code]; n != nil && isLapsed(q.of, q.claim) {
				n.tally.addLapsed(q.of.CustomerID)
			}
		}
	}
	return nil
}

// snapshot counts what is held, and what the customers use, at one moment.
func (c *census) snapshot(ctx context.Context, n *counted, orders map[string]bool) (err error) {
	customers := slices.Sorted(maps.Keys(c.customers[n.after.Code]))
	for range snapshots {
		if n.now, err = c.Coupons.Snapshot(ctx, n.after.Code, slices.Sorted(maps.Keys(orders)), customers); err != nil {
			return err
		}
		n.incomplete = false
		for _, o := range n.now.Listed {
			n.incomplete = n.incomplete || !orders[o]
			orders[o] = true
		}
		if !n.incomplete {
			break
		}
	}
	for _, claim := range n.now.Claims {
		if claim.State == product.HoldStateHeld {
			n.tally.held++
		}
		if claim.IsLive() && claim.CustomerID != "" {
			n.tally.customer(claim.CustomerID).live++
		}
	}
	return nil
}

// checkCoupons checks every suspected coupon again.
func (a *auditor) checkCoupons(ctx context.Context) ([]Finding, error) {
	if len(a.couponSuspects) == 0 {
		return nil, nil
	}
	c := census{Config: &a.Config, customers: a.couponSuspects, truths: a.truths}
	all, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, code := range slices.Sorted(maps.Keys(all)) {
		if n := all[code]; !n.incomplete { // the next check may succeed
			found = append(found, n.findings(a.unseen)...)
		}
		a.Progress("suspects", 1)
	}
	clear(a.couponSuspects) // those with steps in progress leave the list
	for _, f := range found {
		a.suspectCoupon(f.CouponCode)
		if f.CustomerID != "" {
			a.suspectCoupon(f.CouponCode, f.CustomerID)
		}
	}
	return found, nil
}

func (n *counted) findings(unseen bool) []Finding {
	var found []Finding
	for _, c := range n.now.Claims {
		switch held := c.State == product.HoldStateHeld; {
		case c.Unreadable != "":
			found = append(found, claimFinding(KindUnreadable, c, "the claim can't be read: %s", c.Unreadable))
		case held && !c.Listed:
			found = append(found, claimFinding(KindClaimNotListed, c, "a use is held, but missing from the sweeper's list"))
		case !held && c.Listed:
			found = append(found, claimFinding(KindListedWithoutClaim, c, "the use is %s and still on the sweeper's list", c.State))
		}
	}
	least, most := n.net()
	found = append(found, bookFindings(n.now.StoredBooks, least, most, &n.tally, unseen)...)
	if !n.now.Found {
		return found
	}
	for i, u := range n.now.Customers {
		if u == n.users[i] { // else they order just now, perhaps one whose claim was not there yet
			found = append(found, usesFindings(n.now.Code, u, *n.tally.customer(u.CustomerID), unseen)...)
		}
	}
	return found
}

// net are the least and the most uses by paid orders that a walk over them can have seen.
func (n *counted) net() (least, most int64) {
	return n.before.Committed - n.after.Returned, n.after.Committed - n.before.Returned
}

// bookFindings compares a coupon's counters with each other and with its claims, of which those of
// paid orders are right from least to most. unseen means that there may be uses by orders that
// can't be read.
func bookFindings(now coupons.StoredBooks, least, most int64, t *couponTally, unseen bool) []Finding {
	off := func(k Kind, units int64, detail string) []Finding {
		return []Finding{{Kind: k, CouponCode: now.Code, Units: units, Detail: detail}}
	}
	switch {
	case !now.Found && t.held+t.net() == 0:
		return nil
	case !now.Found:
		return off(KindCouponMissing, t.held+t.net(), fmt.Sprintf("the coupon is gone, but orders hold or have used it %d times", t.held+t.net()))
	case now.Unreadable != "":
		return off(KindUnreadable, 0, now.Unreadable)
	}
	net := now.Committed - now.Returned
	var wrong []string
	if now.Uses != now.Claimed+net {
		wrong = append(wrong, fmt.Sprintf("uses is %d, but claimed %d + committed %d - returned %d is %d",
			now.Uses, now.Claimed, now.Committed, now.Returned, now.Claimed+net))
	}
	if now.Claimed != t.held {
		wrong = append(wrong, fmt.Sprintf("claimed is %d, but %d uses are held", now.Claimed, t.held))
	}
	if t.net() > most || (t.net() < least && !unseen) {
		wrong = append(wrong, fmt.Sprintf("committed %d - returned %d is %d, but paid orders have used it %d times",
			now.Committed, now.Returned, net, t.net()))
		net = t.net()
	}
	if len(wrong) == 0 {
		return nil
	}
	return off(KindCouponDiffers, now.Uses-t.held-net, strings.Join(wrong, "; "))
}

// usesFindings compares what a coupon counts for one customer with its claims.
func usesFindings(code string, u coupons.Uses, t customerTally, unseen bool) []Finding {
	f := Finding{Kind: KindCustomerUsesDiffer, CouponCode: code, CustomerID: u.CustomerID}
	switch {
	case u.Unreadable != "":
		f.Kind, f.Detail = KindUnreadable, "what the customer uses can't be read: "+u.Unreadable
	case u.Count < t.live:
		f.Units = u.Count - t.live
		f.Detail = fmt.Sprintf("%d uses are counted for the customer, whose orders hold or have used it %d times", u.Count, t.live)
	case u.Count > t.live+t.lapsed && !unseen:
		f.Units = u.Count - t.live - t.lapsed
		f.Detail = fmt.Sprintf("%d uses are counted for the customer, whose orders hold or have used it %d times at most", u.Count, t.live+t.lapsed)
	default:
		return nil
	}
	return []Finding{f}
}
