package audit

import (
	"context"
	"slices"

	"holdfast/coupon"
	"holdfast/coupons"
)

// mender makes counters of coupons follow their claims.
type mender struct {
	Repairer
	// findings of the audit, and what the repair could not fix so far.
	findings []Finding
	left     *[]Repair
	// mended says what became of each coupon; nil until they were counted.
	mended map[string]mending
}

// mending is what became of a coupon's counters: why not, if done is empty.
type mending struct{ done, why string }

// do is the repair of one finding. All coupons are counted together when the first of them is
// mended, because a census walks over all claims and documents.
func (m *mender) do(ctx context.Context, f Finding) (string, error) {
	if m.mended == nil {
		if err := m.mendAll(ctx); err != nil {
			return "", err
		}
	}
	became := m.mended[f.CouponCode]
	if became.done == "" {
		return "", cannot("%s", became.why)
	}
	return became.done, nil
}

func (m *mender) mendAll(ctx context.Context) error {
	m.mended = map[string]mending{}
	todo := map[string]map[string]bool{}
	for _, f := range m.findings {
		if f.Kind != KindCouponDiffers && f.Kind != KindCustomerUsesDiffer {
			continue
		}
		if todo[f.CouponCode] == nil {
			todo[f.CouponCode] = map[string]bool{}
			m.mended[f.CouponCode] = mending{why: "orders use the coupon too fast: try again when there is less traffic"}
		}
		if f.CustomerID != "" {
			todo[f.CouponCode][f.CustomerID] = true
		}
	}
	for range snapshots {
		c := census{Config: &m.Config, customers: todo}
		all, err := c.take(ctx)
		if err != nil {
			return err
		}
		for code, n := range all {
			became, settled, err := m.mend(ctx, n)
			if err != nil {
				return err
			}
			if settled {
				m.mended[code] = became
				delete(todo, code)
			}
		}
	}
	return nil
}

// mend mends one coupon, unless its counters moved while they were compared.
func (m *mender) mend(ctx context.Context, n *counted) (became mending, settled bool, err error) {
	was := n.now.Books
	switch {
	case !n.now.Found || n.now.Unreadable != "":
		return mending{why: "the coupon itself can't be read"}, true, nil
	case n.incomplete:
		return mending{}, false, nil
	}
	unseen, net := m.unseen(), was.Committed-was.Returned
	if least, most := n.net(); n.tally.net() > most || (n.tally.net() < least && !unseen) {
		switch {
		case n.before.Books != was || n.after.Books != was:
			return mending{}, false, nil
		case n.tally.net() < net && m.lacksDocuments():
			return mending{why: "orders that may have used it have no sound document: repair those first"}, true, nil
		}
		net = n.tally.net()
	}
	now := coupon.Books{Uses: n.tally.held + net, Claimed: n.tally.held, Committed: was.Returned + net, Returned: was.Returned}
	if now.Check() != nil {
		return mending{why: "its counters are below zero"}, true, nil
	}
	change := coupons.Mending{Code: n.now.Code, Seen: was, Now: now}
	for i, u := range n.now.Customers {
		if u != n.users[i] {
			return mending{}, false, nil
		}
		t := n.tally.customer(u.CustomerID)
		should := max(u.Count, t.live)
		if !unseen {
			should = min(should, t.live+t.lapsed)
		}
		if u.Unreadable == "" && should != u.Count {
			change.Customers = append(change.Customers, coupons.CustomerMending{CustomerID: u.CustomerID, Seen: u.Count, Now: should})
		}
	}
	done, err := m.CouponStock.Mend(ctx, change)
	return mending{done: "its counters follow its claims again"}, done, err
}

// unseen reports whether there are orders that can't be read: they may have used a coupon.
func (m *mender) unseen() bool {
	return slices.ContainsFunc(m.findings, func(f Finding) bool { return f.Kind == KindOrdersUnseen })
}

// lacksDocuments reports whether there are orders whose documents don't say whether they used a
// coupon. A use must not be given back because of that.
func (m *mender) lacksDocuments() bool {
	never := []Kind{KindOrderUnknown, KindDocumentAhead, KindWorkflowStuck}
	written := []Kind{KindDocumentMissing, KindDocumentOld, KindDocumentDiffers, KindDocumentUnreadable}
	return slices.ContainsFunc(m.findings, func(f Finding) bool { return slices.Contains(never, f.Kind) }) ||
		slices.ContainsFunc(*m.left, func(r Repair) bool { return slices.Contains(written, r.Finding.Kind) })
}
