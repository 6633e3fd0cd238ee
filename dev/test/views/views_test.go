package views_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"holdfast/audit"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
	"holdfast/search"
)

// page is what the tests read of a search.
type page struct {
	Items []struct {
		ID        string `json:"id"`
		Available int64  `json:"available"`
	} `json:"items"`
	Total      int64  `json:"total"`
	NextCursor string `json:"nextCursor"`
}

func (h house) search(t *testing.T, q string) page {
	t.Helper()
	var p page
	h.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/products?q=" + url.QueryEscape(q)}).Into(t, &p)
	return p
}

// awaitFound waits until a search shows exactly these products, each with this many units.
func (h house) awaitFound(t *testing.T, q string, units map[string]int64) {
	t.Helper()
	shoptest.Until(t, "a search for "+q, func(ctx context.Context) error {
		a, err := h.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: "/v1/products?q=" + url.QueryEscape(q)})
		if err != nil {
			return err
		}
		if a.Status != http.StatusOK {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		var p page
		a.Into(t, &p)
		found := map[string]int64{}
		for _, item := range p.Items {
			found[item.ID] = item.Available
		}
		if fmt.Sprint(found) != fmt.Sprint(units) {
			return fmt.Errorf("found %v, not %v", found, units)
		}
		return nil
	})
}

func (h house) offer(t *testing.T, id, title string, stock int64) {
	t.Helper()
	h.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPut, Path: "/v1/products/" + id, Body: shoptest.JSON(t, map[string]any{
		"title": title, "currency": "EUR", "variants": []any{map[string]any{"sku": "S", "price": 1000, "stock": stock}},
	})})
}

func TestSearchFollowsTheShop(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.offer(t, "lamp-1", "Brass lantern", 3)
		h.offer(t, "lamp-2", "Paper lantern", 0)
		h.awaitFound(t, "lanterns", map[string]int64{"lamp-1": 3, "lamp-2": 0})
		require.Equal(t, "lamp-1", h.search(t, "lantern").Items[0].ID, "the sold-out one comes last")

		o := h.Place(t, shoptest.Line{ProductID: "lamp-1", Quantity: 2})
		h.awaitFound(t, "lantern", map[string]int64{"lamp-1": 1, "lamp-2": 0})
		o = h.Pay(t, o)
		h.Adjust(t, "lamp-1", 5)
		h.awaitFound(t, "lantern", map[string]int64{"lamp-1": 6, "lamp-2": 0})
		h.Delist(t, "lamp-2")
		h.awaitFound(t, "lantern", map[string]int64{"lamp-1": 6})
		h.List(t, "lamp-2")
		h.awaitFound(t, "lantern", map[string]int64{"lamp-1": 6, "lamp-2": 0})

		h.awaitOrders(t, "customerId="+o.CustomerID+"&paymentStatus=paid&productId=lamp-1", o.ID)
		h.awaitEvents(t, "lamp-1", "stock.adjusted", "hold.committed", "hold.made", "product.created")
		report := h.requireSameAsEntities(t)
		require.Equal(t, 2, report.Products)
		require.Equal(t, 1, report.Orders)
	})
}

func (h house) awaitOrders(t *testing.T, query string, ids ...string) {
	t.Helper()
	shoptest.Until(t, "the orders of "+query, func(ctx context.Context) error {
		a, err := h.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: "/v1/orders?" + query})
		if err != nil {
			return err
		}
		if a.Status != http.StatusOK {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		var list struct {
			Items []order.Summary `json:"items"`
		}
		a.Into(t, &list)
		var found []string
		for _, o := range list.Items {
			found = append(found, o.ID)
		}
		if fmt.Sprint(found) != fmt.Sprint(ids) {
			return fmt.Errorf("found %v, not %v", found, ids)
		}
		return nil
	})
}

func (h house) awaitEvents(t *testing.T, productID string, types ...string) {
	t.Helper()
	shoptest.Until(t, "the events of "+productID, func(ctx context.Context) error {
		a, err := h.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: "/v1/products/" + productID + "/events"})
		if err != nil {
			return err
		}
		if a.Status != http.StatusOK {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		var list struct {
			Items []struct {
				Type string `json:"type"`
			} `json:"items"`
		}
		a.Into(t, &list)
		var found []string
		for _, e := range list.Items {
			found = append(found, e.Type)
		}
		if strings.Join(found, " ") != strings.Join(types, " ") {
			return fmt.Errorf("found %v, not %v", found, types)
		}
		return nil
	})
}

