package audit

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/redisdb/redistest"
)

func paymentFinding(k Kind, orderID, prefix string) Finding {
	return Finding{Kind: k, OrderID: orderID, PaymentID: prefix + orderID}
}

func disputeFinding(k Kind, orderID string) Finding {
	return Finding{Kind: k, OrderID: orderID, PaymentID: "pay-" + orderID, Provider: "sandbox", DisputeID: "dp_" + orderID}
}

func refundFinding(k Kind, orderID string) Finding {
	return Finding{Kind: k, OrderID: orderID, PaymentID: "again-" + orderID, RefundID: order.FullRefund("sandbox", orderID)}
}

// paymentDamages can all be repaired.
var paymentDamages = []damage{
	{
		name: "payment that an order took lost",
		do:   func(s *shop) { s.do("DEL", paymentsKey(s.paid)) },
		want: func(s *shop) []Finding { return []Finding{paymentFinding(KindPaymentMissing, s.paid, "pay-")} },
	},
	{
		name: "payment that an order took not taken",
		do: func(s *shop) {
			a := s.work.orders[s.delivered].attempts["sandbox:pay-"+s.delivered]
			a.Taken = false
			s.putPayment(s.delivered, a)
		},
		want: func(s *shop) []Finding { return []Finding{paymentFinding(KindPaymentDiffers, s.delivered, "pay-")} },
	},
	{
		name: "payment that is none",
		do:   func(s *shop) { s.do("HSET", paymentsKey(s.paid), "payment:sandbox:pay-"+s.paid, "{") },
		want: func(s *shop) []Finding { return []Finding{paymentFinding(KindPaymentDiffers, s.paid, "pay-")} },
	},
	{
		name: "failed attempt of an open order lost",
		do: func(s *shop) {
			s.fail(s.waiting)
			s.do("DEL", paymentsKey(s.waiting))
		},
		want: func(s *shop) []Finding { return []Finding{paymentFinding(KindPaymentMissing, s.waiting, "failed-")} },
	},
	{
		name: "document and all payments lost",
		do: func(s *shop) {
			s.payTwice(s.delivered)
			s.lose(orderKey(s.delivered), paymentsKey(s.delivered))
		},
		want: func(s *shop) []Finding {
			return []Finding{
				{Kind: KindDocumentMissing, OrderID: s.delivered},
				paymentFinding(KindPaymentMissing, s.delivered, "pay-"), paymentFinding(KindPaymentMissing, s.delivered, "again-"),
				refundFinding(KindRefundMissing, s.delivered),
			}
		},
	},
	{
		name: "document and payments as they were before the payment",
		do: func(s *shop) {
			id := s.place(1, 0)
			restore := s.save(orderKey(id))
			s.pay(id)
			restore()
			s.do("DEL", paymentsKey(id))
		},
		want: func(s *shop) []Finding {
			return []Finding{{Kind: KindDocumentOld, OrderID: s.last()}, paymentFinding(KindPaymentMissing, s.last(), "pay-")}
		},
	},
	{
		// The order's document says nothing about it: it closed before.
		name: "late payment of a closed order and its refund lost",
		do: func(s *shop) {
			s.payTwice(s.cancelled)
			s.do("DEL", paymentsKey(s.cancelled))
		},
		want: func(s *shop) []Finding {
			return []Finding{paymentFinding(KindPaymentMissing, s.cancelled, "again-"), refundFinding(KindRefundMissing, s.cancelled)}
		},
	},
	{
		name: "refund of another amount",
		do: func(s *shop) {
			s.payTwice(s.paid)
			s.do("HSET", paymentsKey(s.paid), "refund:again-"+s.paid+"/"+order.FullRefund("sandbox", s.paid), `{"id":"full","amount":1}`)
		},
		want: func(s *shop) []Finding { return []Finding{refundFinding(KindRefundDiffers, s.paid)} },
	},
	{
		name: "refund of an order that nobody knows lost",
		do: func(s *shop) {
			id := redistest.ID("order")
			s.forgotten[id], s.newest = true, id
			p := s.payment("again-"+id, order.Order{ID: id})
			r := order.RefundOf(p, order.RefundUnknownOrder)
			r.Status, r.DueAt = order.RefundCase, time.Now().UTC()
			s.work.owe(r)
		},
		want: func(s *shop) []Finding { return []Finding{refundFinding(KindRefundMissing, s.last())} },
	},
	{
		name: "dispute lost",
		do: func(s *shop) {
			s.dispute(s.delivered)
			s.do("HDEL", paymentsKey(s.delivered), "dispute:sandbox:dp_"+s.delivered)
		},
		want: func(s *shop) []Finding { return []Finding{disputeFinding(KindDisputeMissing, s.delivered)} },
	},
	{
		name: "dispute of another amount",
		do: func(s *shop) {
			s.dispute(s.paid)
			s.do("HSET", paymentsKey(s.paid), "dispute:sandbox:dp_"+s.paid, `{"id":"dp_1","amount":1}`)
		},
		want: func(s *shop) []Finding { return []Finding{disputeFinding(KindDisputeDiffers, s.paid)} },
	},
	{
		name: "document of an earlier order of the same id",
		do: func(s *shop) {
			o := s.work.orders[s.paid].order.Clone()
			o.PlacedAt = o.PlacedAt.AddDate(0, -2, 0)
			o.Deliver("operator", time.Now()) // its version is the higher one
			s.do("DEL", orderKey(s.paid))
			r, err := order.NewRecord(&o, nil)
			require.NoError(s.t, err)
			require.NoError(s.t, s.docs.Put(s.t.Context(), r))
		},
		want: func(s *shop) []Finding { return []Finding{{Kind: KindDocumentOld, OrderID: s.paid}} },
	},
}

