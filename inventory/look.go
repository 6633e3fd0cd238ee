package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
	"holdfast/redisdb"
)

// Look reads what a buyer may know of the wanted variants, and the state of the
// order's own holds where an order is named, in one round trip. It changes
// nothing: a busy sale's "sold out" costs no more than this.
func (s *Store) Look(ctx context.Context, orderID string, wants []product.Want) ([]product.Look, error) {
	if len(wants) == 0 {
		return nil, nil
	}
	if !slices.ContainsFunc(wants, func(w product.Want) bool { return slices.Contains(w.SKUs, "") }) {
		return s.lookAtNamed(ctx, orderID, wants)
	}
	calls := make([]redisdb.Call, len(wants))
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
	looks := make([]product.Look, len(wants))
	for i, cmd := range redisdb.Run(ctx, s.rdb, calls...) {
		answer, err := redisdb.Slice(cmd)
		if err != nil {
			return nil, fmt.Errorf("look at product %s: %w", wants[i].ProductID, err)
		}
		looks[i] = readLook(wants[i], answer)
	}
	return looks, nil
}

func (s *Store) lookAtNamed(ctx context.Context, orderID string, wants []product.Want) ([]product.Look, error) {
	pipe := s.rdb.Pipeline()
	products, owns := make([]*redis.SliceCmd, len(wants)), make([]*redis.StringCmd, len(wants))
	for i, w := range wants {
		fields := make([]string, 3, 3+3*len(w.SKUs))
		fields[0], fields[1], fields[2] = "status", "currency", "listing"
		for _, sku := range w.SKUs {
			fields = append(fields, "price:"+sku, "onhand:"+sku, "held:"+sku)
		}
		products[i] = pipe.HMGet(ctx, productKey(w.ProductID), fields...)
		if orderID != "" {
			// After the stock: a hold that made it short is then seen for sure.
			owns[i] = pipe.HGet(ctx, holdKey(w.ProductID, orderID), "state")
		}
	}
	_, _ = pipe.Exec(ctx) // it answers the first error alone, which may be a hold that isn't there
	looks := make([]product.Look, len(wants))
	for i, w := range wants {
		read, err := products[i].Result()
		own := string(product.NoHold)
		if owns[i] != nil && err == nil {
			if own, err = owns[i].Result(); errors.Is(err, redis.Nil) {
				own, err = string(product.NoHold), nil
			}
		}
		if err != nil {
			return nil, fmt.Errorf("look at product %s: %w", w.ProductID, err)
		}
		answer := []any{text(read, 0), text(read, 1), text(read, 2), own}
		for j, sku := range w.SKUs {
			answer = append(answer, sku, text(read, 3+3*j), text(read, 4+3*j), text(read, 5+3*j))
		}
		looks[i] = readLook(w, answer)
	}
	return looks, nil
}

func readLook(w product.Want, answer []any) product.Look {
	l := product.Look{
		ProductID: w.ProductID,
		Found:     text(answer, 0) != "",
		Status:    product.Status(text(answer, 0)),
		Currency:  text(answer, 1),
		Listing:   number(answer, 2),
		OwnHold:   product.HoldState(text(answer, 3)),
		SKUs:      make([]product.SKULook, len(w.SKUs)),
	}
	for i := range w.SKUs {
		at := 4 + 4*i
		l.SKUs[i] = product.SKULook{
			SKU:   text(answer, at),
			Known: text(answer, at+1) != "",
			Price: number(answer, at+1),
			Stock: product.Stock{OnHand: number(answer, at+2), Held: number(answer, at+3)},
		}
	}
	return l
}
