package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
	"holdfast/redisdb"
)

// HoldsOf reads one page of the product's live holds, by deadline. cursor is "" at the
// start, then the next of the page before; next is "" on the last page. A hold that lives
// while all pages are read is on one of them, whatever ends meanwhile.
func (s *Store) HoldsOf(ctx context.Context, productID, cursor string, limit int) (holds []product.LiveHold, next string, err error) {
	if err := validIDs(productID); err != nil {
		return nil, "", fmt.Errorf("read the holds: %w", err)
	}
	if limit < 1 {
		return nil, "", fmt.Errorf("read the holds of product %s: limit %d is below 1", productID, limit)
	}
	call, err := redisdb.Page(holdsKey(productID), cursor, limit, "+inf")
	if err != nil {
		return nil, "", fmt.Errorf("read the holds of product %s: %w", productID, err)
	}
	page, next, err := redisdb.ReadPage(redisdb.Run(ctx, s.rdb, call)[0], limit)
	if err != nil {
		return nil, "", fmt.Errorf("read the holds of product %s: %w", productID, err)
	}
	for _, h := range page {
		holds = append(holds, product.LiveHold{ProductID: productID, OrderID: h.Member, Deadline: time.UnixMilli(h.Score)})
	}
	live := holds[:0]
	for _, l := range s.listings(ctx, holds) {
		if l.err != nil {
			return nil, "", fmt.Errorf("read the holds of product %s: %w", productID, l.err)
		}
		if l.live {
			live = append(live, l.hold)
		}
	}
	return live, next, nil
}

// listed is a hold with its listing; live is false if it ended after it was listed.
type listed struct {
	hold product.LiveHold
	live bool
	err  error
}

// listings reads the listing of each hold, in one round trip. A damaged hold counts as
// live: it is on the list, and the caller that has to end it reports it by name.
func (s *Store) listings(ctx context.Context, holds []product.LiveHold) []listed {
	pipe := s.rdb.Pipeline()
	answers := make([]*redis.SliceCmd, len(holds))
	for i, h := range holds {
		answers[i] = pipe.HMGet(ctx, holdKey(h.ProductID, h.OrderID), "state", "listing")
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	all := make([]listed, len(holds))
	for i, h := range holds {
		fields, err := answers[i].Result()
		damaged := redis.HasErrorPrefix(err, "WRONGTYPE")
		if err == nil {
			h.Listing = number(fields, 1)
		}
		all[i] = listed{hold: h, live: damaged || text(fields, 0) == string(product.HoldStateHeld)}
		if !damaged {
			all[i].err = err
		}
	}
	return all
}

// HoldDetail reads everything that the product knows about the order's hold, including one
// that ended up to 30 days ago.
func (s *Store) HoldDetail(ctx context.Context, productID, orderID string) (product.HoldDetail, error) {
	d := product.HoldDetail{ProductID: productID, OrderID: orderID, State: product.HoldStateNone}
	fields, err := s.rdb.HGetAll(ctx, holdKey(productID, orderID)).Result()
	if err != nil {
		return d, fmt.Errorf("read the hold of product %s for order %s: %w", productID, orderID, err)
	}
	if len(fields) == 0 {
		return d, nil
	}
	r := reader{fields: fields}
	d.State, d.Currency, d.Reason = product.HoldState(fields["state"]), fields["currency"], fields["reason"]
	d.Try, d.CustomerID = int(r.number("try")), fields["customer"]
	if fields["placed"] != "" && fields["placed"] != "0" {
		d.PlacedAt = time.UnixMilli(r.number("placed"))
	}
	for field := range fields {
		if sku, ok := strings.CutPrefix(field, "returned:"); ok {
			if d.Returned == nil {
				d.Returned = map[string]int64{}
			}
			d.Returned[sku] = r.number(field)
		}
	}
	if fields["lines"] != "" { // a mark without an earlier hold has none
		d.Listing, d.Deadline = r.number("listing"), time.UnixMilli(r.number("deadline"))
		err = json.Unmarshal([]byte(fields["lines"]), &d.Items)
	}
	if err := errors.Join(r.err, err); err != nil {
		return d, fmt.Errorf("read the hold of product %s for order %s: %w", productID, orderID, err)
	}
	return d, nil
}
