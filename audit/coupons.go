package audit

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
)

// CouponBooks is what Redis contains of coupons, uninterpreted: see coupons.Store. The walks
// read everything in batches; what is created or deleted meanwhile may or may not be included.
// The reads return results in the order of the request, in one round trip.
type CouponBooks interface {
	WalkCoupons(ctx context.Context) iter.Seq2[string, error]
	WalkClaims(ctx context.Context) iter.Seq2[coupons.ClaimID, error]
	// WalkListed iterates over the entries of the sweeper's lists.
	WalkListed(ctx context.Context) iter.Seq2[coupons.ClaimID, error]
	// WalkCustomers iterates over what a coupon counts per customer.
	WalkCustomers(ctx context.Context, code string) iter.Seq2[coupons.Uses, error]

	ReadBooks(ctx context.Context, codes []string) ([]coupons.StoredBooks, error)
	ReadClaims(ctx context.Context, ids []coupons.ClaimID) ([]coupons.StoredClaim, error)
	// Snapshot reads a coupon, and claims and customers of it, at one moment.
	Snapshot(ctx context.Context, code string, orderIDs, customerIDs []string) (coupons.Snapshot, error)
}

// couponTally counts what a coupon's counters should say.
type couponTally struct {
	// held and committed are live claims. lapsed are uses of closed orders whose claim Redis has
	// forgotten, as it does 30 days after they closed.
	held, committed, lapsed int64
	customers               map[string]*customerTally
}

// customerTally is couponTally for one customer. Uses from before the coupon was limited per
// customer are among the lapsed ones, and not counted.
type customerTally struct{ live, lapsed int64 }

// net are the uses of paid orders.
func (t *couponTally) net() int64 { return t.committed + t.lapsed }

func (t *couponTally) customer(id string) *customerTally {
	if t.customers[id] == nil {
		if t.customers == nil {
			t.customers = map[string]*customerTally{}
		}
		t.customers[id] = &customerTally{}
	}
	return t.customers[id]
}

type couponTallies map[string]*couponTally

func (t couponTallies) of(code string) *couponTally {
	if t[code] == nil {
		t[code] = &couponTally{}
	}
	return t[code]
}

// suspectCoupon checks a coupon again, with what these customers use of it.
func (a *auditor) suspectCoupon(code string, customerIDs ...string) {
	if a.couponSuspects[code] == nil {
		a.couponSuspects[code] = map[string]bool{}
	}
	for _, c := range customerIDs {
		a.couponSuspects[code][c] = true
	}
}

// claimsOfDocuments compares what orders were quoted with their claims, and counts the uses
// whose claim has lapsed.
func (a *auditor) claimsOfDocuments(ctx context.Context, docs []Document) error {
	for q, err := range a.quotedClaims(ctx, docs) {
		if err != nil {
			return err
		}
		if len(claimOfOrder(q.of, q.claim, false)) > 0 {
			a.suspectOrder(q.of.ID)
		} else if isLapsed(q.of, q.claim) {
			a.coupons.of(q.claim.Code).addLapsed(q.of.CustomerID)
		}
	}
	return nil
}

// quotedClaim is an order's claim on a coupon that it was quoted with; there may be none.
type quotedClaim struct {
	of    *order.Order
	claim coupons.StoredClaim
}

// quotedClaims reads the claims that orders should have.
func (c *Config) quotedClaims(ctx context.Context, docs []Document) iter.Seq2[quotedClaim, error] {
	return func(yield func(quotedClaim, error) bool) {
		if c.Coupons == nil {
			return
		}
		var ids []coupons.ClaimID
		var of []*order.Order
		for i := range docs {
			if !docs[i].Found || docs[i].Unreadable != "" {
				continue
			}
			for _, code := range docs[i].Order.CouponCodes() {
				ids, of = append(ids, coupons.ClaimID{Code: code, OrderID: docs[i].OrderID}), append(of, &docs[i].Order)
			}
		}
		for len(ids) > 0 {
			n := min(len(ids), batch)
			read, err := c.Coupons.ReadClaims(ctx, ids[:n])
			if err != nil {
				yield(quotedClaim{}, err)
				return
			}
			for i := range read {
				if !yield(quotedClaim{of[i], read[i]}, nil) {
					return
				}
			}
			ids, of = ids[n:], of[n:]
		}
	}
}

// walkClaims counts the live claims and compares each claim with its order.
func (a *auditor) walkClaims(ctx context.Context) error {
	if a.Coupons == nil {
		return nil
	}
	for ids, err := range batches(a.Coupons.WalkClaims(ctx), same) {
		if err != nil {
			return err
		}
		claims, err := a.Coupons.ReadClaims(ctx, ids)
		if err != nil {
			return err
		}
		for _, c := range claims {
			a.claim(c)
		}
		a.counts.Claims += len(claims)
		a.Progress("claims", len(claims))
	}
	for ids, err := range batches(a.Coupons.WalkListed(ctx), same) {
		if err != nil {
			return err
		}
		claims, err := a.Coupons.ReadClaims(ctx, ids)
		if err != nil {
			return err
		}
		for _, c := range claims {
			if c.State != product.HoldStateHeld {
				a.suspectCoupon(c.Code)
			}
		}
	}
	return nil
}

