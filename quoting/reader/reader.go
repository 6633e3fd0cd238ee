// Package reader reads what an order is quoted from, on Redis, in one round trip. It changes
// nothing and holds nothing.
package reader

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/pricebooks"
	"holdfast/quoting"
	"holdfast/records"
	"holdfast/redisdb"
)

// Reader reads from one Redis or Redis Cluster.
type Reader struct {
	rdb   redis.UniversalClient
	books *pricebooks.Store
}

// New returns a reader on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Reader {
	return &Reader{rdb: rdb, books: pricebooks.New(rdb, customers.New(rdb))}
}

// Look reads everything at once. Only a version of the price book that this reader hasn't seen before
// takes a second round trip.
func (r *Reader) Look(ctx context.Context, a quoting.Ask) (quoting.Seen, error) {
	stock := inventory.Looking(a.Buyer, a.Wants)
	calls := stock.Calls
	if a.CustomerID != "" {
		calls = append(calls, findCustomer(a))
	}
	if a.Terms {
		calls = append(calls, pricebooks.Find())
	}
	for _, code := range a.Codes {
		calls = append(calls, coupons.Look(code, a.CustomerID))
	}
	if a.Buyer.OrderID != "" {
		calls = append(calls, records.FindErased(a.Buyer.OrderID))
	}
	if len(calls) == 0 {
		return quoting.Seen{}, nil
	}
	answers := redisdb.Run(ctx, r.rdb, calls...)
	var seen quoting.Seen
	var err error
	if seen.Products, seen.Open, err = stock.Read(answers[:len(stock.Calls)]); err != nil {
		return quoting.Seen{}, err
	}
	answers = answers[len(stock.Calls):]
	if a.CustomerID != "" {
		if err := readCustomer(a, answers[0], &seen); err != nil {
			return quoting.Seen{}, err
		}
		answers = answers[1:]
	}
	if a.Terms {
		version, err := pricebooks.Found(answers[0])
		if err == nil && version.Number > 0 {
			seen.Book, err = r.books.Book(ctx, version)
		}
		if err != nil {
			return quoting.Seen{}, err
		}
		answers = answers[1:]
	}
	if seen.Coupons, err = readCoupons(a.Codes, answers); err == nil && a.Buyer.OrderID != "" {
		seen.Erased, err = records.FoundErased(answers[len(a.Codes)])
	}
	return seen, err
}

// findCustomer reads no more of a customer than is needed.
func findCustomer(a quoting.Ask) redisdb.Call {
	if a.AddressID == "" {
		return customers.FindLevel(a.CustomerID)
	}
	return customers.Find(a.CustomerID)
}

func readCustomer(a quoting.Ask, answer *redis.Cmd, seen *quoting.Seen) (err error) {
	if a.AddressID == "" {
		seen.Level, err = customers.FoundLevel(a.CustomerID, answer)
		return err
	}
	c, err := customers.Found(a.CustomerID, answer)
	seen.Level, seen.Address = c.Level, c.Address(a.AddressID)
	return err
}

func readCoupons(codes []string, answers []*redis.Cmd) ([]quoting.Coupon, error) {
	all := make([]quoting.Coupon, len(codes))
	for i, code := range codes {
		c, used, err := coupons.Looked(code, answers[i])
		if err != nil && !errors.Is(err, coupon.ErrNotFound) {
			return nil, err
		}
		all[i] = quoting.Coupon{Coupon: c, Used: used, Unknown: err != nil}
	}
	return all, nil
}
