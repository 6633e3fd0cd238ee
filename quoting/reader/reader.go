// Package reader reads what an order is quoted from, on Redis, in one round trip. It changes
// nothing and holds nothing.
package reader

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"holdfast/command"
	"holdfast/commands"
	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/pricebooks"
	"holdfast/quoting"
	"holdfast/records"
	"holdfast/redisdb"
)

// Reader reads from one Redis or Redis Cluster.
type Reader struct {
	rdb    redis.UniversalClient
	books  *pricebooks.Store
	chains Chains
}

// Chains has the shop's published chains of commands, ready to run.
type Chains interface {
	Prepared(ctx context.Context, s order.Scenario, v command.ChainVersion) (*command.Prepared, error)
}

// New returns a reader on rdb, which the caller closes. Without chains no commands run.
func New(rdb redis.UniversalClient, chains Chains) *Reader {
	return &Reader{rdb: rdb, books: pricebooks.New(rdb, customers.New(rdb)), chains: chains}
}

// Look reads everything at once. Only a version of the price book, or of a chain of commands, that this
// process hasn't seen before takes further round trips.
func (r *Reader) Look(ctx context.Context, a quoting.Ask) (quoting.Seen, error) {
	stock := inventory.Looking(a.Buyer, a.Wants)
	calls := stock.Calls
	if a.CustomerID != "" {
		calls = append(calls, findCustomer(a))
	}
	if a.Terms {
		calls = append(calls, pricebooks.Find(), commands.Find())
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
		if err := r.readTerms(ctx, answers, &seen); err != nil {
			return quoting.Seen{}, err
		}
		answers = answers[2:]
	}
	if seen.Coupons, err = readCoupons(a.Codes, answers); err == nil && a.Buyer.OrderID != "" {
		seen.Erased, err = records.FoundErased(answers[len(a.Codes)])
	}
	return seen, err
}

// readTerms reads the current price book and the current chains.
func (r *Reader) readTerms(ctx context.Context, answers []*redis.Cmd, seen *quoting.Seen) error {
	version, err := pricebooks.Found(answers[0])
	if err == nil && version.Number > 0 {
		seen.Book, err = r.books.Book(ctx, version)
	}
	if err != nil || r.chains == nil {
		return err
	}
	published, err := commands.Found(answers[1])
	if err != nil {
		return err
	}
	for scenario, v := range published {
		chain, err := r.chains.Prepared(ctx, scenario, v)
		switch {
		case err != nil:
			return err
		case chain.Empty():
		case scenario == order.ScenarioSubmit:
			seen.Commands.Submit = chain
		case scenario == order.ScenarioPrice:
			seen.Commands.Price = chain
		default:
			if seen.Commands.Later == nil {
				seen.Commands.Later = map[order.Scenario]int64{}
			}
			seen.Commands.Later[scenario] = v.Number
		}
	}
	return nil
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
