package inventory_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/quota"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// Whatever commands come in whatever order - including late and repeated ones and those of
// old tries - the entity does what the model does, and every invariant holds after every
// step.
func TestAnySequenceOfCommandsKeepsTheBooks(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		seen := map[string]int{}
		rapid.Check(t, func(r *rapid.T) {
			m := newMachine(t.Context(), rdb)
			m.seen = seen
			m.begin(r)
			r.Repeat(map[string]func(*rapid.T){
				"put":     m.put,
				"list2":   m.list, // otherwise most products would be off sale most of the time
				"hold3":   m.hold,
				"hold4":   m.hold,
				"again2":  m.again,
				"adjust":  m.adjust,
				"list":    m.list,
				"delist":  m.delist,
				"hold":    m.hold,
				"hold2":   m.hold, // the most frequent of all
				"commit":  m.commit,
				"release": m.release,
				"restock": m.restock,
				"close":   m.close,
				"leave":   m.leave,
				"again":   m.again,
				"":        m.check,
			})
		})
		if testing.Short() {
			return // too few sequences to get every answer
		}
		for _, answer := range []string{
			"held", "held, again", "refused", "ended", "conflict", "not_found", "not_listed", "unknown_sku",
			"price_changed", "other_currency", "insufficient_stock", "over_limit", "over_customer_limit", "too_many_open_orders",
			"place given up", "claim of an order that left", "commit: none, again", "commit: committed",
			"commit: committed, again", "commit: released, again", "release: released", "release: released, again",
			"release: committed, again", "product.StrandsError", "product.MovedError",
			"product.HeldSKUError",
		} {
			assert.Positive(t, seen[answer], "no sequence got the answer %q", answer)
		}
		t.Log(seen)
	})
}

// One id, used again and again: no order gets, sells or releases what another one with its
// id has.
func TestOrdersOfOneIDKeepTheirUnitsApart(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		seen := map[string]int{}
		rapid.Check(t, func(r *rapid.T) {
			m := newMachine(t.Context(), rdb)
			m.seen, m.plain, m.orders = seen, true, []string{"o1"}
			m.begin(r)
			r.Repeat(map[string]func(*rapid.T){
				"hold": m.hold, "hold2": m.hold, "commit": m.commit, "release": m.release, "restock": m.restock,
				"close": m.close, "again": m.again, "": m.check,
			})
		})
		if testing.Short() {
			return
		}
		for _, message := range []string{"hold", "commit", "release", "restock"} {
			for _, which := range []string{"a later", "an earlier"} {
				for _, state := range []product.HoldState{product.HoldStateHeld, product.HoldStateCommitted, product.HoldStateReleased} {
					answer := message + " of " + which + " order finds " + string(state)
					assert.Positive(t, seen[answer], "no sequence got to: %s", answer)
				}
			}
		}
		assert.Positive(t, seen["restock: done"])
		assert.Positive(t, seen["restock: done, again"])
		t.Log(seen)
	})
}

// machine drives two products, of the store and of the model, side by side.
type machine struct {
	ctx      context.Context
	rdb      redis.UniversalClient
	store    *inventory.Store
	products []*entity
	orders   []string
	start    time.Time
	// sent are the messages so far: any of them may come again.
	sent []func(*rapid.T)
	// did is what the last command did according to the model, by product.
	did map[string]effect
	// tries is the newest try of each order.
	tries map[string]int
	// placed counts how often the id of each order was placed.
	placed map[string]int
	// plain requests differ only in their order, try and lines.
	plain bool
	// seen counts the answers over all sequences.
	seen map[string]int
	// read is how far each product's stream was read.
	read map[string]string
	// customers is the model of their open orders: each order has its place or not, and
	// has left or not.
	customers  []string
	open, left map[string]map[string]bool
}

