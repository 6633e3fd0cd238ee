package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// What an audit checks.
const (
	AuditOfBooks = "books"
	AuditOfMoney = "money"
	AuditOfViews = "views"
)

// Audit is the report of an audit.
type Audit struct {
	// Subject is what it checked: AuditOfBooks, AuditOfMoney or AuditOfViews.
	Subject string    `json:"subject"`
	BegunAt time.Time `json:"begunAt"`
	EndedAt time.Time `json:"endedAt"`
	// Version of the program that ran it.
	Version string `json:"version"`
	// Checked counts what was checked, by its name.
	Checked map[string]int64 `json:"checked"`
	// Repaired and NotRepaired count findings that it was told to repair before.
	Repaired    int `json:"repaired"`
	NotRepaired int `json:"notRepaired"`
	// Found counts all findings, Kinds those of each kind; Findings are the first of them.
	Found    int            `json:"found"`
	Kinds    map[string]int `json:"kinds"`
	Findings []AuditFinding `json:"findings"`
}

// AuditFinding is something that doesn't add up, and what it is about.
type AuditFinding struct {
	Kind       string `json:"kind"`
	View       string `json:"view"`
	ProductID  string `json:"productId"`
	SKU        string `json:"sku"`
	OrderID    string `json:"orderId"`
	PackageID  string `json:"packageId"`
	CouponCode string `json:"couponCode"`
	CustomerID string `json:"customerId"`
	Provider   string `json:"provider"`
	PaymentID  string `json:"paymentId"`
	RefundID   string `json:"refundId"`
	DisputeID  string `json:"disputeId"`
	// Units is the difference, in units of stock or uses of a coupon.
	Units int64 `json:"units"`
	// Amount concerned, in minor units of Currency.
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// Detail is for people.
	Detail string `json:"detail"`
}

// LatestAudit returns the report that the last audit of a subject has stored; an empty subject is
// AuditOfBooks. If there is none yet, the error is a Problem of the kind unknown-audit.
func (c *Client) LatestAudit(ctx context.Context, subject string) (Audit, error) {
	k := call{method: http.MethodGet, path: "/v1/audits/latest"}
	if subject != "" {
		k.query = url.Values{"subject": {subject}}
	}
	a, err := c.do(ctx, k)
	if err != nil {
		return Audit{}, fmt.Errorf("read the last audit: %w", err)
	}
	var report Audit
	return report, a.Decode(&report)
}
