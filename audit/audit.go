// Package audit checks the books: that every unit of stock is where the orders say it is,
// and that the copies of an order agree with its workflow. It reports whatever does not add
// up. On request it repeats steps that a workflow has recorded and Redis has lost; it never
// changes a number to make a sum come out.
//
// It can run against a live system. First it walks over everything once; suspects are then
// checked again, several times, and become findings only if the difference persisted each
// time: a step in progress is not a finding.
package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// Config of an audit.
type Config struct {
	Books  Books
	Orders Orders
	// Cold has the orders that have left Redis; nil means that they are not available.
	Cold ColdOrders
	// Numbers has the tracking numbers that Adapters watch; nil means that their owners are
	// not checked.
	Numbers  Numbers
	Adapters []string
	// PriceBooks has the versions that orders name; nil means that they are not checked.
	PriceBooks PriceBooks
	// Coupons are the coupons' books; nil means that they are not checked.
	Coupons CouponBooks
	// Deep asks every workflow, not only those whose copies disagree.
	Deep bool
	// Looks is how often a suspect is checked before it becomes a finding, and Pause the
	// time between two checks, which doubles.
	Looks int
	Pause time.Duration
	// Concurrency is how many workflows are queried at a time.
	Concurrency int
	// Progress reports what is being walked over, and how many more were read; it may be
	// nil.
	Progress func(what string, n int)
}

// The defaults of a Config. Three pauses, 3.5 s together, are longer than any step takes
// while Redis and Temporal respond.
const (
	defaultLooks       = 4
	defaultPause       = 500 * time.Millisecond
	defaultConcurrency = 16
	// batch is how many entities are read in one pipeline.
	batch = 200
)

func (c *Config) fill() {
	if c.Looks < 1 {
		c.Looks = defaultLooks
	}
	if c.Pause <= 0 {
		c.Pause = defaultPause
	}
	if c.Concurrency < 1 {
		c.Concurrency = defaultConcurrency
	}
	if c.Progress == nil {
		c.Progress = func(string, int) {}
	}
}

// Report is what an audit found.
type Report struct {
	Products int `json:"products"`
	Holds    int `json:"holds"`
	Orders   int `json:"orders"`
	// Cold counts those of these orders that are only in the view. Forgotten is how often
	// an order has left Redis by its own count: one that came back and left again counts
	// twice.
	Cold      int   `json:"cold,omitempty"`
	Forgotten int64 `json:"forgotten,omitempty"`
	Workflows int   `json:"workflows"`
	// Coupons, and the claims on them, ended ones included.
	Coupons int `json:"coupons,omitempty"`
	Claims  int `json:"claims,omitempty"`
	// Refunds that are owed.
	Refunds int `json:"refunds"`
	// Disputes that have a workflow.
	Disputes int `json:"disputes"`
	// Suspects counts what looked wrong at first and was checked again.
	Suspects int       `json:"suspects"`
	Findings []Finding `json:"findings"`
	// Repaired and NotRepaired are what a repair did before this audit.
	Repaired    []Repair `json:"repaired,omitempty"`
	NotRepaired []Repair `json:"notRepaired,omitempty"`
	Seconds     float64  `json:"seconds"`
}

// auditor is one run of an audit. It remembers a little about every order, and sums of
// every product with sales or holds: about 100 bytes each.
type auditor struct {
	Config
	orders map[string]standing
	// live units by product and sku, according to the hold hashes; sold units according to
	// the documents of the paid orders.
	live, sold tally
	// buyers are the units of the live holds that count towards a customer's limit, by
	// product and customer.
	buyers tally
	// The products, refunds and orders to check again.
	products map[string]bool
	refunds  *cases[saga.RefundID, order.Refund]
	disputes *cases[saga.DisputeID, order.Dispute]
	suspects map[string]*suspect
	// coupons are sums by code. couponSuspects are the coupons to check again, each with the
	// customers whose uses may be wrong.
	coupons        couponTallies
	couponSuspects map[string]map[string]bool
	counts         Report
	// taken maps provider and payment id to the order that took the payment; twice are
	// payments that another order took too.
	taken map[[2]string]string
	twice map[key]Finding
	// truths are paid orders whose document is missing or wrong.
	truths map[string]order.Order
	// books are the versions of the price book that exist, as far as orders name them.
	books map[order.BookVersion]bool
	// unseen means that orders have left Redis, and the view that has them is not
	// available.
	unseen bool
}