func newMachine(ctx context.Context, rdb redis.UniversalClient) *machine {
	m := &machine{
		placed: map[string]int{},
		ctx:    ctx, rdb: rdb, store: inventory.New(rdb), start: time.Now().Add(time.Hour).Truncate(time.Second),
		orders: []string{"o1", "o2", "o3", "o4"}, did: map[string]effect{}, read: map[string]string{},
		tries: map[string]int{}, customers: []string{redistest.ID("c"), redistest.ID("c")},
		open: map[string]map[string]bool{}, left: map[string]map[string]bool{},
	}
	for _, c := range m.customers {
		m.open[c], m.left[c] = map[string]bool{}, map[string]bool{}
	}
	for range 2 {
		id := redistest.ID("p")
		m.products = append(m.products, newEntity(id))
		m.read[id] = "0"
		if last, err := rdb.XRevRangeN(ctx, redisdb.EventsKey(redisdb.Bucket(id)), "+", "-", 1).Result(); err == nil && len(last) > 0 {
			m.read[id] = last[0].ID
		}
	}
	return m
}

func (m *machine) send(t *rapid.T, message func(*rapid.T)) {
	m.sent = append(m.sent, message)
	message(t)
}

// try is the order's present try, or sometimes the one before or the next one.
func (m *machine) try(t *rapid.T, order string, steps ...int) int {
	try := max(1, m.tries[order]+rapid.SampledFrom(steps).Draw(t, "try"))
	m.tries[order] = max(m.tries[order], try)
	return try
}

// holder is the order as it was placed last, or sometimes the one before or a new one with
// the same id. Messages of an earlier version don't say.
func (m *machine) holder(t *rapid.T, order string) product.Holder {
	steps := []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1}
	if m.plain {
		steps = []int{0, 0, 0, 0, 1, -1, -1}
	}
	n := max(0, m.placed[order]+rapid.SampledFrom(steps).Draw(t, "placed"))
	m.placed[order] = max(m.placed[order], n)
	if rapid.IntRange(0, 7).Draw(t, "says when") == 0 {
		return product.Holder{OrderID: order}
	}
	// Some of them are after the deadlines of holds that don't name their order.
	return product.Holder{OrderID: order, PlacedAt: m.placedAt(n)}
}

// placedAt is when the n-th order of an id was placed.
func (m *machine) placedAt(n int) time.Time { return m.start.Add(time.Duration(n-2) * 2 * time.Second) }

// again repeats a message, however old.
func (m *machine) again(t *rapid.T) {
	if len(m.sent) == 0 {
		t.Skip("nothing was sent")
	}
	rapid.SampledFrom(m.sent).Draw(t, "message")(t)
}

// saw counts an answer; again if it repeats an earlier one.
func (m *machine) saw(answer string, again bool) {
	if again {
		answer += ", again"
	}
	m.seen[answer]++
}

func (m *machine) product(t *rapid.T) *entity {
	return rapid.SampledFrom(m.products).Draw(t, "product")
}

func (m *machine) order(t *rapid.T) string { return rapid.SampledFrom(m.orders).Draw(t, "order") }

var (
	anySKU   = rapid.SampledFrom([]string{"S", "S", "S", "M", "L", ""})
	realSKU  = rapid.SampledFrom([]string{"S", "M", "L"})
	anyPrice = rapid.SampledFrom([]int64{product.AnyPrice, product.AnyPrice, product.AnyPrice, 100, 200})
)

// begin puts one product on sale, and usually the other one too: commands that find nothing
// test nothing.
func (m *machine) begin(t *rapid.T) {
	e, six := m.products[0], int64(6)
	m.putSpec(t, e, product.Spec{
		Description: product.Description{Title: "Shirt"}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "S", Price: 100, Stock: &six}, {SKU: "M", Price: 200, Stock: &six}},
	}, nil)
	m.check(t)
	if rapid.IntRange(0, 3).Draw(t, "second product") > 0 {
		m.putSpec(t, m.products[1], product.Spec{
			Description: product.Description{Title: "Mug"}, Currency: "EUR",
			Variants: []product.VariantSpec{{SKU: "S", Price: 100, Stock: &six}},
		}, nil)
		m.check(t)
	}
}

