package embedded

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"

	"holdfast/order"
	"holdfast/search"
)

const (
	// mostStatuses is far above how many there are.
	mostStatuses = 100
	// hourFormat of the hour, in UTC, in which an order was placed.
	hourFormat = "2006-01-02T15"
)

// hourAndStatus is what orders of an hour are counted by.
func hourAndStatus(o search.Order) string {
	return o.PlacedAt.UTC().Format(hourFormat) + " " + string(o.Status)
}

// CountOrders implements search.Index.
func (x *Index) CountOrders(ctx context.Context, q search.OrderCountQuery) (search.OrderCounts, error) {
	if err := q.Validate(); err != nil {
		return search.OrderCounts{}, err
	}
	counts := q.Counts()
	err := x.orders.read(ctx, "count orders", func(g *generation) error {
		return countOrders(ctx, g, q, &counts)
	})
	if err != nil {
		return search.OrderCounts{}, err
	}
	return counts, nil
}

func countOrders(ctx context.Context, g *generation, q search.OrderCountQuery, to *search.OrderCounts) error {
	count := func(p plan, field string, most int) (*bleve.SearchResult, error) {
		req := bleve.NewSearchRequestOptions(p, 0, 0, false)
		req.AddFacet(field, bleve.NewFacetRequest(field, most))
		return g.docs.SearchInContext(ctx, req)
	}
	all := plan{filter(term(fieldShown, yes))}
	found, err := count(all, fieldStatus, mostStatuses)
	if err != nil {
		return err
	}
	to.Total = int64(found.Total) //nolint:gosec // a count
	for _, s := range counts(found, fieldStatus) {
		to.Statuses[order.Status(s.Value)] = s.Count
	}
	begin, end := q.Span()
	recent := append(all, filter(between(fieldPlaced, new(begin.UnixMicro()), new(end.UnixMicro()-1))))
	if found, err = count(recent, fieldHour, len(to.Hours)*mostStatuses); err != nil {
		return err
	}
	for _, c := range counts(found, fieldHour) {
		hour, status, _ := strings.Cut(c.Value, " ")
		at, err := time.Parse(hourFormat, hour)
		if err != nil {
			return fmt.Errorf("read an hour: %w", err)
		}
		to.AddHour(at, order.Status(status), c.Count)
	}
	return nil
}
