package api

import (
	"strconv"

	"github.com/gin-gonic/gin"
)

// What a call takes of an allowance: its operation's x-cost in the contract, the one table
// of costs, and more where it asks for more.
const (
	// itemsIncluded of a list, and linesIncluded of an order, are in the operation's cost;
	// each further so many that are begun cost 1 more.
	itemsIncluded = 20
	linesIncluded = 50
	// maxLimit is the largest limit of any list.
	maxLimit = 100
)

// costOf returns what a call costs, as far as its head tells.
func costOf(c *gin.Context, r rule) int {
	cost := max(1, r.cost)
	if c.Request.URL.RawQuery == "" {
		return cost
	}
	// What is no number, or too large, is refused in a moment.
	if limit, err := strconv.Atoi(c.Query("limit")); err == nil && limit <= maxLimit {
		cost += begun(limit, itemsIncluded)
	}
	return cost
}

// costOfLines returns what an order or a bulk call costs beside its call.
func costOfLines(lines int) int { return begun(lines, linesIncluded) }

// takeLines takes from the caller's allowance what the lines of a call cost beside it.
func (s *Server) takeLines(c *gin.Context, lines int) error {
	taken := costOf(c, s.access.of(c.Request.Method, c.FullPath()))
	return s.limits.callers.take(c, callerKeyOf(CallerOf(c.Request.Context())), taken, costOfLines(lines))
}

// begun counts the batches of a size that are begun beyond the first one.
func begun(n, size int) int { return max(0, (n-1)/size) }
