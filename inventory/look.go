package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/quota"
	"holdfast/redisdb"
)

// Look reads what a buyer may know about the wanted variants, in one round trip, with the
// state of the order's own holds if an order is named and the number of open orders if a
// customer or a network is. It changes nothing: in a busy sale, "sold out" costs no more than this.
func (s *Store) Look(ctx context.Context, buyer product.Buyer, wants []product.Want) ([]product.Availability, order.OpenOrders, error) {
	l := Looking(buyer, wants)
	if len(l.Calls) == 0 {
		return nil, order.OpenOrders{}, nil
	}
	return l.Read(redisdb.Run(ctx, s.rdb, l.Calls...))
}

// LookCalls are the calls of a Look, for use in a larger read.
type LookCalls struct {
	Calls []redisdb.Call
	buyer product.Buyer
	wants []product.Want
	stock func(i int, answers []*redis.Cmd) (product.Availability, error)
	// held and counting are where the calls for the customer's units and for open orders begin.
	held, counting int
}

// Looking returns the calls of Look.
func Looking(buyer product.Buyer, wants []product.Want) LookCalls {
	l := LookCalls{buyer: buyer, wants: wants}
	l.Calls, l.stock = looking(buyer, wants)
	l.held = len(l.Calls)
	if buyer.UnitsOf != "" {
		l.Calls = append(l.Calls, lookingAtUnits(buyer.UnitsOf, wants)...)
	}
	l.counting = len(l.Calls)
	for _, owner := range append(product.Buyers(buyer.CustomerID), product.Buyers(buyer.Network)...) {
		l.Calls = append(l.Calls, quota.Count(owner))
	}
	return l
}

// Read reads the answers to Calls, one for one.
func (l LookCalls) Read(answers []*redis.Cmd) ([]product.Availability, order.OpenOrders, error) {
	looks := make([]product.Availability, len(l.wants))
	for i, w := range l.wants {
		var err error
		if looks[i], err = l.stock(i, answers); err == nil && l.counting > l.held {
			looks[i].CustomerHeld, looks[i].WideHeld, err = readUnits(answers[l.held+i])
		}
		if err != nil {
			return nil, order.OpenOrders{}, fmt.Errorf("look at product %s: %w", w.ProductID, err)
		}
	}
	open, err := l.readOpen(answers[l.counting:])
	return looks, open, err
}

func (l LookCalls) readOpen(answers []*redis.Cmd) (open order.OpenOrders, err error) {
	if l.buyer.CustomerID != "" {
		if open, err = quota.Counted(answers[0]); err != nil {
			return open, err
		}
		answers = answers[1:]
	}
	for i, answer := range answers[:len(product.Buyers(l.buyer.Network))] {
		network, err := quota.Counted(answer)
		switch {
		case err != nil:
			return open, err
		case i == 0:
			open.NetworkCount, open.NetworkUntil = network.Count, network.Until
		default:
			open.WideCount, open.WideUntil = network.Count, network.Until
		}
	}
	return open, nil
}

// lookingAtUnits asks each product what the unpaid orders of a customer hold of it, or those of all guests of
// a network and of the wide one around it.
func lookingAtUnits(buyer string, wants []product.Want) []redisdb.Call {
	var names []any
	for _, name := range product.Buyers(buyer) {
		names = append(names, name)
	}
	calls := make([]redisdb.Call, len(wants))
	for i, w := range wants {
		calls[i] = redisdb.Call{Command: "hmget", Keys: []string{buyersKey(w.ProductID)}, Args: names}
	}
	return calls
}

func readUnits(answer *redis.Cmd) (held, wide int64, err error) {
	read, err := redisdb.Slice(answer)
	if err != nil {
		return 0, 0, err
	}
	if len(read) > 1 {
		wide = number(read, 1)
	}
	return number(read, 0), wide, nil
}