// standing is the state of an order according to its document.
type standing struct {
	status order.Status
	closed bool
	// returned means that its units were sold to it, and came back.
	returned bool
	// inParts means that its lines say what came back.
	inParts bool
	listed  bool
	placed  int64 // ms
	// coupons of which it takes a use, separated by spaces.
	coupons string
}

// suspect is an order to check again.
type suspect struct {
	// products that hold for it though its lines may not name them.
	products map[string]bool
	// coupons that have a claim of it though its quote may not name them.
	coupons map[string]bool
	// payments means that its workflow is asked for its payments too.
	payments bool
}

// tally counts units by product and sku.
type tally map[string]map[string]int64

func (t tally) add(productID, sku string, units int64) {
	bySKU := t[productID]
	if bySKU == nil {
		bySKU = map[string]int64{}
		t[productID] = bySKU
	}
	bySKU[sku] += units
}

// Run audits once.
func Run(ctx context.Context, c Config) (Report, error) {
	c.fill()
	started := time.Now()
	a := &auditor{
		Config: c, orders: map[string]standing{}, live: tally{}, sold: tally{}, buyers: tally{},
		products: map[string]bool{}, suspects: map[string]*suspect{}, truths: map[string]order.Order{},
		taken: map[[2]string]string{}, twice: map[key]Finding{}, books: map[order.BookVersion]bool{},
		coupons: couponTallies{}, couponSuspects: map[string]map[string]bool{},
	}
	a.refunds, a.disputes = a.refundCases(), a.disputeCases()
	for _, walk := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"documents", a.walkDocuments},
		{"workflows", a.walkWorkflows},
		{"refunds", a.refunds.walkAll},
		{"disputes", a.disputes.walkAll},
		{"holds", a.walkHolds},
		{"deadlines", a.walkDeadlines},
		{"products", a.walkProducts},
		{"claims", a.walkClaims},
		{"coupons", a.walkCoupons},
	} {
		if err := walk.do(ctx); err != nil {
			return Report{}, fmt.Errorf("walk over the %s: %w", walk.what, err)
		}
	}
	a.counts.Suspects = len(a.suspects) + len(a.refunds.suspects) + len(a.disputes.suspects) + len(a.products) + len(a.couponSuspects)
	findings, err := a.recheck(ctx)
	if err != nil {
		return Report{}, err
	}
	unseen, err := a.countUnseen(ctx)
	if err != nil {
		return Report{}, err
	}
	report := a.counts
	findings = append(unseen, a.judged(findings)...)
	report.Findings, report.Seconds = findings, time.Since(started).Seconds()
	return report, nil
}

func (a *auditor) suspectPayments(orderID string) {
	a.suspectOrder(orderID)
	a.suspects[orderID].payments = true
}

func (a *auditor) suspectOrder(id string, productIDs ...string) {
	s := a.suspects[id]
	if s == nil {
		s = &suspect{products: map[string]bool{}, coupons: map[string]bool{}}
		a.suspects[id] = s
	}
	for _, p := range productIDs {
		s.products[p] = true
	}
}

func (a *auditor) suspectProduct(id string) { a.products[id] = true }

// recheck checks the suspects until those with steps in progress are cleared, or the
// checks are used up.
func (a *auditor) recheck(ctx context.Context) ([]Finding, error) {
	all := slices.Collect(maps.Values(a.twice)) // an order never gives up a payment: no need to check again
	for _, look := range []func(context.Context) ([]Finding, error){
		a.checkOrders, a.refunds.recheck, a.disputes.recheck, a.checkProducts, a.checkCoupons,
	} {
		var standing map[key]Finding
		pause := a.Pause
		for n := 0; n < a.Looks; n++ {
			found, err := look(ctx)
			if err != nil {
				return nil, fmt.Errorf("check again: %w", err)
			}
			standing = persisting(standing, found, n == 0)
			if len(standing) == 0 {
				break
			}
			if n+1 < a.Looks {
				if err := wait(ctx, pause); err != nil {
					return nil, err
				}
				pause *= 2
			}
		}
		for _, f := range standing {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, Finding.compare)
	return all, nil
}

// persisting returns the findings that were there before and still are, in their current
// form.
func persisting[K comparable, F interface{ key() K }](before map[K]F, now []F, first bool) map[K]F {
	kept := map[K]F{}
	for _, f := range now {
		if _, was := before[f.key()]; first || was {
			kept[f.key()] = f
		}
	}
	return kept
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
