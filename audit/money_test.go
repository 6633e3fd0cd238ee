package audit

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/redisdb/redistest"
	"holdfast/search"
)

// lives are all possible outcomes of a payment.
func (s *till) lives() {
	s.open(s.place())
	s.paid()
	id, _ := s.paid()
	r := s.part(id, "x", 100)
	s.payOut(&r)
	taken := s.takeBack(id, 100)
	s.payOut(&taken)
	_, _, r2 := s.late()
	s.payOut(r2)
	s.late() // due
	for _, status := range []order.RefundStatus{order.RefundPending, order.RefundFailed, order.RefundSettled} {
		_, _, r := s.late()
		r.Status = status
		s.put(*r)
	}
	s.assigned()
	unknown := redistest.ID("order")
	p := s.open(unknown)
	s.pays(p)
	s.hears(unknown, p)
	id = s.place()
	p = s.open(id)
	s.choose(p, sandbox.Choice{Action: sandbox.ActionProcess})
	s.end(id, order.StatusExpired) // its bank takes a day
}

func TestMoneyDifferencesAreFound(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		for _, d := range moneyDamages {
			t.Run(d.name, func(t *testing.T) {
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				s := openTill(t, rdb)
				s.lives()
				require.Empty(t, s.audit().Findings, "before")
				want := d.do(s)
				assert.Equal(t, want, outline(s.audit().Findings))
			})
		}
	})
}

// outline leaves out what tests don't compare.
func outline(all []MoneyFinding) []MoneyFinding {
	var out []MoneyFinding
	for _, f := range all {
		f.Amount, f.Currency, f.Detail = 0, "", ""
		out = append(out, f)
	}
	return out
}

func TestSumsOfBothSides(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openTill(t, rdb)
		s.assigned()
		_, _, r := s.late()
		s.payOut(r)
		id, _ := s.paid()
		part := s.part(id, "x", 100)
		s.payOut(&part)
		want := MoneySum{PaidThere: 3 * tillPrice, PaidHere: 3 * tillPrice, RefundedThere: tillPrice + 100, RefundedHere: tillPrice + 100}
		assert.Equal(t, map[string]MoneySum{"EUR": want}, s.audit().Sums)

		unheard := s.open(s.place())
		s.pays(unheard)
		want.PaidThere += tillPrice
		report := s.audit()
		assert.Equal(t, map[string]MoneySum{"EUR": want}, report.Sums)
		assert.Equal(t, 4, report.Payments)
	})
}

// A refund that waits long for its provider is not a difference.
func TestOverdueRefundIsANote(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openTill(t, rdb)
		id, p, r := s.late()
		assert.Empty(t, s.audit().Notes)
		r.DueAt = time.Now().Add(-2 * time.Hour)
		s.put(*r)
		report := s.audit()
		assert.Empty(t, report.Findings)
		assert.Equal(t, off(KindRefundOverdue, id, p, r.ID), outline(report.Notes))
	})
}

// What is in progress at the first check, and done by the second, is not a finding.
func TestMoneyInMotionIsNoFinding(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openTill(t, rdb)
		unheard := s.place()
		p := s.open(unheard)
		s.pays(p)
		two := s.place()
		first := s.open(two)
		s.open(two)
		moved := false
		r, err := Money(t.Context(), MoneyConfig{
			Providers: map[string]MoneyBooks{sandbox.Name: s}, Records: NewRedisBooks(rdb), Looks: 2, Pause: time.Millisecond,
			Progress: func(what string, _ int) {
				if what == "orders" && !moved {
					moved = true
					s.hears(unheard, p)
					_, err := s.provider.Cancel(t.Context(), first, s.request(two))
					assert.NoError(t, err)
				}
			},
		})
		require.NoError(t, err)
		assert.Equal(t, 2, r.Suspects)
		assert.Empty(t, r.Findings)
		assert.Equal(t, MoneySum{PaidThere: tillPrice, PaidHere: tillPrice}, r.Sums["EUR"], "as they were at the last look")
	})
}