func (m *machine) put(t *rapid.T) {
	e := m.product(t)
	spec := product.Spec{
		Description: product.Description{Title: rapid.SampledFrom([]string{"Shirt", `A "quoted" / Hemd 衬衫`}).Draw(t, "title")},
		Currency:    rapid.SampledFrom([]string{"EUR", "EUR", "EUR", "EUR", "EUR", "USD"}).Draw(t, "currency"),
		Status:      rapid.SampledFrom([]product.Status{"", "", "", "", product.StatusListed, product.StatusDraft}).Draw(t, "status"),
	}
	if n := rapid.Int64Range(-8, 4).Draw(t, "limit"); n > 0 {
		spec.MaxPerOrder = &n
	}
	for _, sku := range rapid.SliceOfNDistinct(realSKU, 1, 3, rapid.ID[string]).Draw(t, "skus") {
		v := product.VariantSpec{
			SKU: sku, Price: rapid.SampledFrom([]int64{100, 200}).Draw(t, "price"),
			Title: rapid.SampledFrom([]string{"", "Blau\u00a0„neu“"}).Draw(t, "variant"),
		}
		if n := rapid.Int64Range(-1, 6).Draw(t, "stock"); n >= 0 {
			v.Stock = &n
		}
		spec.Variants = append(spec.Variants, v)
	}
	var ifMatch *int64
	switch rapid.IntRange(0, 7).Draw(t, "match") {
	case 0, 1:
		read := e.now.DocVersion - rapid.Int64Range(0, 1).Draw(t, "stale")
		ifMatch = &read
	case 2:
		ifMatch = new(product.NotThere)
	}
	m.putSpec(t, e, spec, ifMatch)
}

func (m *machine) putSpec(t *rapid.T, e *entity, spec product.Spec, ifMatch *int64) {
	m.send(t, func(t *rapid.T) {
		existed := e.exists
		did, refused := e.put(spec, ifMatch)
		got, created, err := m.store.Put(m.ctx, e.id, spec, ifMatch)
		m.sameError(t, refused, err)
		if name := replacement(spec, ifMatch); err == nil && existed && did.kind != "" && name != "" {
			e.replaced[name] = got.DocVersion
		}
		if err == nil {
			e.refresh()
			require.Equal(t, !existed, created, "created")
			want := e.now
			want.Version, want.DocVersion, want.CreatedAt, want.UpdatedAt = got.Version, got.DocVersion, got.CreatedAt, got.UpdatedAt
			require.Equal(t, want, got)
		}
		m.did[e.id] = did
	})
}

func (m *machine) adjust(t *rapid.T) {
	e := m.product(t)
	a := product.Adjustment{
		ProductID: e.id, ActionID: rapid.StringMatching("a[1-9]").Draw(t, "action"),
		SKU: anySKU.Draw(t, "sku"), Reason: "count", Actor: "clerk",
	}
	if rapid.Bool().Draw(t, "counted") {
		n := rapid.Int64Range(0, 8).Draw(t, "onhand")
		a.OnHand = &n
	} else {
		n := rapid.Int64Range(-4, 6).Draw(t, "delta")
		a.Delta = &n
	}
	m.send(t, func(t *rapid.T) {
		want, did, refused := e.adjust(a)
		got, err := m.store.Adjust(m.ctx, a)
		m.sameError(t, refused, err)
		require.Equal(t, want, got)
		m.did[e.id] = did
	})
}

func (m *machine) list(t *rapid.T) {
	e := m.product(t)
	m.send(t, func(t *rapid.T) {
		want, did, refused := e.list()
		got, err := m.store.List(m.ctx, e.id)
		m.sameError(t, refused, err)
		require.Equal(t, want, got, "listing")
		m.did[e.id] = did
	})
}

func (m *machine) delist(t *rapid.T) {
	e := m.product(t)
	listing := max(0, e.now.Listing-rapid.Int64Range(0, 1).Draw(t, "old"))
	m.send(t, func(t *rapid.T) {
		did, refused := e.delist(listing)
		m.sameError(t, refused, m.store.Delist(m.ctx, e.id, listing))
		m.did[e.id] = did
	})
}

