package inventory_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"holdfast/product"
)

// entity is the plain model of one product: what the scripts must do, written with maps and
// without regard to Redis.
type entity struct {
	id     string
	exists bool
	now    product.Product // as Get must return it; its versions are taken from the store
	// ledger is the stock of every variant that ever existed.
	ledger map[string]*product.Stock
	holds  map[string]*product.HoldDetail
	done   map[string]applied
	// returns of each order by their id, and the sales that have a time to live.
	returns map[string]map[string]returned
	expires map[string]bool
	// buyers is what the unpaid orders of each customer with limited units hold.
	buyers map[string]int64
	// replaced is the docVersion of each replacement that its caller may repeat.
	replaced map[string]int64
}

// replacement names what a request replaces, empty if it doesn't say what it read.
func replacement(spec product.Spec, ifMatch *int64) string {
	if ifMatch == nil || *ifMatch == product.NotThere {
		return ""
	}
	name, err := json.Marshal([]any{spec, *ifMatch})
	if err != nil {
		panic(err)
	}
	return string(name)
}

type returned struct {
	request string
	units   map[string]int64
	// dropped variants could not come back.
	dropped []string
}

type applied struct {
	request string
	stock   product.Stock
}

// effect is what a command must do besides its answer: nothing if kind is empty, else one
// event of that kind about these variants.
type effect struct {
	kind  string
	order string
	skus  []string
	doc   bool // docVersion moves too
}

func newEntity(id string) *entity {
	return &entity{
		id: id, ledger: map[string]*product.Stock{}, holds: map[string]*product.HoldDetail{},
		done: map[string]applied{}, returns: map[string]map[string]returned{}, expires: map[string]bool{},
		buyers: map[string]int64{}, replaced: map[string]int64{},
	}
}

// put returns the entity's refusal, nil if there is none.
func (e *entity) put(spec product.Spec, ifMatch *int64) (did effect, refused error) {
	switch {
	case ifMatch == nil:
	case *ifMatch == product.NotThere && e.exists:
		return effect{}, product.ErrExists
	case *ifMatch != e.now.DocVersion && e.exists && e.replaced[replacement(spec, ifMatch)] == e.now.DocVersion:
		return effect{}, nil
	case *ifMatch != e.now.DocVersion: // NotThere as long as it is not
		return effect{}, product.ErrStale
	}
	if e.exists {
		if err := e.moved(spec); err != nil {
			return effect{}, err
		}
	}
	next := e.described(spec)
	for _, v := range e.now.Variants {
		if _, stays := next.Variant(v.SKU); !stays && (v.Stock.OnHand > 0 || v.Stock.Held > 0) {
			return effect{}, &product.HeldSKUError{SKU: v.SKU, Stock: product.Stock{OnHand: v.Stock.OnHand, Held: v.Stock.Held}}
		}
	}
	if e.exists && e.sameAs(next) {
		return effect{}, nil
	}
	did = effect{kind: "product.changed", doc: true}
	if !e.exists {
		did.kind = "product.created"
	}
	for i, v := range spec.Variants {
		did.skus = append(did.skus, v.SKU)
		s := e.ledger[v.SKU]
		if s == nil {
			s = &product.Stock{}
			e.ledger[v.SKU] = s
		}
		if _, old := e.variant(v.SKU); !old && v.Stock != nil {
			s.OnHand += *v.Stock
			s.Adjusted += *v.Stock
		}
		next.Variants[i].Stock = *s
	}
	e.now, e.exists = next, true
	return did, nil
}

func (e *entity) moved(spec product.Spec) error {
	if spec.Status != "" && spec.Status != e.now.Status {
		return &product.MovedError{Field: "status", Now: string(e.now.Status)}
	}
	if spec.Currency != e.now.Currency {
		return &product.MovedError{Field: "currency", Now: e.now.Currency}
	}
	for i, v := range spec.Variants {
		if old, ok := e.variant(v.SKU); ok && v.Stock != nil && *v.Stock != old.Stock.OnHand {
			return &product.MovedError{
				Field: "variants[" + strconv.Itoa(i) + "].stock", Now: strconv.FormatInt(old.Stock.OnHand, 10),
			}
		}
	}
	return nil
}

