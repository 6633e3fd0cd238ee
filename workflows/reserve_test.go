package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/product"
)

func TestRejectedWithEveryFailingLine(t *testing.T) {
	seen := int64(499)
	for name, c := range map[string]struct {
		lines  []order.LineRequest
		before func(*scenario)
		reason order.Reason
		want   []order.Shortage
	}{
		"too many": {
			lines: []order.LineRequest{line("shirt", 11), line("mug", 1)}, reason: "insufficient_stock",
			want: []order.Shortage{{ProductID: "shirt", SKU: "shirt-1", Requested: 11, Available: 10, Reason: product.ReasonOutOfStock}},
		},
		"too many in sum": {
			lines: []order.LineRequest{line("shirt", 6), line("mug", 1), line("shirt", 5)}, reason: "insufficient_stock",
			want: []order.Shortage{{ProductID: "shirt", SKU: "shirt-1", Requested: 11, Available: 10, Reason: product.ReasonOutOfStock}},
		},
		"unknown product, and one that is short": {
			lines: []order.LineRequest{line("ghost", 1), line("mug", 11)}, reason: "not_found",
			want: []order.Shortage{
				{ProductID: "ghost", Requested: 1, Reason: product.ReasonNotFound},
				{ProductID: "mug", SKU: "mug-1", Requested: 11, Available: 10, Reason: product.ReasonOutOfStock},
			},
		},
		"unknown variant": {
			lines: []order.LineRequest{{ProductID: "shirt", SKU: "xl", Quantity: 1}}, reason: "unknown_sku",
			want: []order.Shortage{{ProductID: "shirt", SKU: "xl", Requested: 1, Reason: product.ReasonUnknownSKU}},
		},
		"delisted": {
			lines:  []order.LineRequest{line("shirt", 1)},
			before: func(s *scenario) { s.NoError(s.stock.Delist(s.Context(), "shirt", 1)) },
			reason: "not_listed",
			want:   []order.Shortage{{ProductID: "shirt", Requested: 1, Reason: product.ReasonNotListed}},
		},
		"price changed": {
			lines:  []order.LineRequest{{ProductID: "shirt", Quantity: 1, UnitPrice: &seen}, line("mug", 1)},
			reason: "price_changed",
			want: []order.Shortage{{
				ProductID: "shirt", SKU: "shirt-1", Requested: 1, Reason: product.ReasonPriceChanged, CurrentPrice: new(int64(500)),
			}},
		},
		"two currencies": {
			lines:  []order.LineRequest{line("mug", 1), line("yukata", 1)},
			before: func(s *scenario) { s.offer("yukata", "JPY", 9000) },
			reason: "other_currency",
			want:   []order.Shortage{{ProductID: "yukata", Requested: 1, Reason: product.ReasonOtherCurrency}},
		},
		"another currency than the gateway saw": {
			lines:  []order.LineRequest{line("mug", 1)},
			before: func(s *scenario) { s.placement.Currency = "JPY" },
			reason: "other_currency",
			want:   []order.Shortage{{ProductID: "mug", Requested: 1, Reason: product.ReasonOtherCurrency}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, c.lines...)
			if c.before != nil {
				c.before(s)
			}
			s.run()
			s.Equal(order.StatusRejected, s.result.Status)
			s.Equal(c.reason, s.result.Reason)
			s.ElementsMatch(c.want, s.result.Shortages)
			s.Equal(&order.Outcome{
				Status: order.StatusRejected, Version: s.result.Version, Reason: c.reason, Shortages: s.result.Shortages, Fingerprint: "f1",
			}, s.outcome)
			s.Equal([]string{"rejected"}, s.statuses)
			s.Zero(s.faults.count(inTurn), "nothing that others hold would help")
		})
	}
}

func TestTotalThatDoesNotFitIsRejected(t *testing.T) {
	lines := make([]order.LineRequest, 10)
	for i := range lines {
		lines[i] = line("yacht", order.MaxQuantity)
	}
	s := open(t, lines...)
	s.offer("yacht", "EUR", product.MaxPrice)
	plenty := 10 * order.MaxQuantity
	_, err := s.stock.Adjust(s.Context(), product.Adjustment{ProductID: "yacht", ActionID: "a", OnHand: &plenty})
	s.NoError(err)
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.Reason(order.ReasonAmountTooLarge), s.result.Reason)
	s.Zero(s.stockOf("yacht").Held)
}

// Others hold what the order lacks: it releases, and asks product by product.
func TestContendedOrderWinsInItsSecondTry(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 2))
	s.othersHold()
	s.faults.before[inTurn] = once(func() {
		s.Zero(s.stockOf("shirt").Held, "the first try was given back before the second one asks")
		s.othersGiveBack()
	})
	s.at(time.Minute, func() { s.succeeds("pay-1", 1600) })
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(1, s.faults.count(hold))
	s.Equal(1, s.faults.count(inTurn))
	detail, err := s.stock.HoldDetail(s.Context(), "mug", orderID)
	s.NoError(err)
	s.Equal(2, detail.Try)
}

func TestSecondTryIsGivenBackToo(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 2))
	s.othersHold()
	s.faults.before[inTurn] = once(func() { s.othersGiveBack() })
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	s.Equal(2, s.faults.count(release))
}

func TestContendedOrderThatLosesItsSecondTryToo(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 2))
	s.othersHold()
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal([]order.Shortage{{
		ProductID: "mug", SKU: "mug-1", Requested: 2, Available: 1, Reason: product.ReasonOutOfStock,
	}}, s.result.Shortages)
	s.Equal(1, s.faults.count(inTurn))
	s.Equal(2, s.faults.count(release))
}

func TestContendedOrderOfOneProductHasNothingToGiveBack(t *testing.T) {
	s := open(t, line("mug", 2))
	s.othersHold()
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(1, s.faults.count(hold))
	s.Zero(s.faults.count(inTurn))
}

func TestRedisAwayInTheSecondTry(t *testing.T) {
	for name, away := range map[string]func(*scenario){
		"request lost": func(s *scenario) { s.faults.before[inTurn] = first(5) },
		"answer lost":  func(s *scenario) { s.faults.after[inTurn] = first(5) },
		"give back":    func(s *scenario) { s.faults.after[release] = first(5) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2), line("mug", 2))
			s.othersHold()
			away(s)
			s.at(100*time.Millisecond, func() { s.othersGiveBack() })
			s.at(time.Minute, func() { s.succeeds("pay-1", 1600) })
			s.later()
			s.run()
			if name == "request lost" || name == "give back" {
				s.Equal(order.StatusDelivered, s.result.Status)
			}
		})
	}
}

// A workflow that was reset finds the tries of its earlier run ended.
func TestTriesOfAnEarlierLifeAreEnded(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 1))
	_, err := s.stock.Release(s.Context(), product.Holder{OrderID: orderID}, 3, []string{"shirt"}, "customer")
	s.NoError(err)
	s.at(time.Minute, func() { s.succeeds("pay-1", 1300) })
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	for _, id := range []string{"shirt", "mug"} {
		detail, err := s.stock.HoldDetail(s.Context(), id, orderID)
		s.NoError(err)
		s.Equal(4, detail.Try)
	}
}
