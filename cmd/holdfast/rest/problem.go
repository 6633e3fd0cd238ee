package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Problem is an RFC 9457 answer: why the gateway refused a call.
type Problem struct { //nolint:errname // RFC 9457 calls it so
	Type      string                 `json:"type"`
	Title     string                 `json:"title"`
	Status    int                    `json:"status"`
	Detail    string                 `json:"detail"`
	Shortages []order.Shortage       `json:"shortages"`
	Errors    []product.FieldProblem `json:"errors"`
	// Wait is how long the gateway asked to wait before the next try.
	Wait time.Duration `json:"-"`
}

func problem(a Answer) *Problem {
	p := &Problem{}
	if err := json.Unmarshal(a.Body, p); err != nil || p.Title == "" { // not ours: a proxy's page
		p.Title = http.StatusText(a.Status)
	}
	p.Status = a.Status
	p.Wait = RetryAfter(a.Header)
	return p
}

// Kind is the last part of the problem's type, such as "insufficient-stock".
func (p *Problem) Kind() string {
	if i := strings.LastIndexByte(p.Type, '/'); i >= 0 {
		return p.Type[i+1:]
	}
	return fmt.Sprintf("http-%d", p.Status)
}

// Passing tells whether the same call may succeed a moment later.
func (p *Problem) Passing() bool {
	return p.Status >= 500 || p.Status == http.StatusTooManyRequests
}

// Error tells a person everything that the gateway said.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", p.Status, p.Title)
	if p.Detail != "" {
		fmt.Fprintf(&b, ": %s", p.Detail)
	}
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "; %s %s", e.Path, e.Reason)
	}
	for _, s := range p.Shortages {
		fmt.Fprintf(&b, "; %s %s: %s, asked %d, available %d", s.ProductID, s.SKU, s.Reason, s.Requested, s.Available)
	}
	return b.String()
}
