package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/search"
)

// ListPackages implements ServerInterface. The index finds orders; their documents have the packages.
func (s *Server) ListPackages(c *gin.Context, params openapi.ListPackagesParams) {
	f := packageFilter{
		nodes: optional(params.Node), marks: optional(params.Mark),
		carrier: optional(params.Carrier), number: optional(params.TrackingNumber),
	}
	q, err := f.query(params)
	if err != nil {
		s.fail(c, err)
		return
	}
	page, err := searchView(c.Request.Context(), s, func(ctx context.Context, i Index) (packagePage, error) {
		return f.list(ctx, i, q, s.cfg.packedAtOnce())
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeView(c, page)
}

// packageRequests limits the requests to the index for one page: filters that match different packages
// of many orders must not read all of these.
const packageRequests = 20

// packedAtOnce returns how many orders with packages may be requested from the index at a time: such
// documents may be as large as any.
func (c *Config) packedAtOnce() int {
	return min(max(1, listBytes/c.MaxSearches/order.MaxDocumentBytes), mostOrdersAtOnce)
}

// packagePage is a page of packages.
type packagePage struct {
	Items      []order.PackageSummary `json:"items"`
	NextCursor string                 `json:"nextCursor,omitempty"`
}

// packageFilter says which packages are asked for.
type packageFilter struct {
	nodes, marks    []string
	carrier, number string
}

// query finds the orders that may have such packages.
func (f packageFilter) query(params openapi.ListPackagesParams) (search.OrderQuery, error) {
	q := search.OrderQuery{
		Packed: true, PackageNode: f.nodes, Carrier: f.carrier, TrackingNumber: f.number,
		Sort: search.OrderSort(optional(params.Sort)), Limit: params.Limit, Cursor: optional(params.Cursor),
	}
	for _, m := range f.marks {
		q.Mark = append(q.Mark, order.Mark(m))
	}
	var err error
	if q.UpdatedSince, err = instant("updatedSince", params.UpdatedSince); err != nil {
		return q, err
	}
	return q, badQuery(q.Validate())
}

// list reads orders until the page is full. It never splits the packages of an order.
func (f packageFilter) list(ctx context.Context, i Index, q search.OrderQuery, atOnce int) (packagePage, error) {
	page, left := packagePage{Items: []order.PackageSummary{}}, q.PageSize()
	for range packageRequests {
		q.Limit = new(min(left, atOnce))
		found, err := i.ListOrders(ctx, q)
		if err != nil {
			return page, err
		}
		items, enough, err := f.take(found.Items, left)
		if err == nil && enough < len(found.Items) { // only the index knows the cursor after a given order
			q.Limit = &enough
			if found, err = i.ListOrders(ctx, q); err != nil {
				return page, err
			}
			items, _, err = f.take(found.Items, left)
		}
		if err != nil {
			return page, err
		}
		page.Items, left = append(page.Items, items...), left-len(items)
		page.NextCursor, q.Cursor = found.NextCursor, found.NextCursor
		if left <= 0 || found.NextCursor == "" {
			break
		}
	}
	return page, nil
}

// take returns the matching packages of the first orders that together have the wanted number, and how
// many orders these are.
func (f packageFilter) take(orders []search.Order, want int) (items []order.PackageSummary, taken int, err error) {
	for _, found := range orders {
		o, err := found.Settled()
		if err != nil {
			return nil, 0, fmt.Errorf("order %s: %w", found.ID, err)
		}
		o.UpdatedAt = found.UpdatedAt
		taken++
		if o.Fulfilment == nil {
			continue
		}
		for i := range o.Packages {
			if p := &o.Packages[i]; f.matches(p) {
				items = append(items, p.Summary(&o))
			}
		}
		if len(items) >= want {
			break
		}
	}
	return items, taken, nil
}

func (f packageFilter) matches(p *order.Package) bool {
	isMarked := func(m string) bool { return slices.Contains(p.Marks(), order.Mark(m)) }
	isNumbered := func(n string) bool { return search.TrackingNumber(n) == search.TrackingNumber(f.number) }
	return p.RemovedAt.IsZero() &&
		(len(f.nodes) == 0 || slices.Contains(f.nodes, p.Node().String())) &&
		(len(f.marks) == 0 || slices.ContainsFunc(f.marks, isMarked)) &&
		(f.carrier == "" || f.carrier == p.Carrier) &&
		(f.number == "" || slices.ContainsFunc(p.TrackingNumbers, isNumbered))
}
