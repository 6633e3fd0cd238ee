package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// OrderCounts are orders by their status, and those of the last hours, the earliest first.
type OrderCounts struct {
	Total    int64                 `json:"total"`
	Statuses map[OrderStatus]int64 `json:"statuses"`
	Hours    []HourCount           `json:"hours"`
}

// HourCount counts the orders that were placed in the hour from From, in UTC, by their present
// status.
type HourCount struct {
	From     time.Time             `json:"from"`
	Placed   int64                 `json:"placed"`
	Statuses map[OrderStatus]int64 `json:"statuses"`
}

// OrderCounts counts orders for an overview, and those of the last hours: 1 to 168; 0 means 48. They
// come from the index, so a new order may be missing for about two seconds.
func (c *Client) OrderCounts(ctx context.Context, hours int) (OrderCounts, error) {
	q := url.Values{}
	if hours != 0 {
		q.Set("hours", strconv.Itoa(hours))
	}
	var counts OrderCounts
	return counts, c.get(ctx, "/v1/orders/counts", q, &counts)
}
