package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/customer"
	"holdfast/customers"
	"holdfast/dev/stack"
	"holdfast/price"
	"holdfast/pricebooks"
	"holdfast/redisdb"
)

// pricesBench places and pays orders of a customer with a member level, by a price book with a
// promotion, with a coupon that has a limit, against orders of the same shop with an empty book.
type pricesBench struct {
	sagaBench `embed:""`
}

const benchBook = `{
	"levels": [{"number": 1, "name": "Silver", "discount": 300}, {"number": 2, "name": "Gold", "discount": 700}],
	"itemPromotions": [{"id": "spring", "title": "Spring", "action": {"rate": 1000}}]
}`

// Run measures both in turn, on one server.
func (b *pricesBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{Data: b.Data, WithoutUI: true, WithoutSearch: b.WithoutViews})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the figures are out
	contenders, err := b.contenders(ctx, st, rdb)
	if err != nil {
		return err
	}
	out.printf("Stack: %s, Redis: %s.\n\n", where(b.Data), st.RedisKind)
	out.printf("| c | | without, orders/s | level, promotion and coupon, orders/s | ratio | without, place p50 | with, place p50 | ratio |\n")
	out.printf("|---:|---|---:|---:|---:|---:|---:|---:|\n")
	for _, c := range b.C {
		if err := b.compare(ctx, out, contenders, c, true); err != nil {
			return err
		}
	}
	return nil
}

func (b *pricesBench) contenders(ctx context.Context, st *stack.Stack, rdb redis.UniversalClient) ([]contender, error) {
	s, err := newShop(st.URL, "", 64)
	if err != nil {
		return nil, err
	}
	if err := s.product(ctx, "bench", 1_000_000); err != nil {
		return nil, err
	}
	people := customers.New(rdb)
	_, _, err = people.Put(ctx, customer.Change{ID: "gold", Standing: &customer.Standing{}, At: time.Now()})
	if err != nil {
		return nil, err
	}
	_, _, err = coupons.New(rdb).Put(ctx, coupon.Change{
		Code: "SPRING", Spec: coupon.Spec{Action: price.Action{Rate: 500}, Limit: 10_000_000},
	})
	if err != nil {
		return nil, err
	}
	paid := func(ctx context.Context) (int64, error) { return sold(ctx, rdb) }
	books := pricebooks.New(rdb, people)
	const line = `"lines":[{"productId":"bench","sku":"bench-1","quantity":1}]}`
	plain := &pricedBuyer{shop: s, body: []byte(`{"customerId":"bench",` + line)}
	priced := &pricedBuyer{shop: s, body: []byte(`{"customerId":"gold","couponCodes":["SPRING"],` + line)}
	return []contender{
		{
			name: "without", place: plain.place, pay: plain.pay, paid: paid,
			prepare: func(ctx context.Context) error { return publish(ctx, books, people, 0, `{}`) },
		},
		{
			name: "with", place: priced.place, pay: priced.pay, paid: paid,
			prepare: func(ctx context.Context) error { return publish(ctx, books, people, 2, benchBook) },
		},
	}, nil
}

// publish makes a book the current one and gives the customer this level. A level that a
// customer has can't be taken out of the book.
func publish(ctx context.Context, books *pricebooks.Store, people *customers.Store, level int, document string) error {
	book, err := price.Parse([]byte(document))
	if err != nil {
		return err
	}
	set := func() error {
		_, _, err := people.Put(ctx, customer.Change{ID: "gold", Standing: &customer.Standing{Level: level}, At: time.Now()})
		return err
	}
	if level == 0 {
		if err := set(); err != nil {
			return err
		}
	}
	if _, _, err := books.Publish(ctx, book, "", "bench"); err != nil {
		return err
	}
	return set()
}

// pricedBuyer orders one unit at a time, and pays what it costs.
type pricedBuyer struct {
	*shop
	body []byte
	// totals of the orders that wait for their payment, by id.
	totals sync.Map
}

func (p *pricedBuyer) place(ctx context.Context) (string, error) {
	for key := uuid.NewString(); ; p.undecided.Add(1) {
		a, err := p.Place(ctx, key, p.body)
		if err != nil {
			return "", err
		}
		if a.Status == http.StatusAccepted {
			continue
		}
		var o struct {
			ID      string           `json:"id"`
			Amounts map[string]int64 `json:"amounts"`
		}
		if err := a.Decode(&o); err != nil {
			return "", err
		}
		p.totals.Store(o.ID, o.Amounts["total"])
		return o.ID, nil
	}
}

func (p *pricedBuyer) pay(ctx context.Context, id string) error {
	total, ok := p.totals.LoadAndDelete(id)
	if !ok {
		return fmt.Errorf("order %s was not placed here", id)
	}
	return p.payAmount(ctx, id, total.(int64))
}
