package audit

import (
	"errors"
	"strings"
	"time"

	"holdfast/saga"
	"holdfast/search"
)

// Subject is what an audit checks.
type Subject string

const (
	SubjectBooks Subject = "books"
	SubjectMoney Subject = "money"
	SubjectViews Subject = "views"
)

// Subjects returns all of them.
func Subjects() []Subject { return []Subject{SubjectBooks, SubjectMoney, SubjectViews} }

// ErrNotStored means that no report of an audit was stored yet.
var ErrNotStored = errors.New("no audit of this subject has stored its report yet")

// Limits of a stored report.
const (
	MaxStoredFindings = 100
	// MaxStoredDetail is in bytes.
	MaxStoredDetail = 500
)

// Ran says when an audit ran, by the clock of its machine, and which program it was.
type Ran struct {
	BegunAt time.Time `json:"begunAt"`
	EndedAt time.Time `json:"endedAt"`
	Version string    `json:"version"`
}

// Stored is a report in the form in which it is stored for others. Its size is bounded.
type Stored struct {
	Subject Subject `json:"subject"`
	Ran
	// Checked counts what was checked, by its name in the report.
	Checked map[string]int64 `json:"checked"`
	// Repaired and NotRepaired count what a repair did before the audit.
	Repaired    int `json:"repaired,omitempty"`
	NotRepaired int `json:"notRepaired,omitempty"`
	// Found counts all findings, Kinds those of each kind; Findings are the first of them.
	Found    int             `json:"found"`
	Kinds    map[Kind]int    `json:"kinds"`
	Findings []StoredFinding `json:"findings"`
}

// StoredFinding is a finding of any audit. It names what the finding is about.
type StoredFinding struct {
	Kind       Kind        `json:"kind"`
	View       search.View `json:"view,omitempty"`
	ProductID  string      `json:"productId,omitempty"`
	SKU        string      `json:"sku,omitempty"`
	OrderID    string      `json:"orderId,omitempty"`
	PackageID  string      `json:"packageId,omitempty"`
	CouponCode string      `json:"couponCode,omitempty"`
	CustomerID string      `json:"customerId,omitempty"`
	Provider   string      `json:"provider,omitempty"`
	PaymentID  string      `json:"paymentId,omitempty"`
	RefundID   string      `json:"refundId,omitempty"`
	DisputeID  string      `json:"disputeId,omitempty"`
	Units      int64       `json:"units,omitempty"`
	Amount     int64       `json:"amount,omitempty"`
	Currency   string      `json:"currency,omitempty"`
	Detail     string      `json:"detail"`
}

// Stored returns the report as it is stored.
func (r Report) Stored(ran Ran) Stored {
	s := newStored(SubjectBooks, ran, map[string]int64{
		"products": int64(r.Products), "holds": int64(r.Holds), "orders": int64(r.Orders), "cold": int64(r.Cold),
		"workflows": int64(r.Workflows), "coupons": int64(r.Coupons), "claims": int64(r.Claims),
		"refunds": int64(r.Refunds), "disputes": int64(r.Disputes),
	})
	s.Repaired, s.NotRepaired = len(r.Repaired), len(r.NotRepaired)
	for _, f := range r.Findings {
		s.add(StoredFinding{
			Kind: f.Kind, ProductID: f.ProductID, SKU: f.SKU, OrderID: f.OrderID, PackageID: f.PackageID, CouponCode: f.CouponCode,
			CustomerID: f.CustomerID, Provider: f.Provider, PaymentID: f.PaymentID, RefundID: f.RefundID, DisputeID: f.DisputeID,
			Units: f.Units, Detail: f.Detail,
		})
	}
	return s
}

// Stored returns the report as it is stored.
func (r MoneyReport) Stored(ran Ran) Stored {
	s := newStored(SubjectMoney, ran, map[string]int64{
		"payments": int64(r.Payments), "orders": int64(r.Orders), "cold": int64(r.Cold),
	})
	for _, f := range r.Findings {
		s.add(StoredFinding{
			Kind: f.Kind, OrderID: f.OrderID, Provider: f.Provider, PaymentID: f.PaymentID, RefundID: f.RefundID,
			Amount: f.Amount, Currency: f.Currency, Detail: f.Detail,
		})
	}
	return s
}

// StoredComparison returns the result of a comparison of the views as it is stored.
func StoredComparison(r saga.CompareResult, ran Ran) Stored {
	s := newStored(SubjectViews, ran, map[string]int64{
		"products": int64(r.Products), "orders": int64(r.Orders), "cold": int64(r.Cold),
	})
	for _, f := range r.Findings {
		stored := StoredFinding{Kind: Kind(f.Kind), View: search.View(f.View), Detail: f.Detail}
		if stored.View == search.ViewProducts {
			stored.ProductID = f.ID
		} else {
			stored.OrderID = f.ID
		}
		s.add(stored)
	}
	s.Found = r.Found // the result has the first of many
	for kind, n := range r.Kinds {
		s.Kinds[Kind(kind)] = n
	}
	return s
}

func newStored(of Subject, ran Ran, checked map[string]int64) Stored {
	return Stored{Subject: of, Ran: ran, Checked: checked, Kinds: map[Kind]int{}, Findings: []StoredFinding{}}
}

func (s *Stored) add(f StoredFinding) {
	s.Found++
	s.Kinds[f.Kind]++
	if len(s.Findings) == MaxStoredFindings {
		return
	}
	if len(f.Detail) > MaxStoredDetail {
		f.Detail = strings.ToValidUTF8(f.Detail[:MaxStoredDetail], "")
	}
	s.Findings = append(s.Findings, f)
}
