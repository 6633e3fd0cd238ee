package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Problem is why the gateway refused a call, as an RFC 9457 problem document.
type Problem struct { //nolint:errname // the name in RFC 9457
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Shortages names each line of an order that can't be had.
	Shortages []order.Shortage `json:"shortages"`
	// Lines names each line of which more units were requested than there are.
	Lines []order.UnitsShort `json:"lines"`
	// Coupons names each coupon that an order can't use.
	Coupons []order.CouponRefusal `json:"coupons"`
	// Quote is what an order would cost now, if that isn't what its caller expected.
	Quote *Quote `json:"quote"`
	// OrderID is that of an order that may exist, or exists, in spite of the problem.
	OrderID string `json:"orderId"`
	// Limit of a customer's open orders, if it is reached.
	Limit int64 `json:"limit"`
	// Errors names each field of a request that is invalid.
	Errors []product.FieldProblem `json:"errors"`
	// Failures names each script that can't be compiled, and each test that fails.
	Failures []ScriptFailure `json:"failures"`
	// RetryAfter is how long the gateway asked to wait before a retry; 0 if it didn't.
	RetryAfter time.Duration `json:"-"`
}

// ScriptFailure is what is wrong with a script. Line and Column are 0 if they aren't known.
type ScriptFailure struct {
	Command string `json:"command"`
	Version int64  `json:"version"`
	Test    string `json:"test"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

func problem(a Answer) *Problem {
	p := &Problem{}
	if err := json.Unmarshal(a.Body, p); err != nil || p.Title == "" { // a proxy's page
		p.Title = http.StatusText(a.Status)
	}
	p.Status = a.Status
	p.RetryAfter = retryAfter(a.Header)
	return p
}

// Kind returns the last part of the problem's type, such as "insufficient-stock", or
// "http-502" for a response that is no problem document.
func (p *Problem) Kind() string {
	if i := strings.LastIndexByte(p.Type, '/'); i >= 0 {
		return p.Type[i+1:]
	}
	return fmt.Sprintf("http-%d", p.Status)
}

// Transient reports whether the same call may succeed later.
func (p *Problem) Transient() bool {
	return p.Status >= 500 || p.Status == http.StatusTooManyRequests
}

// Error returns all that the gateway said, in one line.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", p.Status, p.Title)
	if p.Detail != "" {
		fmt.Fprintf(&b, ": %s", p.Detail)
	}
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "; %s %s", e.Path, e.Reason)
	}
	for _, f := range p.Failures {
		fmt.Fprintf(&b, "; command %s", f.Command)
		if f.Test != "" {
			fmt.Fprintf(&b, ", test %q", f.Test)
		}
		if f.Line > 0 {
			fmt.Fprintf(&b, ", line %d, column %d", f.Line, f.Column)
		}
		b.WriteString(": " + f.Message)
	}
	for _, s := range p.Shortages {
		fmt.Fprintf(&b, "; %s %s: %s, asked %d, available %d", s.ProductID, s.SKU, s.Reason, s.Requested, s.Available)
	}
	for _, l := range p.Lines {
		fmt.Fprintf(&b, "; line %s: asked %d, open %d", l.LineID, l.Requested, l.Open)
	}
	return b.String()
}