// looking returns the calls to Redis for one of the wants, and how to read their answers.
// If all skus are named, plain commands suffice, at half the cost of a script.
func looking(buyer product.Buyer, wants []product.Want) (
	calls []redisdb.Call, read func(i int, answers []*redis.Cmd) (product.Availability, error),
) {
	if slices.ContainsFunc(wants, func(w product.Want) bool { return slices.Contains(w.SKUs, "") }) {
		return lookingByScript(buyer.OrderID, wants), func(i int, answers []*redis.Cmd) (product.Availability, error) {
			answer, err := redisdb.Slice(answers[i])
			if err != nil {
				return product.Availability{}, err
			}
			return readLook(wants[i], answer)
		}
	}
	each := 1 // calls per product
	if buyer.OrderID != "" {
		each = 2
	}
	return lookingAtNamed(buyer.OrderID, wants), func(i int, answers []*redis.Cmd) (product.Availability, error) {
		return readNamed(wants[i], answers[each*i:each*i+each])
	}
}

func lookingByScript(orderID string, wants []product.Want) []redisdb.Call {
	calls := make([]redisdb.Call, len(wants), len(wants)+1)
	for i, w := range wants {
		calls[i].Script = lookScript
		calls[i].Keys = append(calls[i].Keys, productKey(w.ProductID))
		if orderID != "" {
			calls[i].Keys = append(calls[i].Keys, holdKey(w.ProductID, orderID))
		}
		for _, sku := range w.SKUs {
			calls[i].Args = append(calls[i].Args, sku)
		}
	}
	return calls
}

func lookingAtNamed(orderID string, wants []product.Want) []redisdb.Call {
	calls := make([]redisdb.Call, 0, 2*len(wants)+1)
	for _, w := range wants {
		fields := make([]any, lookFields, lookFields+4*len(w.SKUs))
		fields[0], fields[1], fields[2], fields[3] = "status", "currency", "listing", "maxPerOrder"
		fields[4] = "terms"
		for _, sku := range w.SKUs {
			fields = append(fields, "price:"+sku, "onhand:"+sku, "held:"+sku, "title:"+sku)
		}
		calls = append(calls, redisdb.Call{Command: "hmget", Keys: []string{productKey(w.ProductID)}, Args: fields})
		if orderID != "" {
			// Read after the stock: the order's own hold, if it took the units, is then
			// certainly seen.
			calls = append(calls, redisdb.Call{
				Command: "hget", Keys: []string{holdKey(w.ProductID, orderID)}, Args: []any{"state"},
			})
		}
	}
	return calls
}

// readNamed converts the answers to the form of the script's.
func readNamed(w product.Want, answers []*redis.Cmd) (product.Availability, error) {
	read, err := redisdb.Slice(answers[0])
	if err != nil {
		return product.Availability{}, err
	}
	own := string(product.HoldStateNone)
	if len(answers) > 1 {
		state, err := answers[1].Text()
		switch {
		case err == nil:
			own = state
		case !errors.Is(err, redis.Nil):
			return product.Availability{}, err
		}
	}
	answer := []any{text(read, 0), text(read, 1), text(read, 2), text(read, 3), own, text(read, 4)}
	for j, sku := range w.SKUs {
		at := lookFields + 4*j
		answer = append(answer, sku, text(read, at), text(read, at+1), text(read, at+2), text(read, at+3))
	}
	return readLook(w, answer)
}

// lookFields is how many fields of a product are read besides those of the variants.
const lookFields = 5

func readLook(w product.Want, answer []any) (product.Availability, error) {
	l := product.Availability{
		ProductID:   w.ProductID,
		Found:       text(answer, 0) != "",
		Status:      product.Status(text(answer, 0)),
		Currency:    text(answer, 1),
		Listing:     number(answer, 2),
		MaxPerOrder: number(answer, 3), // 0 if it is ""
		OwnHold:     product.HoldState(text(answer, 4)),
		SKUs:        make([]product.SKUAvailability, len(w.SKUs)),
	}
	if known := text(answer, 5); known != "" {
		l.Terms = new(product.Terms)
		if err := json.Unmarshal([]byte(known), l.Terms); err != nil {
			return product.Availability{}, fmt.Errorf("category and tags of product %s: %w", w.ProductID, err)
		}
	}
	for i := range w.SKUs {
		at := 6 + 5*i
		l.SKUs[i] = product.SKUAvailability{
			SKU:   text(answer, at),
			Known: text(answer, at+1) != "",
			Price: number(answer, at+1),
			Stock: product.Stock{OnHand: number(answer, at+2), Held: number(answer, at+3)},
			Title: text(answer, at+4),
		}
	}
	return l, nil
}