func (m *machine) hold(t *rapid.T) {
	order := m.order(t)
	by := m.holder(t, order)
	try := m.try(t, order, 0, 0, 1, -1)
	deadline := m.start.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "deadline")) * time.Second)
	currency := rapid.SampledFrom([]string{"", "", "EUR", "EUR", "EUR", "USD"}).Draw(t, "currency")
	force := m.plain || rapid.IntRange(0, 4).Draw(t, "force") == 0
	most := max(0, rapid.Int64Range(-8, 4).Draw(t, "units"))
	var open int64
	if m.plain {
		currency, most = "", 0
	} else if n := rapid.Int64Range(-1, 2).Draw(t, "open"); n > 0 {
		open = n
	}
	customer, together := rapid.SampledFrom(m.customers).Draw(t, "buyer"), max(0, rapid.Int64Range(-2, 5).Draw(t, "together"))
	// In any order: the store asks them in the order of their ids.
	chosen := rapid.SliceOfNDistinct(rapid.IntRange(0, 1), 1, 2, rapid.ID[int]).Draw(t, "products")
	var reqs []product.HoldRequest
	for _, i := range chosen {
		req := product.HoldRequest{
			ProductID: m.products[i].id, OrderID: order, PlacedAt: by.PlacedAt, Try: try, Deadline: deadline, Currency: currency, Force: force,
			MaxUnits: most, CustomerID: customer, MaxCustomerUnits: together,
		}
		if len(reqs) == 0 {
			req.MaxOpenOrders = open
		}
		for range rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "lines") {
			req.Lines = append(req.Lines, product.HoldLine{
				SKU: anySKU.Draw(t, "sku"), Quantity: rapid.SampledFrom([]int64{1, 1, 2, 3}).Draw(t, "quantity"), Price: anyPrice.Draw(t, "price"),
			})
		}
		reqs = append(reqs, req)
	}
	m.send(t, func(t *rapid.T) {
		want := make([]product.Hold, len(reqs))
		for i, req := range reqs {
			m.sawOwner("hold", m.products[chosen[i]], req.Holder())
			want[i], m.did[req.ProductID] = m.products[chosen[i]].reserve(req)
			m.claim(req, &want[i])
			m.saw(string(want[i].Outcome), want[i].Outcome == product.HoldMade && m.did[req.ProductID].kind == "")
			for _, refusal := range want[i].Refusals {
				m.saw(string(refusal.Reason), false)
			}
		}
		got, err := m.store.Hold(m.ctx, reqs)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// claim is the model of a customer's places: the entity's own answer, and the claim on top.
func (m *machine) claim(req product.HoldRequest, answer *product.Hold) {
	open := m.open[req.CustomerID]
	switch {
	case req.MaxOpenOrders == 0 || open[placeOf(req.Holder())]:
		return
	case m.left[req.CustomerID][placeOf(req.Holder())]:
		m.saw("claim of an order that left", false)
		return
	case int64(len(open)) < req.MaxOpenOrders:
		open[placeOf(req.Holder())] = true
		return
	case answer.Outcome != product.HoldMade && answer.Outcome != product.HoldRefused:
		return
	}
	*answer = product.Hold{
		ProductID: answer.ProductID, Outcome: product.HoldRefused,
		Refusals: append(answer.Refusals, product.Refusal{Reason: product.ReasonTooManyOpenOrders}),
	}
}

// leave gives up an order's place, as the record of a paid or ended order does.
func (m *machine) leave(t *rapid.T) {
	customer, by := rapid.SampledFrom(m.customers).Draw(t, "customer"), product.Holder{OrderID: m.order(t)}
	if rapid.IntRange(0, 3).Draw(t, "says when") > 0 {
		by.PlacedAt = m.placedAt(m.placed[by.OrderID] - rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "placed"))
	}
	status := rapid.SampledFrom([]order.Status{order.StatusPaid, order.StatusCancelled}).Draw(t, "status")
	m.send(t, func(t *rapid.T) {
		gone, err := redisdb.Run(m.ctx, m.rdb, quota.Leave(customer, by, status))[0].Int()
		require.NoError(t, err)
		open, left := m.open[customer], m.left[customer]
		had := open[placeOf(by)] || open[by.OrderID] // an earlier version named it by its id
		require.Equal(t, had, gone == 1)
		if had {
			m.saw("place given up", false)
		}
		delete(open, placeOf(by))
		delete(open, by.OrderID)
		if had || status == order.StatusCancelled {
			left[placeOf(by)] = true
		}
	})
}

// placeOf names an order by its id and its placing time, if known.
func placeOf(h product.Holder) string {
	if h.PlacedAt.IsZero() {
		return h.OrderID
	}
	return h.OrderID + h.PlacedAt.String()
}

func (m *machine) commit(t *rapid.T) {
	by := m.holder(t, m.order(t))
	m.send(t, func(t *rapid.T) {
		var want []product.HoldState
		for _, e := range m.products {
			m.sawOwner("commit", e, by)
			state, did := e.commit(by)
			m.saw("commit: "+string(state), did.kind == "")
			want = append(want, state)
			m.did[e.id] = did
		}
		got, err := m.store.Commit(m.ctx, by, ids(m.products))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func (m *machine) release(t *rapid.T) {
	by := m.holder(t, m.order(t))
	try := m.try(t, by.OrderID, 0, -1, -1, 1)
	reason := rapid.SampledFrom([]string{"expired", "cancelled"}).Draw(t, "reason")
	chosen := rapid.SampledFrom([][]*entity{m.products, m.products[:1], m.products[1:]}).Draw(t, "products")
	m.send(t, func(t *rapid.T) {
		var want []product.HoldState
		for _, e := range chosen {
			m.sawOwner("release", e, by)
			state, did := e.release(by, try, reason)
			m.saw("release: "+string(state), did.kind == "")
			want = append(want, state)
			m.did[e.id] = did
		}
		got, err := m.store.Release(m.ctx, by, try, ids(chosen), reason)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func (m *machine) restock(t *rapid.T) {
	e, by, id := m.product(t), m.holder(t, m.order(t)), rapid.StringMatching("r[1-5]").Draw(t, "return")
	var items []product.Item
	for _, sku := range rapid.SliceOfNDistinct(realSKU, 1, 2, rapid.ID[string]).Draw(t, "skus") {
		items = append(items, product.Item{SKU: sku, Quantity: rapid.Int64Range(1, 3).Draw(t, "quantity")})
	}
	m.send(t, func(t *rapid.T) {
		m.sawOwner("restock", e, by)
		want, did, refused := e.restock(by, id, items)
		got, err := m.store.Restock(m.ctx, by, e.id, id, items)
		m.sameError(t, refused, err)
		require.Equal(t, want, got)
		if refused == nil {
			m.saw("restock: done", did.kind == "")
		}
		m.did[e.id] = did
	})
}

func (m *machine) close(t *rapid.T) {
	by := m.holder(t, m.order(t))
	m.send(t, func(t *rapid.T) {
		for _, e := range m.products {
			e.close(by)
		}
		require.NoError(t, m.store.CloseSales(m.ctx, by, ids(m.products)))
	})
}

// sawOwner counts the messages of one order that find what another one with its id left.
func (m *machine) sawOwner(message string, e *entity, by product.Holder) {
	h := e.holds[by.OrderID]
	if h == nil {
		return
	}
	switch owner := whose(h, by); {
	case owner < 0:
		m.saw(message+" of a later order finds "+string(h.State), false)
	case owner > 0:
		m.saw(message+" of an earlier order finds "+string(h.State), false)
	}
}

func ids(entities []*entity) []string {
	var ids []string
	for _, e := range entities {
		ids = append(ids, e.id)
	}
	return ids
}
