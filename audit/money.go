package audit

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"holdfast/order"
)

// MoneyBooks is a payment provider's own record of what was paid and what went back:
// the home of whether money moved. An error that is payment.ErrNoPayment says that it
// has none of this id.
type MoneyBooks interface {
	LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error)
	// Payments goes over all payments that were created since.
	Payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error]
}

// MoneyRecords is what is on record of orders and their payments, as it lies there.
type MoneyRecords interface {
	// WalkPayments goes over the orders that have documents of payments or refunds.
	WalkPayments(ctx context.Context) iter.Seq2[[]string, error]
	// The reads answer in the order asked, in one round trip.
	ReadDocuments(ctx context.Context, orderIDs []string) ([]Document, error)
	ReadPayments(ctx context.Context, orderIDs []string) ([]Payments, error)
	// Forgotten counts the orders that have left Redis by their status.
	Forgotten(ctx context.Context) (map[order.Status]int64, error)
}

// MoneyConfig of an audit of the money.
type MoneyConfig struct {
	// Providers by their name.
	Providers map[string]MoneyBooks
	Records   MoneyRecords
	// Cold has the orders that have left Redis; nil: nobody was asked for them.
	Cold ColdOrders
	// Since: payments that were created earlier are not looked at; 30 days ago by default.
	Since time.Time
	// Looks is how often something that looks off is looked at before it is a finding,
	// the walk included, at least 2; Pause is the time before the next look, which
	// doubles. The default's pauses, 63 s together where something stays off so long,
	// are longer than a callback or a refund takes whose first tries fail.
	Looks int
	Pause time.Duration
	// Concurrency is how many payments are looked up at a time.
	Concurrency int
	// Now is the clock; nil: the system's.
	Now func() time.Time
	// Progress is told what is walked over, and how many more of it were seen; it may
	// be nil.
	Progress func(what string, n int)
}

// The defaults of a MoneyConfig, where they aren't those of a Config.
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
	// Payments at the providers; Orders that have payments on record here, and how many
	// of these are in the view alone.
	Payments int `json:"payments"`
	Orders   int `json:"orders"`
	Cold     int `json:"cold,omitempty"`
	// Suspects looked off at first and were looked at again.
	Suspects int            `json:"suspects"`
	Findings []MoneyFinding `json:"findings"`
	// Notes are no findings: the books agree about them.
	Notes []MoneyFinding `json:"notes,omitempty"`
	// Sums by currency.
	Sums    map[string]MoneySum `json:"sums,omitempty"`
	Seconds float64             `json:"seconds"`
}

// moneyAudit is one run. It remembers a little of every payment: about 200 bytes.
type moneyAudit struct {
	MoneyConfig
	started time.Time
	// seen are the payments that were looked at, by their key, and the order with which.
	seen map[string]string
	// open are those that can be paid, by order.
	open     map[string][]paymentRef
	suspects map[paymentRef]sums
	// unsure are orders that seem to have several open payments.
	unsure map[string][]paymentRef
	first  []MoneyFinding
	// unseen counts what is on record of providers whose books nobody gave.
	unseen map[string]int
	sums   sums
	report MoneyReport
}

// Money compares the orders' payments with the providers' own records, in both
// directions, beside a running system: what looks off is looked at again, several
// times, before it is a finding. It changes nothing.
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
		return MoneyReport{}, fmt.Errorf("walk over the payments on record: %w", err)
	}
	a.severalOpen()
	a.report.Suspects = len(a.suspects) + len(a.unsure)
	found, err := a.lookAgain(ctx)
	if err != nil {
		return MoneyReport{}, fmt.Errorf("look again: %w", err)
	}
	if found, err = a.judged(ctx, found); err != nil {
		return MoneyReport{}, err
	}
	slices.SortFunc(found, MoneyFinding.compare)
	slices.SortFunc(a.report.Notes, MoneyFinding.compare)
	a.report.Findings, a.report.Sums, a.report.Seconds = found, a.sums, time.Since(began).Seconds()
	return a.report, nil
}