// A view is rebuilt while the shop is running: no search without an answer, no change lost.
func TestAViewIsBuiltAnewWhileTheShopGoesOn(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		const constant = 30
		for i := range constant {
			h.offer(t, fmt.Sprintf("vase-%02d", i), fmt.Sprintf("Vase %d", i), 1)
		}
		shoptest.Until(t, "all vases", func(context.Context) error {
			if n := h.search(t, "vase").Total; n != constant { //nolint:contextcheck // the test's own
				return fmt.Errorf("%d", n)
			}
			return nil
		})
		h.offer(t, "jug", "Jug", 1)
		h.Place(t, shoptest.Line{ProductID: "jug", Quantity: 1}) // each view has something
		stop := make(chan struct{})
		var wg sync.WaitGroup
		var changes atomic.Int64
		goOn := func(step func(i int)) {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						step(i)
					}
				}
			})
		}
		goOn(func(int) {
			if n := h.search(t, "vase").Total; n != constant {
				t.Errorf("%d vases are found", n)
			}
		})
		goOn(func(i int) {
			h.Adjust(t, fmt.Sprintf("vase-%02d", i%constant), 1)
			changes.Add(1)
		})
		goOn(func(i int) {
			h.Place(t, shoptest.Line{ProductID: fmt.Sprintf("vase-%02d", i%constant), Quantity: 1})
			time.Sleep(20 * time.Millisecond) //nolint:forbidigo // the pace of customers
		})
		for round := range 3 {
			for _, view := range []string{"products", "orders"} {
				res := h.reindex(t, view)
				require.Zero(t, res.Poisoned, res.PoisonedFirst)
				if round > 0 { // the first one may be the worker's own, started before there was anything
					require.NotZero(t, res.FromHomes, "%+v", res)
				}
			}
		}
		close(stop)
		wg.Wait()
		require.NotZero(t, changes.Load())
		h.requireSameAsEntities(t)
		h.awaitOrders(t, "customerId=nobody")
	})
}

func (h house) reindex(t *testing.T, view string) saga.RebuildResult {
	t.Helper()
	run, err := h.stack.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: saga.ReindexWorkflowID(view), TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, saga.ReindexType, saga.RebuildParams{View: view})
	require.NoError(t, err)
	var res saga.RebuildResult
	require.NoError(t, run.Get(t.Context(), &res))
	return res
}

// Elasticsearch goes down: searches report it, orders continue. It comes back: nothing is
// missing.
func TestOrdersGoOnWhileElasticsearchIsAway(t *testing.T) {
	way := newGate(t, elasticsearch(t))
	way.shut.Store(true)
	h := start(t, stack.Options{ElasticsearchURL: way.url, ElasticsearchPrefix: prefix()})
	h.offer(t, "cup", "Cup", 100) // it was down when the stack started
	unavailable := func() error {
		a, err := h.Do(t.Context(), shoptest.Call{Method: http.MethodGet, Path: "/v1/products?q=cup"})
		if err != nil {
			return err
		}
		if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || strings.Contains(strings.ToLower(string(a.Body)), "elastic") {
			return fmt.Errorf("%d %v %s", a.Status, a.Header, a.Body)
		}
		return nil
	}
	require.NoError(t, unavailable())
	h.Pay(t, h.Place(t, shoptest.Line{ProductID: "cup", Quantity: 1}))
	way.shut.Store(false)
	h.awaitFound(t, "cup", map[string]int64{"cup": 99})

	way.shut.Store(true)
	shoptest.Until(t, "a search that isn't answered", func(context.Context) error { return unavailable() })
	for range 20 {
		h.Pay(t, h.Place(t, shoptest.Line{ProductID: "cup", Quantity: 1}))
	}
	h.offer(t, "saucer", "Saucer for the cup", 7)
	way.shut.Store(false)
	h.awaitFound(t, "cup", map[string]int64{"cup": 79, "saucer": 7})
	report := h.requireSameAsEntities(t)
	require.Equal(t, 21, report.Orders)
}

