package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
)

func held(id, currency string, items ...product.HeldItem) product.Hold {
	return product.Hold{ProductID: id, Outcome: product.HoldMade, Currency: currency, Items: items}
}

func refused(id string, refusals ...product.Refusal) product.Hold {
	return product.Hold{ProductID: id, Outcome: product.HoldRefused, Refusals: refusals}
}

var (
	mug          = product.HeldItem{SKU: "one", Title: "A mug", Quantity: 1, Price: 300}
	shirt        = product.HeldItem{SKU: "m", Title: "A shirt", Quantity: 2, Price: 500}
	heldByOthers = product.Refusal{SKU: "m", Reason: product.ReasonOutOfStock, Requested: 2, Available: 1, HeldByOthers: 5}
	short        = product.Refusal{SKU: "m", Reason: product.ReasonOutOfStock, Requested: 2, Available: 1}
)

func TestCombine(t *testing.T) {
	shortShirt := order.Shortage{ProductID: "shirt", SKU: "m", Requested: 2, Available: 1, Reason: product.ReasonOutOfStock}
	for name, c := range map[string]struct {
		answers []product.Hold
		want    order.Holding
	}{
		"all held": {
			[]product.Hold{held("mug", "EUR", mug), held("shirt", "EUR", shirt)},
			order.Holding{Held: true, Contended: true, Currency: "EUR", Items: []order.PricedItem{
				{SKU: "m", Title: "A shirt", Price: 500}, {SKU: "one", Title: "A mug", Price: 300},
			}},
		},
		"one is short for good": {
			[]product.Hold{held("mug", "EUR", mug), refused("shirt", short)},
			order.Holding{Shortages: []order.Shortage{shortShirt}},
		},
		"one is held by others": {
			[]product.Hold{held("mug", "EUR", mug), refused("shirt", heldByOthers)},
			order.Holding{Shortages: []order.Shortage{shortShirt}, Contended: true},
		},
		"one is held by others, another one not listed": {
			[]product.Hold{refused("mug", product.Refusal{Reason: product.ReasonNotListed}), refused("shirt", heldByOthers)},
			order.Holding{Shortages: []order.Shortage{
				{ProductID: "mug", Requested: 1, Reason: product.ReasonNotListed}, shortShirt,
			}},
		},
		"one could be held and was only asked": {
			[]product.Hold{refused("mug"), refused("shirt", short)},
			order.Holding{Shortages: []order.Shortage{shortShirt}},
		},
		"price changed": {
			[]product.Hold{
				refused("mug", product.Refusal{SKU: "one", Reason: product.ReasonPriceChanged, Requested: 1, Price: 350}),
				held("shirt", "EUR", shirt),
			},
			order.Holding{Shortages: []order.Shortage{
				{ProductID: "mug", SKU: "one", Requested: 1, Reason: product.ReasonPriceChanged, CurrentPrice: new(int64(350))},
			}},
		},
		"two currencies": {
			[]product.Hold{held("mug", "JPY", mug), held("shirt", "EUR", shirt)},
			order.Holding{Shortages: []order.Shortage{
				{ProductID: "shirt", SKU: "m", Requested: 2, Reason: product.ReasonOtherCurrency},
			}},
		},
		"this try has ended": {
			[]product.Hold{{ProductID: "mug", Outcome: product.HoldEnded}, held("shirt", "EUR", shirt)},
			order.Holding{Ended: true, Contended: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := order.Combine(placement(func(*order.Placement) {}), c.answers)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestOneProductIsNeverContended(t *testing.T) {
	p := placement(func(p *order.Placement) { p.Lines = p.Lines[:1] })
	got, err := order.Combine(p, []product.Hold{refused("shirt", heldByOthers)})
	require.NoError(t, err)
	require.False(t, got.Contended)
}

func TestAnswersThatCannotBe(t *testing.T) {
	p := placement(func(p *order.Placement) { p.Lines = p.Lines[:1] })
	for name, answer := range map[string]product.Hold{
		"other lines":   {ProductID: "shirt", Outcome: product.HoldConflict},
		"unknown":       {ProductID: "shirt", Outcome: "perhaps"},
		"another sku":   held("shirt", "EUR", product.HeldItem{SKU: "xl"}),
		"nothing of it": held("shirt", "EUR"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := order.Combine(p, []product.Hold{answer})
			require.ErrorContains(t, err, "shirt")
		})
	}
}

func TestGravest(t *testing.T) {
	inOrder := []product.RefusalReason{
		product.ReasonNotFound, product.ReasonUnknownSKU, product.ReasonNotListed, product.ReasonOtherCurrency, order.ReasonAmountTooLarge,
		order.ReasonDocumentTooLarge,
		product.ReasonPriceChanged, product.ReasonOutOfStock,
	}
	for i, graver := range inOrder {
		for _, lighter := range inOrder[i:] {
			require.Equal(t, graver, order.Gravest([]order.Shortage{{Reason: lighter}, {Reason: graver}, {Reason: lighter}}))
		}
	}
	require.Equal(t, product.ReasonOutOfStock, order.Gravest(nil))
	require.Equal(t, product.ReasonOutOfStock, order.Gravest([]order.Shortage{{Reason: "something newer"}}))
}

func TestTooLargeNamesEveryLine(t *testing.T) {
	p := placement(func(*order.Placement) {})
	h := order.TooLarge(p, order.ReasonDocumentTooLarge)
	require.False(t, h.Held)
	require.Len(t, h.Shortages, len(p.Lines))
	require.Equal(t, order.ReasonDocumentTooLarge, order.Gravest(h.Shortages))
}