// described is the product as the spec describes it, with no stock.
func (e *entity) described(spec product.Spec) product.Product {
	p := product.Product{
		ID: e.id, Status: e.now.Status, Listing: e.now.Listing, Currency: spec.Currency,
		Description: spec.Description, Version: e.now.Version, DocVersion: e.now.DocVersion,
	}
	if !e.exists {
		p.Status = spec.Status
		if p.Status == "" {
			p.Status = product.StatusListed
		}
		if p.Status == product.StatusListed {
			p.Listing = 1
		}
	}
	if spec.MaxPerOrder != nil {
		p.MaxPerOrder = *spec.MaxPerOrder
	}
	for _, v := range spec.Variants {
		p.Variants = append(p.Variants, product.Variant{SKU: v.SKU, Title: v.Title, Price: v.Price})
	}
	return p
}

func (e *entity) sameAs(next product.Product) bool {
	return e.now.Title == next.Title && e.now.MaxPerOrder == next.MaxPerOrder && slices.EqualFunc(e.now.Variants, next.Variants, func(a, b product.Variant) bool {
		return a.SKU == b.SKU && a.Title == b.Title && a.Price == b.Price
	})
}

// variant finds one by its exact sku.
func (e *entity) variant(sku string) (*product.Variant, bool) {
	for i := range e.now.Variants {
		if e.now.Variants[i].SKU == sku {
			return &e.now.Variants[i], true
		}
	}
	return nil, false
}

func (e *entity) adjust(a product.Adjustment) (product.Stock, effect, error) {
	request := a.SKU + "|" + a.Reason
	if a.Delta != nil {
		request += "|d" + strconv.FormatInt(*a.Delta, 10)
	} else {
		request += "|o" + strconv.FormatInt(*a.OnHand, 10)
	}
	if d, ok := e.done[a.ActionID]; ok {
		if d.request != request {
			return product.Stock{}, effect{}, product.ErrActionReused
		}
		return d.stock, effect{}, nil
	}
	if !e.exists {
		return product.Stock{}, effect{}, product.ErrNotFound
	}
	v, ok := e.now.Variant(a.SKU)
	if !ok {
		return product.Stock{}, effect{}, product.ErrUnknownSKU
	}
	s := e.ledger[v.SKU]
	delta := int64(0)
	if a.Delta != nil {
		delta = *a.Delta
	} else {
		delta = *a.OnHand - s.OnHand
	}
	if s.OnHand+delta < s.Held {
		return product.Stock{}, effect{}, &product.StrandsError{OnHand: s.OnHand, Held: s.Held, Wanted: s.OnHand + delta}
	}
	s.OnHand += delta
	s.Adjusted += delta
	e.done[a.ActionID] = applied{request: request, stock: *s}
	if delta == 0 {
		return *s, effect{}, nil
	}
	return *s, effect{kind: "stock.adjusted", skus: []string{v.SKU}}, nil
}

func (e *entity) list() (int64, effect, error) {
	switch {
	case !e.exists:
		return 0, effect{}, product.ErrNotFound
	case e.now.Status == product.StatusListed:
		return e.now.Listing, effect{}, nil
	}
	e.now.Status = product.StatusListed
	e.now.Listing++
	return e.now.Listing, effect{kind: "product.listed", doc: true}, nil
}

func (e *entity) delist(listing int64) (effect, error) {
	switch {
	case !e.exists:
		return effect{}, product.ErrNotFound
	case e.now.Listing > listing:
		return effect{}, product.ErrRelisted
	case e.now.Status == product.StatusDelisted:
		return effect{}, nil
	}
	e.now.Status = product.StatusDelisted
	return effect{kind: "product.delisted", doc: true}, nil
}

// whose compares the order of the entity's hold with the one that a message is about: below
// 0 the hold is an earlier order's, above 0 a later one's.
func whose(h *product.HoldDetail, asking product.Holder) int {
	switch {
	case h == nil, asking.PlacedAt.IsZero():
		return 0
	case !h.PlacedAt.IsZero():
		return h.PlacedAt.Compare(asking.PlacedAt)
	case h.Items != nil && !h.Deadline.After(asking.PlacedAt):
		return -1
	}
	return 0
}

// drop forgets the hold, whatever it was, for a later order with its id.
func (e *entity) drop(order string) {
	delete(e.holds, order)
	delete(e.returns, order)
	delete(e.expires, order)
}

// discharge subtracts the units of a hold that ends from what its customer holds.
func (e *entity) discharge(h *product.HoldDetail) {
	if h.CustomerID != "" {
		e.buyers[h.CustomerID] -= units(h.Items)
	}
}

