package search

import (
	"fmt"
	"time"

	"holdfast/order"
)

// Limits of a count of orders, in hours.
const (
	DefaultCountHours = 48
	MaxCountHours     = 168
)

// OrderCountQuery asks how many orders there are, and how many were placed in each of the last
// Hours, the one that has begun at Now included.
type OrderCountQuery struct {
	// Hours defaults to DefaultCountHours.
	Hours *int
	Now   time.Time
}

// OrderCounts are orders by their status, and those of each hour, the earliest hour first.
type OrderCounts struct {
	Total    int64                  `json:"total"`
	Statuses map[order.Status]int64 `json:"statuses"`
	Hours    []HourCount            `json:"hours"`
}

// HourCount counts the orders that were placed in the hour from From, in UTC, by their present
// status.
type HourCount struct {
	From     time.Time              `json:"from"`
	Placed   int64                  `json:"placed"`
	Statuses map[order.Status]int64 `json:"statuses"`
}

// Validate lists what is wrong with the query.
func (q OrderCountQuery) Validate() error {
	var bad Invalid
	if h := orDefault(q.Hours, DefaultCountHours); h < 1 || h > MaxCountHours {
		bad.Add("hours", fmt.Sprintf("must lie between 1 and %d", MaxCountHours))
	}
	return bad.OrNil()
}

// Span returns when the first hour begins, and when the last one ends.
func (q OrderCountQuery) Span() (from, to time.Time) {
	last := q.Now.UTC().Truncate(time.Hour)
	hours := orDefault(q.Hours, DefaultCountHours)
	return last.Add(-time.Duration(hours-1) * time.Hour), last.Add(time.Hour)
}

// Counts returns counts of 0, for an index to add to.
func (q OrderCountQuery) Counts() OrderCounts {
	c := OrderCounts{Statuses: map[order.Status]int64{}}
	for at, to := q.Span(); at.Before(to); at = at.Add(time.Hour) {
		c.Hours = append(c.Hours, HourCount{From: at, Statuses: map[order.Status]int64{}})
	}
	return c
}

// AddHour adds n orders that were placed at this time and have this status. Orders of other hours
// don't count.
func (c *OrderCounts) AddHour(at time.Time, status order.Status, n int64) {
	i := int(at.Sub(c.Hours[0].From) / time.Hour)
	if at.Before(c.Hours[0].From) || i >= len(c.Hours) {
		return
	}
	c.Hours[i].Placed += n
	c.Hours[i].Statuses[status] += n
}
