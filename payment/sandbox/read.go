package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
	"holdfast/redisdb"
)

// lookUp reads one payment.
func (b *Books) lookUp(ctx context.Context, id string) (order.ProviderPayment, error) {
	if !product.ValidID(id) {
		return order.ProviderPayment{}, payment.ErrNoPayment
	}
	fields, err := b.rdb.HGetAll(ctx, paymentKey(id)).Result()
	if err != nil {
		return order.ProviderPayment{}, fmt.Errorf("%w: read payment %s: %w", payment.ErrUnavailable, id, err)
	}
	return readPayment(id, fields)
}

// pageSize is how many payments are read at a time.
const pageSize = 200

// payments iterates over all payments created since, bucket by bucket.
func (b *Books) payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error] {
	return func(yield func(order.ProviderPayment, error) bool) {
		for _, bucket := range redisdb.AllBuckets() {
			for p, err := range b.paymentsIn(ctx, bucket, since) {
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

// paymentsIn continues after the last creation time that it saw, not by position: entries
// that expire at the start of the list must not hide others.
func (b *Books) paymentsIn(ctx context.Context, bucket string, since time.Time) iter.Seq2[order.ProviderPayment, error] {
	return func(yield func(order.ProviderPayment, error) bool) {
		from, skip := max(since.UnixMilli(), 0), int64(0) // skip counts those of this millisecond that were seen
		for {
			page, err := b.rdb.ZRangeByScoreWithScores(ctx, paymentsKey(bucket), &redis.ZRangeBy{
				Min: strconv.FormatInt(from, 10), Max: "+inf", Offset: skip, Count: pageSize,
			}).Result()
			if err != nil {
				yield(order.ProviderPayment{}, fmt.Errorf("%w: list the payments: %w", payment.ErrUnavailable, err))
				return
			}
			for _, z := range page {
				if at := int64(z.Score); at == from {
					skip++
				} else {
					from, skip = at, 1
				}
				id, _ := z.Member.(string)
				p, err := b.lookUp(ctx, id)
				if errors.Is(err, payment.ErrNoPayment) {
					continue // it has expired
				}
				if !yield(p, err) || err != nil {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// readPayment reads a payment's hash. A mark of a cancellation is not a payment.
func readPayment(id string, fields map[string]string) (order.ProviderPayment, error) {
	if fields["status"] == "" || fields["mark"] != "" {
		return order.ProviderPayment{}, payment.ErrNoPayment
	}
	p := order.ProviderPayment{
		ID: id, OrderID: fields["order"], Status: order.ProviderStatus(fields["status"]),
		Currency: cmp.Or(fields["paidCurrency"], fields["currency"]),
	}
	var bad [3]error
	p.Amount, bad[0] = strconv.ParseInt(cmp.Or(fields["paid"], fields["amount"]), 10, 64)
	p.CreatedAt, bad[1] = millis(fields["created"])
	if fields["paidAt"] != "" {
		p.PaidAt, bad[2] = millis(fields["paidAt"])
	}
	if err := errors.Join(bad[:]...); err != nil {
		return p, unreadable(id, err)
	}
	for field, value := range fields {
		kind, name, _ := strings.Cut(field, ":")
		amount, rest, _ := strings.Cut(value, " ")
		_, other, _ := strings.Cut(rest, " ")
		var r order.ProviderRefund
		switch kind {
		case "refund":
			r = order.ProviderRefund{ID: name, ProviderID: other, Status: order.RefundPaid}
		case "failed":
			r = order.ProviderRefund{ID: other, ProviderID: name, Status: order.RefundFailed}
		default:
			continue
		}
		var err error
		if r.Amount, err = strconv.ParseInt(amount, 10, 64); err != nil {
			return p, unreadable(id, err)
		}
		p.Refunds = append(p.Refunds, r)
	}
	slices.SortFunc(p.Refunds, func(a, b order.ProviderRefund) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.ProviderID, b.ProviderID))
	})
	return p, nil
}
