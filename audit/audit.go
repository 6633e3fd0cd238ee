// Package audit checks the books: that every unit of stock is where the orders
// say it is, and that the copies of an order say what its workflow decided. It
// names whatever does not add up. Asked to, it does again what a workflow has
// on record and Redis has lost; it never changes a number to make a sum come
// out.
//
// It may run beside a system that takes orders. First it walks over everything
// once; whatever looks off is then looked at again, several times, and is a
// finding only if it was there each time: a step that was under way is none.
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
	// Cold has the orders that have left Redis; nil: nobody was asked for them.
	Cold ColdOrders
	// Deep asks every workflow, and not only those whose copies disagree.
	Deep bool
	// Looks is how often something that looks off is looked at before it is a
	// finding, and Pause the time between two looks, which doubles.
	Looks int
	Pause time.Duration
	// Concurrency is how many workflows are asked at a time.
	Concurrency int
	// Progress is told what is walked over, and how many more of it were seen;
	// it may be nil.
	Progress func(what string, n int)
}

// The defaults of a Config. Three pauses, 3.5 s together, are longer than any
// step takes while Redis and Temporal answer.
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
	// Cold orders of these are in the view alone. Forgotten is how often an order has
	// left Redis by its own count: one that came back and left again counts twice.
	Cold      int   `json:"cold,omitempty"`
	Forgotten int64 `json:"forgotten,omitempty"`
	Workflows int   `json:"workflows"`
	// Refunds that are owed.
	Refunds int `json:"refunds"`
	// Disputes that have a workflow.
	Disputes int `json:"disputes"`
	// Suspects looked off at first and were looked at again.
	Suspects int       `json:"suspects"`
	Findings []Finding `json:"findings"`
	// Repaired and NotRepaired are what a repair did before this audit.
	Repaired    []Repair `json:"repaired,omitempty"`
	NotRepaired []Repair `json:"notRepaired,omitempty"`
	Seconds     float64  `json:"seconds"`
}

// auditor is one run of an audit. It remembers a little of every order, and
// sums of every product that has sales or holds: about 100 bytes each.
type auditor struct {
	Config
	orders map[string]standing
	// live units by product and sku, as the hold hashes have them; sold units as
	// the documents of the paid orders have them.
	live, sold tally
	// buyers are the units of the live holds that count for a customer, by product and customer.
	buyers tally
	// The products, refunds and orders to look at again.
	products map[string]bool
	refunds  *cases[saga.RefundID, order.Refund]
	disputes *cases[saga.DisputeID, order.Dispute]
	suspects map[string]*suspect
	counts   Report
	// taken is which order took a payment, by provider and payment id; twice are
	// those that another one took too.
	taken map[[2]string]string
	twice map[key]Finding
	// truths are paid orders whose document is missing or wrong.
	truths map[string]order.Order
	// unseen: orders have left Redis, and nobody gave the view that has them.
	unseen bool
}

// standing is how an order stands by its document.
type standing struct {
	status order.Status
	// returned: its units were sold to it, and came back.
	returned bool
	listed   bool
	placed   int64 // ms
}

// suspect is an order to look at again.
type suspect struct {
	// products that hold for it though its lines may not name them.
	products map[string]bool
	// payments: its workflow is asked for its payments too.
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
		taken: map[[2]string]string{}, twice: map[key]Finding{},
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
	} {
		if err := walk.do(ctx); err != nil {
			return Report{}, fmt.Errorf("walk over the %s: %w", walk.what, err)
		}
	}
	a.counts.Suspects = len(a.suspects) + len(a.refunds.suspects) + len(a.disputes.suspects) + len(a.products)
	findings, err := a.lookAgain(ctx)
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
		s = &suspect{products: map[string]bool{}}
		a.suspects[id] = s
	}
	for _, p := range productIDs {
		s.products[p] = true
	}
}

func (a *auditor) suspectProduct(id string) { a.products[id] = true }

// lookAgain looks at the suspects until those that were only in motion are
// cleared, or the looks are used up.
func (a *auditor) lookAgain(ctx context.Context) ([]Finding, error) {
	all := slices.Collect(maps.Values(a.twice)) // an order never lets go of a payment: no need to look again
	for _, look := range []func(context.Context) ([]Finding, error){
		a.lookAtOrders, a.refunds.lookAgain, a.disputes.lookAgain, a.lookAtProducts,
	} {
		var standing map[key]Finding
		pause := a.Pause
		for n := 0; n < a.Looks; n++ {
			found, err := look(ctx)
			if err != nil {
				return nil, fmt.Errorf("look again: %w", err)
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

// persisting keeps the findings that were there before and are still there, as
// they are now.
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
