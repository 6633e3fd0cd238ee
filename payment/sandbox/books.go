package sandbox

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	createScript  = script("create")
	cancelScript  = script("cancel")
	payScript     = script("pay")
	payLateScript = script("paylate")
	lateScript    = script("late")
	declineScript = script("decline")
	refuseScript  = script("refuse")
	processScript = script("process")
	refundScript  = script("refund")
	failScript    = script("failrefund")
	disputeScript = script("dispute")
	takeScript    = redisdb.Embedded(sources, "take")
	doneScript    = redisdb.Embedded(sources, "done")
)

// script puts the shared functions in front of the named script.
func script(name string) *redisdb.Script { return redisdb.Embedded(sources, "shared", name) }

const (
	// keep is how long a payment stays in the books after its last change: as long as
	// Temporal keeps closed workflows. After that an order's id, and so the key of its
	// first attempt, may be used again.
	keep = 30 * 24 * time.Hour
	// lateAfter is how long after its cancellation, or after the payment window, a late
	// payment arrives: the order has had time to end.
	lateAfter = 3 * time.Second
	// maxAmount is the largest integer that Lua's numbers represent exactly.
	maxAmount = 1<<53 - 1
)

// Books are the sandbox's own books: its payments, who paid, refunds, and messages still to
// be sent. They belong to the provider alone: the shop uses Provider, the buyer Choose.
type Books struct {
	rdb redis.UniversalClient
	now func() time.Time
	// told signals that there is a message to send.
	told chan struct{}
}

// NewBooks returns the books on rdb, which may hold other data too. The caller closes rdb.
func NewBooks(rdb redis.UniversalClient) *Books {
	return &Books{rdb: rdb, now: time.Now, told: make(chan struct{}, 1)}
}

// create enters the payment of an attempt, once, and returns its id.
func (b *Books) create(ctx context.Context, r order.PaymentRequest) (string, error) {
	switch {
	case r.Amount < 1 || r.Amount > maxAmount:
		return "", refuses("an amount of %d", r.Amount)
	case !product.CurrencyExists(r.Currency):
		return "", refuses("the currency %q", r.Currency)
	}
	id := PaymentID(r)
	_, err := b.run(ctx, createScript, id, r.OrderID, r.Amount, r.Currency, r.Until.UnixMilli())
	return id, err
}

// cancel ends an unpaid payment, and leaves a mark if there is none.
func (b *Books) cancel(ctx context.Context, id string, r order.PaymentRequest) (order.Cancellation, error) {
	var none order.Cancellation
	a, err := b.run(ctx, cancelScript, id, r.OrderID, r.Amount, r.Currency, lateAfter.Milliseconds())
	if err != nil {
		return none, err
	}
	answer, err := a.StringSlice()
	if err != nil {
		return none, unreadable(id, err)
	}
	switch answer[0] {
	case "NONE":
		return order.Cancellation{Outcome: order.CancelOutcomeNoPayment}, nil
	case "CANCELLED":
		return order.Cancellation{Outcome: order.CancelOutcomeCancelled}, nil
	case "PROCESSING":
		return order.Cancellation{Outcome: order.CancelOutcomeProcessing}, nil
	}
	amount, err := strconv.ParseInt(answer[1], 10, 64)
	if err != nil {
		return none, unreadable(id, err)
	}
	at, err := millis(answer[3])
	if err != nil {
		return none, unreadable(id, err)
	}
	return order.Cancellation{Outcome: order.CancelOutcomePaid, Paid: &order.PaymentEvent{
		EventID: answer[4], Provider: Name, Type: order.PaymentSucceeded, OrderID: answer[5], PaymentID: id,
		Amount: amount, Currency: answer[2], OccurredAt: at,
	}}, nil
}

// refund returns money, once per refund id.
func (b *Books) refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error) {
	var none order.RefundAnswer
	if r.Amount < 1 || r.Paid < 1 || r.Amount > maxAmount || r.Paid > maxAmount {
		return none, refuses("a refund of %d out of %d", r.Amount, r.Paid)
	}
	a, err := b.run(ctx, refundScript, r.PaymentID, r.RefundID, r.Amount, r.Currency,
		refundName(r.PaymentID, r.RefundID), r.OrderID, r.Paid)
	if err != nil {
		return none, err
	}
	answer, err := a.StringSlice()
	if err != nil {
		return none, unreadable(r.PaymentID, err)
	}
	switch answer[0] {
	case "PAID":
		return order.RefundAnswer{Status: order.RefundPaid, ProviderID: answer[1]}, nil
	case "UNPAID":
		return none, refuses("to refund a payment that is %s", answer[1])
	case "OTHER":
		return none, refuses("refund %s: it was made with another amount", r.RefundID)
	}
	return none, refuses("a refund of %d %s: %s are left of what was paid", r.Amount, r.Currency, answer[1])
}

// run runs a script on one payment. After an error it isn't known whether it ran.
func (b *Books) run(ctx context.Context, s *redisdb.Script, id string, args ...any) (*redis.Cmd, error) {
	return b.runWith(ctx, s, id, nil, args...)
}

func (b *Books) runWith(ctx context.Context, s *redisdb.Script, id string, further []string, args ...any) (*redis.Cmd, error) {
	answer := redisdb.Run(ctx, b.rdb, redisdb.Call{
		Script: s, Keys: append(paymentKeys(id), further...),
		Args: append([]any{id, b.now().UnixMilli(), keep.Milliseconds()}, args...),
	})[0]
	if err := answer.Err(); err != nil {
		return nil, fmt.Errorf("%w: payment %s: %w", payment.ErrUnavailable, id, err)
	}
	return answer, nil
}

// tell signals this process's sender that there may be a message.
func (b *Books) tell() {
	select {
	case b.told <- struct{}{}:
	default: // it knows
	}
}

func refuses(format string, args ...any) error {
	return &order.RefusalError{Provider: Name, Reason: fmt.Sprintf(format, args...)}
}

func unreadable(id string, err error) error {
	return fmt.Errorf("read what the sandbox's books say of payment %s: %w", id, err)
}

func millis(s string) (time.Time, error) {
	ms, err := strconv.ParseInt(s, 10, 64)
	return time.UnixMilli(ms).UTC(), err
}
