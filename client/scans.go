package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Scan is a carrier's message that waits for its package.
type Scan struct {
	ID             string    `json:"id"`
	Carrier        string    `json:"carrier"`
	TrackingNumber string    `json:"trackingNumber"`
	Node           string    `json:"node"`
	Mark           string    `json:"mark"`
	OccurredAt     time.Time `json:"occurredAt"`
	Detail         string    `json:"detail"`
	Since          time.Time `json:"since"`
}

// ScanPage is a page of scans that wait.
type ScanPage struct {
	Items      []Scan `json:"items"`
	NextCursor string `json:"nextCursor"`
}

// UnmatchedScans lists the scans that wait for a package, newest first.
func (c *Client) UnmatchedScans(ctx context.Context, limit int, cursor string) (ScanPage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page ScanPage
	return page, c.get(ctx, "/v1/carriers/unmatched", q, &page)
}

// AssignScan gives a scan that waits to a package, once per key.
func (c *Client) AssignScan(ctx context.Context, scanID, key, orderID, packageID string) error {
	body := map[string]string{"orderId": orderID, "packageId": packageID}
	return c.change(ctx, http.MethodPost, "/v1/carriers/unmatched/"+url.PathEscape(scanID)+"/assign", key, body, nil)
}