func TestLostPaymentsAreFoundAndWrittenAgain(t *testing.T) {
	testDamages(t, paymentDamages)
}

// A refund that has yet to find out whether it is owed has no document.
func TestRefundThatIsNotJudgedIsNoFinding(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		r := order.RefundOf(s.payment("again-"+s.paid, s.work.orders[s.paid].order), order.RefundLate)
		for _, status := range []order.RefundStatus{"", order.RefundNotOwed} {
			r.Status = status
			s.work.owe(r)
			assert.Empty(t, s.audit(), "%q", status)
		}
		r.Status = order.RefundDue
		s.work.owe(r)
		assert.NotEmpty(t, s.audit(), "else nobody looked")
	})
}

// An order without findings in Redis is not queried, unless the audit is deep.
func TestPaymentsAreAskedForOnlyWhereSomethingIsOff(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		s.payTwice(s.delivered)
		assert.Empty(t, s.audit())
		assert.Zero(t, s.work.askedPayments)

		// The loss of a further payment shows nowhere but in the workflow.
		s.do("HDEL", paymentsKey(s.delivered), "payment:sandbox:again-"+s.delivered)
		assert.Empty(t, s.audit())
		cfg := s.config()
		cfg.Deep = true
		r, err := Run(t.Context(), cfg)
		require.NoError(t, err)
		assert.Equal(t, []Finding{paymentFinding(KindPaymentMissing, s.delivered, "again-")}, plain(s.mine(r.Findings)))
	})
}

// A workflow that writes during the repair keeps what it wrote.
func TestRepairWritesNothingOverWhatCameMeanwhile(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		s.fail(s.waiting)
		lost := s.work.orders[s.waiting].order.Clone()
		attempt := s.work.orders[s.waiting].attempts["sandbox:failed-"+s.waiting]
		s.do("DEL", orderKey(s.waiting))
		f := Finding{Kind: KindDocumentMissing, OrderID: s.waiting}
		r := Repairer{Config: s.config(), Stock: s.stock, Records: s.docs}
		// The order is paid by the same payment just after the workflow has answered.
		r.Orders = answersThen{s.work, func() {
			o := lost.Clone()
			p := s.payment(attempt.PaymentID, o)
			o.Pay(p, time.Now())
			s.record(o, true, order.NewAttempt(p, true))
		}}
		_, left, err := r.repair(t.Context(), []Finding{f})
		require.NoError(t, err)
		require.Len(t, left, 1)
		docs, err := r.Books.ReadDocuments(t.Context(), []string{s.waiting})
		require.NoError(t, err)
		assert.Equal(t, order.StatusPaid, docs[0].Order.Status)
		payments, err := r.Books.ReadPayments(t.Context(), []string{s.waiting})
		require.NoError(t, err)
		assert.Contains(t, string(payments[0].Attempts[attempt.Key()]), `"taken":true`)
	})
}
