package audit

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"holdfast/order"
)

// MoneyBooks is a payment provider's own record of payments and refunds: the source of
// truth for whether money moved. The error payment.ErrNoPayment means that it has none with
// this id.
type MoneyBooks interface {
	LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error)
	// Payments iterates over all payments created since.
	Payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error]
}

// MoneyRecords is what is recorded about orders and their payments, uninterpreted.
type MoneyRecords interface {
	// WalkPayments iterates over the orders that have documents of payments or refunds.
	WalkPayments(ctx context.Context) iter.Seq2[[]string, error]
	// The reads return results in the order of the request, in one round trip.
	ReadDocuments(ctx context.Context, orderIDs []string) ([]Document, error)
	ReadPayments(ctx context.Context, orderIDs []string) ([]Payments, error)
	// Forgotten counts the orders that have left Redis, by status.
	Forgotten(ctx context.Context) (map[order.Status]int64, error)
}

// MoneyConfig configures an audit of the money.
type MoneyConfig struct {
	// Providers by name.
	Providers map[string]MoneyBooks
	Records   MoneyRecords
	// Cold has the orders that have left Redis; nil means that they are not available.
	Cold ColdOrders
	// Since is the creation time before which payments are not checked. Defaults to 30 days
	// ago.
	Since time.Time
	// Looks is how often a suspect is checked before it becomes a finding, including the
	// walk, at least 2; Pause is the time before the next check, which doubles. The default
	// pauses, up to 63 s together, are longer than a callback or a refund takes if its
	// first tries fail.
	Looks int
	Pause time.Duration
	// Concurrency is how many payments are looked up at a time.
	Concurrency int
	// Now is the clock. Defaults to the system's.
	Now func() time.Time
	// Progress reports what is being walked over, and how many more were read; it may be
	// nil.
	Progress func(what string, n int)
}

// The defaults of a MoneyConfig, where they differ from those of a Config.
const (
	moneyLooks = 7
	moneySince = 30 * 24 * time.Hour
)

func (c *MoneyConfig) fill() {
	if c.Looks < 1 {
		c.Looks = moneyLooks
	}
	c.Looks = max(c.Looks, 2)
	if c.Pause <= 0 {
		c.Pause = time.Second
	}
	if c.Concurrency < 1 {
		c.Concurrency = defaultConcurrency
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Since.IsZero() {
		c.Since = c.Now().Add(-moneySince)
	}
	if c.Progress == nil {
		c.Progress = func(string, int) {}
	}
}

// MoneyReport is what an audit of the money found.
type MoneyReport struct {
	Since time.Time `json:"since"`
	// Payments counts those at the providers; Orders those with recorded payments, and Cold
	// how many of these are only in the view.
	Payments int `json:"payments"`
	Orders   int `json:"orders"`
	Cold     int `json:"cold,omitempty"`
	// Suspects counts what looked wrong at first and was checked again.
	Suspects int            `json:"suspects"`
	Findings []MoneyFinding `json:"findings"`
	// Notes are not findings: the books agree about them.
	Notes []MoneyFinding `json:"notes,omitempty"`
	// Sums by currency.
	Sums    map[string]MoneySum `json:"sums,omitempty"`
	Seconds float64             `json:"seconds"`
}

// moneyAudit is one run. It remembers a little about every payment: about 200 bytes.
type moneyAudit struct {
	MoneyConfig
	started time.Time
	// seen maps the key of each checked payment to the order with which it was checked.
	seen map[string]string
	// open are those that can be paid, by order.
	open     map[string][]paymentRef
	suspects map[paymentRef]sums
	// unsure are orders that seem to have several open payments.
	unsure map[string][]paymentRef
	first  []MoneyFinding
	// unseen counts recorded payments of providers whose books are not available.
	unseen map[string]int
	sums   sums
	report MoneyReport
}

// Money compares the orders' payments with the providers' own records, in both directions,
// on a live system: suspects are checked again, several times, before they become findings.
// It changes nothing.
func Money(ctx context.Context, c MoneyConfig) (MoneyReport, error) {
	c.fill()
	began := time.Now()
	a := &moneyAudit{
		MoneyConfig: c, started: c.Now(), seen: map[string]string{}, open: map[string][]paymentRef{},
		suspects: map[paymentRef]sums{}, unsure: map[string][]paymentRef{}, unseen: map[string]int{}, sums: sums{},
		report: MoneyReport{Since: c.Since},
	}
	if err := a.walkProviders(ctx); err != nil {
		return MoneyReport{}, err
	}
	if err := a.walkRecords(ctx); err != nil {
		return MoneyReport{}, fmt.Errorf("walk over the recorded payments: %w", err)
	}
	a.severalOpen()
	a.report.Suspects = len(a.suspects) + len(a.unsure)
	found, err := a.recheck(ctx)
	if err != nil {
		return MoneyReport{}, fmt.Errorf("check again: %w", err)
	}
	if found, err = a.judged(ctx, found); err != nil {
		return MoneyReport{}, err
	}
	slices.SortFunc(found, MoneyFinding.compare)
	slices.SortFunc(a.report.Notes, MoneyFinding.compare)
	a.report.Findings, a.report.Sums, a.report.Seconds = found, a.sums, time.Since(began).Seconds()
	return a.report, nil
}
