package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

// copied is one place with products and orders: the entities, or an index.
type copied struct {
	products map[string]search.Product
	orders   map[string]search.Order
}

func (c *copied) put(kind search.View, id string, revision int64) {
	if kind == search.ViewProducts {
		c.products[id] = search.Product{ID: id, Version: revision, Status: product.StatusListed, Title: "Lamp"}
		return
	}
	c.orders[id] = search.Order{
		ID: id, Revision: revision, Version: 1, CustomerID: "ada", Status: order.StatusPaid, Document: json.RawMessage(`{}`),
	}
}

func (c *copied) remove(kind search.View, id string) {
	if kind == search.ViewProducts {
		delete(c.products, id)
		return
	}
	delete(c.orders, id)
}

// homesOf is Redis.
type homesOf struct {
	*copied
	unreadable map[string]bool
	// late are payments of orders that are not here any more.
	late map[string]json.RawMessage
	// looked is called after each read of entities; nil does nothing.
	looked func(ids []string)
}

func (h *homesOf) IDs(_ context.Context, v search.View) iter.Seq2[string, error] {
	ids := slices.Collect(maps.Keys(h.orders))
	if v == search.ViewProducts {
		ids = slices.Collect(maps.Keys(h.products))
	}
	return func(yield func(string, error) bool) {
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

func (h *homesOf) Read(_ context.Context, v search.View, ids []string) (b search.Batch, bad []search.Result, err error) {
	for _, id := range ids {
		p, isProduct := h.products[id]
		o, isOrder := h.orders[id]
		switch {
		case h.unreadable[id]:
			bad = append(bad, search.Result{ID: id, Outcome: search.OutcomePoisoned, Reason: "a test"})
		case v == search.ViewProducts && isProduct:
			b.Products = append(b.Products, p)
		case v == search.ViewOrders && isOrder:
			b.Orders = append(b.Orders, o)
		}
	}
	if h.looked != nil {
		h.looked(ids)
	}
	return b, bad, nil
}

func (h *homesOf) WithPayments(_ context.Context, orders []search.Order) ([]search.Order, error) {
	whole := slices.Clone(orders)
	for i, o := range whole {
		if doc, ok := h.late[o.ID]; ok && o.Payments == nil {
			whole[i].Revision++
			whole[i].Payments = map[string]json.RawMessage{"payment:late": doc}
		}
	}
	return whole, nil
}

// indexOf is what the views have.
type indexOf struct {
	search.Index
	*copied
}

func after[D any](all map[string]D, id string, limit int) (page []D) {
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if k > id && len(page) < limit {
			page = append(page, all[k])
		}
	}
	return page
}

func one[D any](all map[string]D, id string) (D, error) {
	d, ok := all[id]
	if !ok {
		return d, search.ErrNotFound
	}
	return d, nil
}

func (x indexOf) WalkProducts(_ context.Context, id string, limit int) ([]search.Product, error) {
	return after(x.products, id, limit), nil
}

func (x indexOf) WalkOrders(_ context.Context, id string, limit int) ([]search.Order, error) {
	return after(x.orders, id, limit), nil
}

func (x indexOf) GetProduct(_ context.Context, id string) (search.Product, error) {
	return one(x.products, id)
}

func (x indexOf) GetOrder(_ context.Context, id string) (search.Order, error) {
	return one(x.orders, id)
}

func (x indexOf) Revisions(_ context.Context, v search.View, ids []string) (map[string]int64, error) {
	there := map[string]int64{}
	for _, id := range ids {
		p, isProduct := x.products[id]
		o, isOrder := x.orders[id]
		switch {
		case v == search.ViewProducts && isProduct:
			there[id] = p.Revision()
		case v == search.ViewOrders && isOrder:
			there[id] = o.Revision
		}
	}
	return there, nil
}

// scene is entities and their views, which show them: three of each kind.
type scene struct {
	t     *testing.T
	homes *homesOf
	index indexOf
}

const revision = 10

func newScene(t *testing.T) *scene {
	s := &scene{
		t:     t,
		homes: &homesOf{copied: newCopied(), unreadable: map[string]bool{}},
		index: indexOf{copied: newCopied()},
	}
	for _, v := range search.Views() {
		for i := range 3 {
			id := fmt.Sprintf("%s-%d", v, i)
			s.homes.put(v, id, revision)
			s.index.put(v, id, revision)
		}
	}
	return s
}

func newCopied() *copied {
	return &copied{products: map[string]search.Product{}, orders: map[string]search.Order{}}
}

func (s *scene) audit(looks int) ViewsReport {
	s.t.Helper()
	r, err := Views(s.t.Context(), ViewsConfig{Index: s.index, Entities: s.homes, Looks: looks, Pause: time.Millisecond})
	require.NoError(s.t, err)
	return r
}

// bare is the findings without their details, which are for people.
func bare(t *testing.T, all []ViewFinding) []ViewFinding {
	t.Helper()
	for i := range all {
		require.NotEmpty(t, all[i].Detail)
		all[i].Detail = ""
	}
	slices.SortFunc(all, func(a, b ViewFinding) int { return cmp.Compare(a.View, b.View) })
	return all
}

func TestViewsThatShowTheirHomesHaveNoFindings(t *testing.T) {
	r := newScene(t).audit(0)
	require.Empty(t, r.Findings)
	require.Zero(t, r.Suspects)
	require.Equal(t, 3, r.Products)
	require.Equal(t, 3, r.Orders)
}

func TestEachDifferenceOfAViewIsFound(t *testing.T) {
	for kind, differ := range map[ViewKind]func(s *scene, v search.View, id string){
		ViewKindMissing:    func(s *scene, v search.View, id string) { s.index.remove(v, id) },
		ViewKindBehind:     func(s *scene, v search.View, id string) { s.index.put(v, id, revision-1) },
		ViewKindAhead:      func(s *scene, v search.View, id string) { s.index.put(v, id, revision+1) },
		ViewKindUnknown:    func(s *scene, v search.View, id string) { s.homes.remove(v, id) },
		ViewKindUnreadable: func(s *scene, _ search.View, id string) { s.homes.unreadable[id] = true },
		ViewKindDiffers: func(s *scene, _ search.View, id string) {
			if p, ok := s.index.products[id]; ok {
				p.Title = "Lantern"
				s.index.products[id] = p
				return
			}
			o := s.index.orders[id]
			o.Payments = map[string]json.RawMessage{"payment:p": json.RawMessage(`{}`)}
			s.index.orders[id] = o
		},
	} {
		for _, looks := range []int{0, 1, 2} {
			t.Run(fmt.Sprint(kind, looks), func(t *testing.T) {
				s := newScene(t)
				for _, v := range search.Views() {
					differ(s, v, string(v)+"-1")
				}
				r := s.audit(looks)
				require.Equal(t, []ViewFinding{
					{Kind: kind, View: search.ViewOrders, ID: "orders-1"}, {Kind: kind, View: search.ViewProducts, ID: "products-1"},
				}, bare(t, r.Findings))
				require.Equal(t, 2, r.Suspects)
			})
		}
	}
}

func TestClosedOrdersMayBeInTheViewAlone(t *testing.T) {
	s := newScene(t)
	o := s.index.orders["orders-1"]
	o.Status, o.Document = order.StatusDelivered, json.RawMessage(`{"status":"delivered"}`)
	s.index.orders["orders-1"] = o
	s.homes.remove(search.ViewOrders, "orders-1")
	r := s.audit(2)
	require.Empty(t, r.Findings)
	require.Equal(t, 1, r.Cold)

	o.Document = json.RawMessage(`{"shape":2,"status":"delivered"}`) // something may still be returned
	s.index.orders["orders-1"] = o
	require.Equal(t, []ViewFinding{{Kind: ViewKindUnknown, View: search.ViewOrders, ID: "orders-1"}}, bare(t, s.audit(2).Findings))
}

func TestTagsAndReturnsInTheViewAreCompared(t *testing.T) {
	for field, change := range map[string]func(*search.Order){
		"tags":           func(o *search.Order) { o.Tags = []string{"vip"} },
		"returnStatuses": func(o *search.Order) { o.ReturnStatuses = []order.ReturnStatus{order.ReturnRequested} },
	} {
		s := newScene(t)
		require.Empty(t, s.audit(2).Findings)
		o := s.index.orders["orders-1"]
		change(&o)
		s.index.orders["orders-1"] = o
		found := s.audit(2).Findings
		require.Len(t, found, 1)
		require.Contains(t, found[0].Detail, field)
		require.Equal(t, []ViewFinding{{Kind: ViewKindDiffers, View: search.ViewOrders, ID: "orders-1"}}, bare(t, found))
	}
}

func TestLatePaymentOfAnOrderInTheViewAlone(t *testing.T) {
	s := newScene(t)
	o := s.index.orders["orders-1"]
	o.Status, o.Document = order.StatusExpired, json.RawMessage(`{"status":"expired"}`)
	s.index.orders["orders-1"] = o
	s.homes.remove(search.ViewOrders, "orders-1")
	s.homes.late = map[string]json.RawMessage{"orders-1": json.RawMessage(`{}`)}
	require.Equal(t, []ViewFinding{{Kind: ViewKindBehind, View: search.ViewOrders, ID: "orders-1"}}, bare(t, s.audit(2).Findings))

	whole, err := s.homes.WithPayments(t.Context(), []search.Order{o})
	require.NoError(t, err)
	s.index.orders["orders-1"] = whole[0]
	require.Empty(t, s.audit(2).Findings)
}

// Everything changes between any two checks, and the view is one change late.
func TestViewsThatFollowABusySystemHaveNoFindings(t *testing.T) {
	for looks := range 6 {
		s := newScene(t)
		now := int64(revision)
		s.homes.looked = func([]string) {
			for _, v := range search.Views() {
				for _, id := range []string{"-0", "-1", "-2"} {
					s.index.put(v, string(v)+id, now)
					s.homes.put(v, string(v)+id, now+1)
				}
				// New ones arrive, and the view has them a change later.
				s.index.put(v, fmt.Sprintf("%s-new-%d", v, now), now)
				s.homes.put(v, fmt.Sprintf("%s-new-%d", v, now), now)
				s.homes.put(v, fmt.Sprintf("%s-new-%d", v, now+1), now+1)
			}
			now++
		}
		s.homes.looked(nil)
		r := s.audit(looks)
		require.Positive(t, r.Suspects)
		require.Empty(t, r.Findings)
	}
}

// Its entity changes all the time, and the view doesn't follow.
func TestViewThatStandsStillIsFoundInABusySystem(t *testing.T) {
	s := newScene(t)
	s.index.remove(search.ViewOrders, "orders-2")
	now := int64(revision)
	s.homes.looked = func([]string) {
		now++
		s.homes.put(search.ViewProducts, "products-1", now)
		s.homes.put(search.ViewOrders, "orders-2", now)
	}
	s.homes.looked(nil)
	require.Equal(t, []ViewFinding{
		{Kind: ViewKindMissing, View: search.ViewOrders, ID: "orders-2"}, {Kind: ViewKindBehind, View: search.ViewProducts, ID: "products-1"},
	}, bare(t, s.audit(0).Findings))
}

// An entity that appears or disappears between two checks needn't be in the view yet.
func TestWhatComesOrGoesBetweenTheLastTwoLooksIsNoFinding(t *testing.T) {
	for name, c := range map[string]struct{ first, then func(s *scene) }{
		"comes": {
			// The view lacks what can't be read at first.
			func(s *scene) {
				s.homes.unreadable["orders-1"] = true
				s.index.remove(search.ViewOrders, "orders-1")
			},
			func(s *scene) { s.homes.unreadable["orders-1"] = false },
		},
		"goes": {
			func(s *scene) { s.index.put(search.ViewOrders, "orders-1", revision-1) },
			func(s *scene) { s.homes.remove(search.ViewOrders, "orders-1") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			for looks, found := range map[int]int{2: 0, 3: 1} {
				s := newScene(t)
				c.first(s)
				looked := false
				s.homes.looked = func(ids []string) {
					if !looked && slices.Contains(ids, "orders-1") {
						looked = true
						c.then(s)
					}
				}
				require.Len(t, s.audit(looks).Findings, found, "%d looks", looks)
			}
		})
	}
}
