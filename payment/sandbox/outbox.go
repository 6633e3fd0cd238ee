package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/redisdb"
)

// outgoing is a message that was taken from the outbox.
type outgoing struct {
	bucket string
	event  order.PaymentEvent
	// tries counts how often it was taken, including this time.
	tries int
}

// stored is a message as the scripts write it.
type stored struct {
	Type     order.PaymentEventType `json:"type"`
	Order    string                 `json:"order"`
	Payment  string                 `json:"payment"`
	Amount   string                 `json:"amount"`
	Currency string                 `json:"currency"`
	At       string                 `json:"at"` // ms
	Refund   *order.FailedRefund    `json:"refund,omitempty"`
	Dispute  *dispute               `json:"dispute,omitempty"`
}

// ripe returns the buckets in which something is due now: a message, or a late payment,
// whose money arrives by this call.
func (b *Books) ripe(ctx context.Context) ([]string, error) {
	now := strconv.FormatInt(b.now().UnixMilli(), 10)
	buckets := redisdb.AllBuckets()
	due, late := make([]*redis.IntCmd, len(buckets)), make([]*redis.StringSliceCmd, len(buckets))
	pipe := b.rdb.Pipeline()
	for i, bucket := range buckets {
		due[i] = pipe.ZCount(ctx, dueKey(bucket), "-inf", now)
		late[i] = pipe.ZRangeByScore(ctx, lateKey(bucket), &redis.ZRangeBy{Min: "-inf", Max: now, Count: pageSize})
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("ask the sandbox's books what is due: %w", err)
	}
	var ripe []string
	for i, bucket := range buckets {
		for _, id := range late[i].Val() {
			if _, err := b.run(ctx, lateScript, id); err != nil {
				return nil, err
			}
		}
		if due[i].Val() > 0 || len(late[i].Val()) > 0 {
			ripe = append(ripe, bucket)
		}
	}
	return ripe, nil
}

// take leases up to most due messages of each bucket: until the lease ends no other sender
// gets them. Its result is valid even if another bucket returned an error.
func (b *Books) take(ctx context.Context, buckets []string, lease time.Duration, most int) ([]outgoing, error) {
	now := b.now()
	calls := make([]redisdb.Call, len(buckets))
	for i, bucket := range buckets {
		calls[i] = redisdb.Call{
			Script: takeScript, Keys: outboxKeys(bucket),
			Args: []any{now.UnixMilli(), now.Add(lease).UnixMilli(), most},
		}
	}
	var taken []outgoing
	var errs []error
	for i, a := range redisdb.Run(ctx, b.rdb, calls...) {
		answer, err := a.Slice()
		if err != nil {
			errs = append(errs, fmt.Errorf("take messages from the sandbox's outbox: %w", err))
		}
		for values := range slices.Chunk(answer, 3) {
			m, err := readOutgoing(buckets[i], values)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			taken = append(taken, m)
		}
	}
	return taken, errors.Join(errs...)
}

func readOutgoing(bucket string, values []any) (outgoing, error) {
	if len(values) != 3 {
		return outgoing{}, fmt.Errorf("read the sandbox's outbox: %d values of a message", len(values))
	}
	id, _ := values[0].(string)
	doc, _ := values[1].(string)
	tries, _ := values[2].(int64)
	var m stored
	if err := json.Unmarshal([]byte(doc), &m); err != nil {
		return outgoing{}, fmt.Errorf("read message %s of the sandbox's outbox: %w", id, err)
	}
	amount, err := strconv.ParseInt(m.Amount, 10, 64)
	at, atErr := millis(m.At)
	if err := errors.Join(err, atErr); err != nil {
		return outgoing{}, fmt.Errorf("read message %s of the sandbox's outbox: %w", id, err)
	}
	e := order.PaymentEvent{
		EventID: id, Provider: Name, Type: m.Type, OrderID: m.Order, PaymentID: m.Payment,
		Amount: amount, Currency: m.Currency, OccurredAt: at, Refund: m.Refund,
	}
	e.Dispute = m.Dispute.in(e)
	return outgoing{bucket: bucket, tries: int(tries), event: e}, nil
}

// done deletes a message.
func (b *Books) done(ctx context.Context, m outgoing) error {
	a := redisdb.Run(ctx, b.rdb, redisdb.Call{Script: doneScript, Keys: outboxKeys(m.bucket), Args: []any{m.event.EventID}})[0]
	if err := a.Err(); err != nil {
		return fmt.Errorf("delete message %s: %w", m.event.EventID, err)
	}
	return nil
}

// later schedules a message again, unless it has been delivered in the meantime.
func (b *Books) later(ctx context.Context, m outgoing, at time.Time) error {
	err := b.rdb.ZAddXX(ctx, dueKey(m.bucket), redis.Z{Score: float64(at.UnixMilli()), Member: m.event.EventID}).Err()
	if err != nil {
		return fmt.Errorf("put message %s back: %w", m.event.EventID, err)
	}
	return nil
}
