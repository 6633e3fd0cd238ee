package views

import (
	"context"

	"github.com/redis/go-redis/v9"

	"holdfast/search"
	"holdfast/search/projector"
	"holdfast/search/reindex"
)

var _ reindex.Changes = (*Changes)(nil)

// Changes tells a rebuild what changed. It remembers its last position.
type Changes struct {
	of *projector.Changes
	at projector.Position
}

// NewChanges is for one rebuild of the entities on rdb, which the caller closes.
func NewChanges(rdb redis.UniversalClient) *Changes { return &Changes{of: projector.NewChanges(rdb)} }

// Begin implements reindex.Changes.
func (c *Changes) Begin(ctx context.Context) (err error) {
	c.at, err = c.of.Begin(ctx)
	return err
}

// Since implements reindex.Changes.
func (c *Changes) Since(ctx context.Context, v search.View) ([]string, error) {
	changed, at, err := c.of.Since(ctx, c.at)
	if err != nil {
		return nil, err
	}
	c.at = at
	if v == search.ViewProducts {
		return changed.Products, nil
	}
	return changed.Orders, nil
}

// End implements reindex.Changes.
func (c *Changes) End(ctx context.Context) error { return c.of.End(ctx) }
