package audit

import (
	"math/rand/v2"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/redisdb/redistest"
)

// life takes one order through a random life of payments, as honest sagas would, in as many
// steps as it takes.
func (s *till) life(draw *rand.Rand) {
	s.t.Helper()
	id := s.place()
	for range draw.IntN(3) { // tries that were cancelled, some of them paid late all the same
		p := s.open(id)
		_, err := s.provider.Cancel(s.t.Context(), p, order.PaymentRequest{OrderID: id, Amount: tillPrice, Currency: "EUR"})
		require.NoError(s.t, err)
		if draw.IntN(4) == 0 {
			s.choose(p, sandbox.Choice{Action: sandbox.ActionPayLate, Amount: 1 + draw.Int64N(tillPrice-1)})
			s.goesBack(draw, s.hears(id, p))
		}
	}
	p := s.open(id)
	switch draw.IntN(6) {
	case 0: // it waits
	case 1:
		s.choose(p, sandbox.Choice{Action: sandbox.ActionRefuse})
		s.end(id, order.StatusCancelled)
	case 2:
		s.end(id, order.StatusExpired, p)
		if draw.IntN(2) == 0 {
			s.choose(p, sandbox.Choice{Action: sandbox.ActionPayLate})
			s.goesBack(draw, s.hears(id, p))
		}
	case 3:
		s.choose(p, sandbox.Choice{Action: sandbox.ActionPayTwice})
		s.hears(id, p)
		s.goesBack(draw, s.hears(id, p+"~2"))
	default:
		s.pays(p)
		s.hears(id, p)
		s.afterwards(draw, id)
	}
}

// afterwards continues a paid order: partial refunds, its cancellation, its delivery.
func (s *till) afterwards(draw *rand.Rand, id string) {
	back := int64(0)
	for n := range draw.IntN(3) {
		r := s.put(s.part(id, string(rune('a'+n)), 1+draw.Int64N(tillPrice/4)))
		s.goesBack(draw, &r)
		back += r.Amount
	}
	switch draw.IntN(3) {
	case 0:
		r := s.takeBack(id, back)
		s.goesBack(draw, &r)
	case 1:
		s.orders[id].Deliver("operator", s.orders[id].PlacedAt)
		s.record(id)
	}
}

// goesBack takes a refund to a random stage.
func (s *till) goesBack(draw *rand.Rand, r *order.Refund) {
	switch draw.IntN(6) {
	case 0: // due
	case 1:
		r.Status = order.RefundPending
		s.put(*r)
	case 2:
		r.Status = order.RefundFailed
		s.put(*r)
	case 3:
		r.Status = order.RefundSettled
		s.put(*r)
	case 4: // paid out, but its workflow doesn't know yet
		s.refund(*r, r.ID)
	default:
		s.payOut(r)
	}
}

// Honest lives have no findings, and each damage among them is found, and only that.
func TestRandomLivesOfPayments(t *testing.T) {
	rounds, orders := 25, 40
	if testing.Short() {
		rounds = 5
	}
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		for round := range rounds {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			draw := rand.New(rand.NewPCG(7, uint64(round)))
			s := openTill(t, rdb)
			for range orders {
				s.life(draw)
			}
			report := s.audit()
			require.Empty(t, report.Findings, "round %d", round)
			sum := report.Sums["EUR"]
			require.Equal(t, sum.PaidThere, sum.PaidHere, "round %d", round)

			d := moneyDamages[draw.IntN(len(moneyDamages))]
			want := d.do(s)
			assert.Equal(t, want, outline(s.audit().Findings), "round %d: %s", round, d.name)
		}
	})
}