func (e *entity) commit(by product.Holder) (product.HoldState, effect) {
	order := by.OrderID
	h := e.holds[order]
	if h == nil || whose(h, by) != 0 {
		return product.HoldStateNone, effect{}
	}
	if h.State != product.HoldStateHeld {
		return h.State, effect{}
	}
	did := effect{kind: "hold.committed", order: order}
	for _, it := range h.Items {
		s := e.ledger[it.SKU]
		s.OnHand -= it.Quantity
		s.Held -= it.Quantity
		s.Committed += it.Quantity
		did.skus = append(did.skus, it.SKU)
	}
	h.State = product.HoldStateCommitted
	e.discharge(h)
	return h.State, did
}

func (e *entity) release(by product.Holder, try int, reason string) (product.HoldState, effect) {
	order := by.OrderID
	h := e.holds[order]
	mark := &product.HoldDetail{
		ProductID: e.id, OrderID: order, PlacedAt: by.PlacedAt, State: product.HoldStateReleased, Try: try, Reason: reason,
	}
	owner := whose(h, by)
	switch {
	case owner > 0:
		return product.HoldStateReleased, effect{}
	case h == nil:
		e.holds[order] = mark
		return product.HoldStateReleased, effect{}
	case owner == 0 && (h.State == product.HoldStateCommitted || h.State == product.HoldStateHeld && h.Try > try):
		return h.State, effect{}
	case owner == 0 && h.State == product.HoldStateReleased:
		h.Try = max(h.Try, try)
		return h.State, effect{}
	}
	var did effect
	if h.State == product.HoldStateHeld {
		did = effect{kind: "hold.released", order: order}
		for _, it := range h.Items {
			e.ledger[it.SKU].Held -= it.Quantity
			did.skus = append(did.skus, it.SKU)
		}
		e.discharge(h)
	}
	if owner < 0 {
		e.drop(order)
		e.holds[order] = mark
		return mark.State, did
	}
	h.State, h.Try, h.Reason = product.HoldStateReleased, try, reason
	return h.State, did
}

// restock also returns the units that come back.
func (e *entity) restock(by product.Holder, returnID string, items []product.Item) (map[string]int64, effect, error) {
	order := by.OrderID
	var request strings.Builder
	asked := map[string]int64{}
	for _, it := range items {
		request.WriteString(it.SKU + "x" + strconv.FormatInt(it.Quantity, 10) + ",")
		asked[it.SKU] += it.Quantity
	}
	h := e.holds[order]
	if h == nil || whose(h, by) != 0 || h.State != product.HoldStateCommitted {
		return nil, effect{}, product.ErrNotSold
	}
	was, again := e.returns[order][returnID]
	if again && was.request != request.String() {
		return nil, effect{}, product.ErrActionReused
	}
	if again && len(was.dropped) == 0 {
		return was.units, effect{}, nil
	}
	units := map[string]int64{}
	var dropped []string
	did := effect{kind: "stock.restocked", order: order}
	for _, it := range h.Items {
		n := min(asked[it.SKU], it.Quantity-h.Returned[it.SKU])
		if again && !slices.Contains(was.dropped, it.SKU) {
			n = 0
		}
		if _, ok := e.variant(it.SKU); !ok && n > 0 {
			dropped, n = append(dropped, it.SKU), 0
		}
		if n == 0 {
			continue
		}
		units[it.SKU] = n
		did.skus = append(did.skus, it.SKU)
	}
	for sku, n := range units {
		if h.Returned == nil {
			h.Returned = map[string]int64{}
		}
		h.Returned[sku] += n
		e.ledger[sku].OnHand += n
		e.ledger[sku].Restocked += n
	}
	if e.returns[order] == nil {
		e.returns[order] = map[string]returned{}
	}
	all := maps.Clone(units)
	maps.Copy(all, was.units)
	e.returns[order][returnID] = returned{request.String(), all, dropped}
	var refused error
	if len(dropped) > 0 {
		refused = product.ErrUnknownSKU
	}
	if len(units) == 0 {
		return all, effect{}, refused
	}
	return all, did, refused
}

// close lets the sale expire.
func (e *entity) close(by product.Holder) {
	h := e.holds[by.OrderID]
	if h != nil && h.State == product.HoldStateCommitted && whose(h, by) == 0 {
		e.expires[by.OrderID] = true
	}
}

// refresh copies the ledger into the product, as Get shows it.
func (e *entity) refresh() {
	for i := range e.now.Variants {
		e.now.Variants[i].Stock = *e.ledger[e.now.Variants[i].SKU]
	}
}