func same[T any](t T) T { return t }

func (a *auditor) claim(c coupons.StoredClaim) {
	a.coupons.of(c.Code).add(c)
	doc, known := a.orders[c.OrderID]
	wrong := !known || (!c.PlacedAt.IsZero() && c.PlacedAt.UnixMilli() != doc.placed) ||
		!slices.Contains(strings.Fields(doc.coupons), c.Code)
	switch c.State {
	case product.HoldStateHeld:
		wrong = wrong || doc.status != order.StatusAwaitingPayment
	case product.HoldStateCommitted:
		wrong = wrong || !doc.status.TookPayment() || (c.Expires > 0) != doc.closed
	case product.HoldStateReleased, product.HoldStateNone:
		wrong = false // whether its order misses it was seen with the order
	}
	if wrong {
		a.suspectClaim(c.ID())
	}
	if c.Unreadable != "" || c.Listed != (c.State == product.HoldStateHeld) {
		a.suspectCoupon(c.Code)
	}
}

// add counts a claim.
func (t *couponTally) add(c coupons.StoredClaim) {
	switch c.State {
	case product.HoldStateHeld:
		t.held++
	case product.HoldStateCommitted:
		t.committed++
	case product.HoldStateReleased, product.HoldStateNone:
		return
	}
	if c.CustomerID != "" {
		t.customer(c.CustomerID).live++
	}
}

// addLapsed counts a use of a paid order whose claim Redis has forgotten.
func (t *couponTally) addLapsed(customerID string) {
	t.lapsed++
	if id := coupon.CountedFor(customerID); id != "" {
		t.customer(id).lapsed++
	}
}

// walkCoupons compares every coupon's counters with its claims.
func (a *auditor) walkCoupons(ctx context.Context) error {
	if a.Coupons == nil {
		return nil
	}
	seen := map[string]bool{}
	for codes, err := range batches(a.Coupons.WalkCoupons(ctx), same) {
		if err != nil {
			return err
		}
		books, err := a.Coupons.ReadBooks(ctx, codes)
		if err != nil {
			return err
		}
		for _, b := range books {
			seen[b.Code] = true
			t := a.coupons.of(b.Code)
			net := b.Committed - b.Returned
			if len(bookFindings(b, net, net, t, a.unseen)) > 0 {
				a.suspectCoupon(b.Code)
			}
			if err := a.walkCustomers(ctx, b.Code, t); err != nil {
				return err
			}
		}
		a.counts.Coupons += len(codes)
		a.Progress("coupons", len(codes))
	}
	for code := range a.coupons {
		if !seen[code] {
			a.suspectCoupon(code)
		}
	}
	return nil
}

// walkCustomers compares what a coupon counts per customer with its claims.
func (a *auditor) walkCustomers(ctx context.Context, code string, t *couponTally) error {
	counted := map[string]bool{}
	for u, err := range a.Coupons.WalkCustomers(ctx, code) {
		if err != nil {
			return fmt.Errorf("coupon %s: %w", code, err)
		}
		counted[u.CustomerID] = true
		var c customerTally
		if t.customers[u.CustomerID] != nil {
			c = *t.customers[u.CustomerID]
		}
		if len(usesFindings(code, u, c, false)) > 0 {
			a.suspectCoupon(code, u.CustomerID)
		}
	}
	for customerID, c := range t.customers {
		if c.live > 0 && !counted[customerID] {
			a.suspectCoupon(code, customerID)
		}
	}
	return nil
}

// suspectClaim checks an order again with its claim on a coupon that its quote may not name.
func (a *auditor) suspectClaim(id coupons.ClaimID) {
	a.suspectOrder(id.OrderID)
	a.suspects[id.OrderID].coupons[id.Code] = true
}

// claimFindings compares an order's claims with it. known means that there is such an order.
func (a *auditor) claimFindings(ctx context.Context, o *order.Order, s *suspect, orderID string, known, running bool) ([]Finding, error) {
	if a.Coupons == nil {
		return nil, nil
	}
	codes := maps.Clone(s.coupons)
	for _, code := range o.CouponCodes() {
		codes[code] = true
	}
	if len(codes) == 0 {
		return nil, nil
	}
	var ids []coupons.ClaimID
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		ids = append(ids, coupons.ClaimID{Code: code, OrderID: orderID})
	}
	claims, err := a.Coupons.ReadClaims(ctx, ids)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, c := range claims {
		switch {
		case known:
			found = append(found, claimOfOrder(o, c, running)...)
		case c.State == product.HoldStateHeld, c.State == product.HoldStateCommitted && !a.unseen:
			found = append(found, claimFinding(KindClaimOfUnknownOrder, c, "the use is %s for an order that is unknown to Temporal and Redis", c.State))
		}
	}
	return found, nil
}
