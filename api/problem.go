package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/command"
	"holdfast/order"
	"holdfast/product"
)

// Problem is an RFC 9457 document: why a call was refused.
type Problem struct { //nolint:errname // it is the document first, and an error on its way there
	// Type is stable: programs can rely on it.
	Type      string                 `json:"type"`
	Title     string                 `json:"title"`
	Status    int                    `json:"status"`
	Detail    string                 `json:"detail,omitempty"`
	RequestID string                 `json:"requestId,omitempty"`
	Errors    []product.FieldProblem `json:"errors,omitempty"`
	Shortages []order.Shortage       `json:"shortages,omitempty"`
	OrderID   string                 `json:"orderId,omitempty"`
	// Refund is the refund's current state, if a decision about it came too late.
	Refund *order.Refund `json:"refund,omitempty"`
	// Coupons that can't be used.
	Coupons []order.CouponRefusal `json:"coupons,omitempty"`
	// Quote is what the order would cost now, if that isn't what its caller expected.
	Quote *order.Quote `json:"quote,omitempty"`
	// Failures of scripts and their tests.
	Failures []command.Failure `json:"failures,omitempty"`
	// Limit of a customer's open orders, if it is reached.
	Limit int64 `json:"limit,omitempty"`
	// Lines of which more units were requested than there are.
	Lines []order.UnitsShort `json:"lines,omitempty"`

	retryAfter time.Duration
}

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// fail answers a request with the problem of an error.
func (s *Server) fail(c *gin.Context, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		c.Error(err) //nolint:errcheck // gin keeps it for the request's log line
	}
	s.writeProblem(c, p)
}

func (s *Server) writeProblem(c *gin.Context, p *Problem) {
	p.RequestID = requestID(c)
	body, err := json.Marshal(p)
	if err != nil { // can't happen: all its types can be encoded
		body = []byte(`{"type":"` + problemPath + `internal","title":"Internal error","status":500}`)
	}
	if p.retryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(p.retryAfter/time.Second)))
	}
	c.Abort()
	c.Data(p.Status, "application/problem+json", body)
}