// viewOf is the view of orders that have left Redis.
type viewOf map[string]search.Order

func (v viewOf) WalkOrders(_ context.Context, last string, limit int) ([]search.Order, error) {
	return after(v, last, limit), nil
}

func (v viewOf) GetOrder(_ context.Context, id string) (search.Order, error) { return one(v, id) }

func TestMoneyOfOrdersThatLeftRedis(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openTill(t, rdb)
		view := viewOf{}
		id, p := s.paid()
		s.orders[id].Deliver("operator", time.Now())
		s.record(id)
		late, latePayment, _ := s.late()
		for _, id := range []string{id, late} {
			st, err := s.docs.ReadMany(t.Context(), []string{id})
			require.NoError(t, err)
			view[id] = search.FromOrder(*s.orders[id], st[0].Doc, st[0].Revision, st[0].Payments)
			gone, err := s.docs.Forget(t.Context(), id, st[0].Revision)
			require.NoError(t, err)
			require.True(t, gone)
		}
		assert.Equal(t, []MoneyFinding{{Kind: KindOrdersUnseen}}, outline(s.audit().Findings))
		s.cold = view
		report := s.audit()
		assert.Empty(t, report.Findings)
		assert.Equal(t, 2, report.Cold)

		s.lose(s.theirKey(p))
		s.lose(s.theirKey(latePayment))
		assert.ElementsMatch(t, append(off(KindPaidWithoutMoney, id, p), off(KindMoneyMissing, late, latePayment)...), outline(s.audit().Findings))
	})
}

// failing answers every other call.
type failing struct {
	*till
	calls int
}

func (f *failing) LookUp(ctx context.Context, id string) (order.ProviderPayment, error) {
	if f.calls++; f.calls%2 == 1 {
		return order.ProviderPayment{}, payment.ErrUnavailable
	}
	return f.till.LookUp(ctx, id)
}

func (f *failing) Payments(context.Context, time.Time) iter.Seq2[order.ProviderPayment, error] {
	return func(func(order.ProviderPayment, error) bool) {} // all are older
}

// A provider that fails now and then is asked again; what its walk doesn't show is looked
// up.
func TestAuditAsksAFailingProviderAgain(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openTill(t, rdb)
		for range 5 {
			s.paid()
		}
		id, p := s.paid()
		s.lose(s.theirKey(p))
		r, err := Money(t.Context(), MoneyConfig{
			Providers: map[string]MoneyBooks{sandbox.Name: &failing{till: s}}, Records: NewRedisBooks(rdb),
			Looks: 2, Pause: time.Millisecond, Concurrency: 1,
		})
		require.NoError(t, err)
		assert.Equal(t, off(KindPaidWithoutMoney, id, p), outline(r.Findings))
		assert.Equal(t, fmt.Sprintf("paid_without_money order %s sandbox payment %s: the order is paid, but the provider has no such payment", id, p),
			r.Findings[0].String())
	})
}

// A refund that came back is owed again: the books agree once it is recorded as failed, and
// the sums no longer count it.
func TestARefundThatCameBackIsOwedAgain(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openTill(t, rdb)
		found := func() (kinds []Kind) {
			for _, f := range s.audit().Findings {
				kinds = append(kinds, f.Kind)
			}
			return kinds
		}
		_, paymentID, r := s.late()
		s.payOut(r)
		require.Empty(t, found())
		s.choose(paymentID, sandbox.Choice{Action: sandbox.ActionFailRefund})
		require.Equal(t, []Kind{KindRefundUnpaid}, found(), "no message has told us")
		first := r.ProviderID
		r.Status, r.PaidAt = order.RefundFailed, time.Time{}
		s.put(*r)
		require.Empty(t, found())
		require.Zero(t, s.audit().Sums["EUR"].RefundedThere)
		r.SendAgain()
		s.payOut(r)
		require.NotEqual(t, first, r.ProviderID)
		require.Empty(t, found())
	})
}
