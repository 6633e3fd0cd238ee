package api

import (
	"strconv"

	"github.com/gin-gonic/gin"
)

// A call costs its operation's x-cost in the contract, which is the only table of costs, and more
// if it asks for more.
const (
	// itemsIncluded of a list and linesIncluded of an order are included in the operation's
	// cost; each further batch of this size, even a partial one, costs 1 more.
	itemsIncluded = 20
	linesIncluded = 50
	// maxLimit is the largest limit of any list.
	maxLimit = 100
)

// costOf returns what a call costs, as far as that is known without its body.
func costOf(c *gin.Context, r rule) int {
	cost := max(1, r.cost)
	if c.Request.URL.RawQuery == "" {
		return cost
	}
	// What isn't a number, or is too large, will be refused.
	if limit, err := strconv.Atoi(c.Query("limit")); err == nil && limit <= maxLimit {
		cost += begun(limit, itemsIncluded)
	}
	return cost
}

// costOfLines returns what the lines of an order or a bulk call cost in addition to the call.
func costOfLines(lines int) int { return begun(lines, linesIncluded) }

// takeLines charges to the caller's allowance what the lines of a call cost in addition to it.
func (s *Server) takeLines(c *gin.Context, lines int) error {
	taken := costOf(c, s.access.of(c.Request.Method, c.FullPath()))
	return s.limits.callers.take(c, allowanceKey(c, CallerOf(c.Request.Context())), taken, costOfLines(lines))
}

// begun returns the number of batches beyond the first one, partial ones included.
func begun(n, size int) int { return max(0, (n-1)/size) }