// The audit reports each kind of difference, and a rebuild fixes all of them.
func TestTheAuditNamesWhatAViewHasWrong(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		right := map[string]search.Product{}
		for _, id := range []string{"same", "differs", "behind", "ahead", "missing"} {
			h.offer(t, id, "Spoon "+id, 3)
		}
		h.awaitFound(t, "spoon", map[string]int64{"same": 3, "differs": 3, "behind": 3, "ahead": 3, "missing": 3})
		h.awaitCaughtUp(t) // or a later change would put what is to be missing
		for id := range map[string]int{"same": 0, "differs": 0, "behind": 0, "ahead": 0} {
			p, err := h.stack.Index.GetProduct(t.Context(), id)
			require.NoError(t, err)
			right[id] = p
		}
		wrong := func(id string, change func(*search.Product)) search.Product {
			p := right[id]
			change(&p)
			return p
		}
		h.reindex(t, "products") // so that no worker has a reason to, from here on
		r, err := h.stack.Index.Rebuild(t.Context(), search.ViewProducts)
		require.NoError(t, err)
		_, err = r.Put(t.Context(), search.Batch{Products: []search.Product{
			right["same"],
			wrong("differs", func(p *search.Product) { p.Title = "Fork" }),
			wrong("behind", func(p *search.Product) { p.Version-- }),
			wrong("ahead", func(p *search.Product) { p.Version++ }),
			wrong("same", func(p *search.Product) { p.ID = "unknown" }),
		}})
		require.NoError(t, err)
		require.NoError(t, r.Refresh(t.Context()))
		require.NoError(t, r.Swap(t.Context()))

		found := map[string]audit.ViewKind{}
		for _, f := range h.audit(t).Findings {
			require.NotEmpty(t, f.Detail)
			found[f.ID] = f.Kind
		}
		require.Equal(t, map[string]audit.ViewKind{
			"differs": audit.ViewKindDiffers, "behind": audit.ViewKindBehind, "ahead": audit.ViewKindAhead,
			"missing": audit.ViewKindMissing, "unknown": audit.ViewKindUnknown,
		}, found)
		h.reindex(t, "products")
		h.requireSameAsEntities(t)
	})
}

// A lost or new index is filled by the worker that finds it.
func TestALostIndexIsFilledAtTheNextStart(t *testing.T) {
	redistest.Program(t)
	dir := t.TempDir()
	h := start(t, stack.Options{Data: dir})
	h.offer(t, "spade", "Spade", 4)
	o := h.Pay(t, h.Place(t, shoptest.Line{ProductID: "spade", Quantity: 1}))
	h.awaitFound(t, "spade", map[string]int64{"spade": 3})
	h.stop(t)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "search")))
	h = start(t, stack.Options{Data: dir})
	h.awaitFound(t, "spade", map[string]int64{"spade": 3})
	h.awaitOrders(t, "customerId="+o.CustomerID, o.ID)
	h.requireSameAsEntities(t)
}

// awaitFilled waits until the rebuilds that fill new views have ended: each replaces its
// index.
func (h house) awaitFilled(t *testing.T) {
	t.Helper()
	for _, view := range []search.View{search.ViewProducts, search.ViewOrders} {
		shoptest.Until(t, "the view of "+string(view)+" is filled", func(ctx context.Context) error {
			return h.stack.Temporal.GetWorkflow(ctx, saga.ReindexWorkflowID(string(view)), "").Get(ctx, nil)
		})
	}
}

// A view that is deleted by hand is noticed, and recreated.
func TestAViewThatIsLostIsMadeAgain(t *testing.T) {
	own := prefix()
	h := start(t, stack.Options{ElasticsearchURL: elasticsearch(t), ElasticsearchPrefix: own})
	h.offer(t, "kite", "Kite", 2)
	h.awaitFound(t, "kite", map[string]int64{"kite": 2})
	h.awaitFilled(t)
	for _, view := range []string{"products", "orders"} {
		require.NoError(t, deleteIndexBehind(t, own+view))
	}
	require.NotEqual(t, "ok", h.readiness(t)["search"])
	h.Adjust(t, "kite", 1)
	h.awaitFound(t, "kite", map[string]int64{"kite": 3})
	o := h.Pay(t, h.Place(t, shoptest.Line{ProductID: "kite", Quantity: 1}))
	h.awaitFound(t, "kite", map[string]int64{"kite": 2})
	h.awaitOrders(t, "customerId="+o.CustomerID, o.ID) // each view is recreated on its own
	h.requireSameAsEntities(t)
}
