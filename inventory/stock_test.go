package inventory_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

func TestAdjust(t *testing.T) {
	tooMany := product.Invalid{{Path: "delta", Reason: "would leave more than 1000000000000 on hand"}}
	rows := []struct {
		name    string
		sku     string
		delta   int64
		counted bool
		want    product.Stock
		refused error
	}{
		{name: "received", sku: "S", delta: 3, want: product.Stock{OnHand: 8, Held: 2, Adjusted: 8}},
		{name: "lost", sku: "S", delta: -3, want: product.Stock{OnHand: 2, Held: 2, Adjusted: 2}},
		{name: "counted", sku: "S", counted: true, delta: 4, want: product.Stock{OnHand: 4, Held: 2, Adjusted: 4}},
		{name: "counted as it is", sku: "S", counted: true, delta: 5, want: product.Stock{OnHand: 5, Held: 2, Adjusted: 5}},
		{name: "into the holds", sku: "S", delta: -4, refused: &product.StrandsError{OnHand: 5, Held: 2, Wanted: 1}},
		{name: "below zero", sku: "M", delta: -1, refused: &product.StrandsError{Wanted: -1}},
		{name: "counted below the holds", sku: "S", counted: true, delta: 1, refused: &product.StrandsError{OnHand: 5, Held: 2, Wanted: 1}},
		{name: "no such variant", sku: "L", delta: 1, refused: product.ErrUnknownSKU},
		{name: "which variant", sku: "", delta: 1, refused: product.ErrUnknownSKU},
		{name: "more than can be", sku: "S", delta: product.MaxStock, refused: tooMany},
	}
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store := inventory.New(rdb)
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				ctx, id := t.Context(), redistest.ID("shirt")
				_, _, err := store.Put(ctx, id, shirt(5, 0), nil)
				require.NoError(t, err)
				_, err = store.Hold(ctx, []product.HoldRequest{request(id, "o", 1, line("S", 2))})
				require.NoError(t, err)
				was, err := store.Get(ctx, id)
				require.NoError(t, err)
				a := product.Adjustment{ProductID: id, ActionID: "any text: a/b", SKU: row.sku, Delta: &row.delta}
				if row.counted {
					a.Delta, a.OnHand = nil, &row.delta
				}
				if row.refused == nil {
					for range 2 { // once per action id
						got, err := store.Adjust(ctx, a)
						require.NoError(t, err)
						require.Equal(t, row.want, got)
					}
					a.Reason = "another body"
					_, err = store.Adjust(ctx, a)
					require.ErrorIs(t, err, product.ErrActionReused)
					return
				}
				_, err = store.Adjust(ctx, a)
				requireRefused(t, row.refused, err)
				now, err := store.Get(ctx, id)
				require.NoError(t, err)
				require.Equal(t, was, now)
			})
		}
		one := int64(1)
		_, err := store.Adjust(t.Context(), product.Adjustment{ProductID: redistest.ID("none"), ActionID: "a", Delta: &one})
		require.ErrorIs(t, err, product.ErrNotFound)
	})
}

func TestListAndDelist(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), inventory.New(rdb), redistest.ID("shirt")
		_, err := store.List(ctx, id)
		require.ErrorIs(t, err, product.ErrNotFound)
		require.ErrorIs(t, store.Delist(ctx, id, 1), product.ErrNotFound)
		_, _, err = store.Put(ctx, id, shirt(1, 0), nil)
		require.NoError(t, err)

		listing, err := store.List(ctx, id)
		require.NoError(t, err)
		require.Equal(t, int64(1), listing, "it was listed when it was created")
		for range 2 {
			require.NoError(t, store.Delist(ctx, id, 1))
		}
		p, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, product.StatusDelisted, p.Status)
		require.Equal(t, int64(1), p.Listing, "holds up to 1 are those of the listing that ended")
		listing, err = store.List(ctx, id)
		require.NoError(t, err)
		require.Equal(t, int64(2), listing)
		require.ErrorIs(t, store.Delist(ctx, id, 1), product.ErrRelisted)
		p, err = store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, product.StatusListed, p.Status)
	})
}

func TestRestockGivesSoldUnitsBackOncePerReturn(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), inventory.New(rdb), redistest.ID("shirt")
		one := []product.Item{{SKU: "S", Quantity: 1}}
		me := product.Holder{OrderID: "o", PlacedAt: time.Now()}
		restock := func(returnID string, items ...product.Item) (map[string]int64, error) {
			return store.Restock(ctx, me, id, returnID, items)
		}
		_, err := restock("r1", one...)
		require.ErrorIs(t, err, product.ErrNotSold)
		_, _, err = store.Put(ctx, id, shirt(5, 0), nil)
		require.NoError(t, err)
		r := request(id, "o", 1, line("S", 3))
		r.PlacedAt = me.PlacedAt
		_, err = store.Hold(ctx, []product.HoldRequest{r})
		require.NoError(t, err)
		_, err = restock("r1", one...)
		require.ErrorIs(t, err, product.ErrNotSold, "what is only held can't come back twice")
		_, err = store.Commit(ctx, me, []string{id})
		require.NoError(t, err)
		for range 2 {
			units, err := restock("r1", one...)
			require.NoError(t, err)
			require.Equal(t, map[string]int64{"S": 1}, units)
		}
		_, err = restock("r1", product.Item{SKU: "S", Quantity: 2})
		require.ErrorIs(t, err, product.ErrActionReused)
		units, err := restock("r2", append(one, one...)...)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S": 2}, units, "items of one sku are summed")
		units, err = restock("r3", append(one, product.Item{SKU: "L", Quantity: 1})...)
		require.NoError(t, err)
		require.Empty(t, units, "all that was sold is back, and no other variant was")
		p, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, product.Stock{OnHand: 5, Adjusted: 5, Committed: 3, Restocked: 3}, p.Variants[0].Stock)
	})
}

func TestADroppedVariantKeepsNoOtherFromComingBack(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), inventory.New(rdb), redistest.ID("shirt")
		me := product.Holder{OrderID: "o", PlacedAt: time.Now()}
		spec := shirt(5, 5)
		_, _, err := store.Put(ctx, id, spec, nil)
		require.NoError(t, err)
		r := request(id, "o", 1, line("S", 3), line("M", 2))
		r.PlacedAt = me.PlacedAt
		_, err = store.Hold(ctx, []product.HoldRequest{r})
		require.NoError(t, err)
		_, err = store.Commit(ctx, me, []string{id})
		require.NoError(t, err)
		all := []product.Item{{SKU: "S", Quantity: 3}, {SKU: "M", Quantity: 2}}
		put := func(variants ...product.VariantSpec) {
			p, err := store.Get(ctx, id)
			require.NoError(t, err)
			for i := range variants {
				variants[i].Stock = nil
			}
			for _, v := range p.Variants { // a variant is dropped only without stock
				nothing := int64(0)
				_, err := store.Adjust(ctx, product.Adjustment{
					ProductID: id, ActionID: redistest.ID("a"), SKU: v.SKU, OnHand: &nothing, Reason: "count", Actor: "operator",
				})
				require.NoError(t, err)
			}
			s := spec
			s.Variants = variants
			_, _, err = store.Put(ctx, id, s, nil)
			require.NoError(t, err)
		}
		put(spec.Variants[0])
		for range 2 {
			units, err := store.Restock(ctx, me, id, "cancel", all)
			require.ErrorIs(t, err, product.ErrUnknownSKU)
			require.ErrorContains(t, err, "M")
			require.Equal(t, map[string]int64{"S": 3}, units)
			p, err := store.Get(ctx, id)
			require.NoError(t, err)
			require.Equal(t, int64(3), p.Variants[0].Stock.OnHand)
			require.NoError(t, p.Variants[0].Stock.Check())
		}
		put(spec.Variants...)
		for range 2 {
			units, err := store.Restock(ctx, me, id, "cancel", all)
			require.NoError(t, err)
			require.Equal(t, map[string]int64{"S": 3, "M": 2}, units)
			hold, err := store.HoldDetail(ctx, id, "o")
			require.NoError(t, err)
			require.Equal(t, units, hold.Returned)
			p, err := store.Get(ctx, id)
			require.NoError(t, err)
			require.Equal(t, int64(2), p.Variants[1].Stock.OnHand)
		}
	})
}

func TestLook(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		two, single, none := redistest.ID("two"), redistest.ID("single"), redistest.ID("none")
		spec := shirt(5, 2)
		spec.Category, spec.Tags = "shirts", []string{"new", "cotton"}
		_, _, err := store.Put(ctx, two, spec, nil)
		require.NoError(t, err)
		spec = shirt(4, 0)
		spec.Variants, spec.Status = spec.Variants[:1], product.StatusDraft
		_, _, err = store.Put(ctx, single, spec, nil)
		require.NoError(t, err)
		_, err = store.Hold(ctx, []product.HoldRequest{request(two, "o", 1, line("M", 1))})
		require.NoError(t, err)

		want := []product.Availability{
			{
				ProductID: two, Found: true, Status: product.StatusListed, Currency: "EUR", Listing: 1, OwnHold: product.HoldStateHeld,
				Terms: &product.Terms{Category: "shirts", Tags: []string{"new", "cotton"}},
				SKUs: []product.SKUAvailability{
					{SKU: "M", Known: true, Price: 1200, Stock: product.Stock{OnHand: 2, Held: 1}, Title: "Shirt"},
					{SKU: ""}, // which one of the two?
				},
			},
			{ProductID: none, OwnHold: product.HoldStateNone, SKUs: []product.SKUAvailability{{SKU: "S"}, {SKU: ""}}},
			{
				ProductID: single, Found: true, Status: product.StatusDraft, Currency: "EUR", OwnHold: product.HoldStateNone, Terms: &product.Terms{},
				SKUs: []product.SKUAvailability{{SKU: "S", Known: true, Price: 1000, Stock: product.Stock{OnHand: 4}, Title: "Shirt – Small"}},
			},
		}
		wants := []product.Want{
			{ProductID: two, SKUs: []string{"M", ""}},
			{ProductID: none, SKUs: []string{"S", ""}},
			{ProductID: single, SKUs: []string{""}},
		}
		got, _, err := store.Look(ctx, product.Buyer{OrderID: "o"}, wants)
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, _, err = store.Look(ctx, product.Buyer{}, wants)
		require.NoError(t, err)
		want[0].OwnHold = product.HoldStateNone
		require.Equal(t, want, got)

		// With every sku named it is read in another way, with the same answer.
		want[0].OwnHold = product.HoldStateHeld
		for i := range wants {
			wants[i].SKUs = []string{"S"}
			want[i].SKUs = want[i].SKUs[:1]
		}
		want[0].SKUs[0] = product.SKUAvailability{SKU: "S", Known: true, Price: 1000, Stock: product.Stock{OnHand: 5}, Title: "Shirt – Small"}
		got, _, err = store.Look(ctx, product.Buyer{OrderID: "o"}, wants)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// A failed read is an error, not "no such product".
func TestLookTellsAFailureFromNothingFound(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store := inventory.New(rdb)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, sku := range []string{"S", ""} {
			_, _, err := store.Look(ctx, product.Buyer{OrderID: "o"}, []product.Want{{ProductID: redistest.ID("none"), SKUs: []string{sku}}})
			require.ErrorIs(t, err, context.Canceled)
		}
	})
}

// A server that has lost its scripts half-way receives them again.
func TestScriptsThatTheServerForgotAreSentAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		var reqs []product.HoldRequest
		var ids []string
		for range 10 {
			id := redistest.ID("shirt")
			_, _, err := store.Put(ctx, id, shirt(5, 0), nil)
			require.NoError(t, err)
			reqs, ids = append(reqs, request(id, "o", 1, line("S", 1))), append(ids, id)
		}
		for range 2 { // the second time all are there
			require.NoError(t, rdb.ScriptFlush(ctx).Err())
			holds, err := store.Hold(ctx, reqs)
			require.NoError(t, err)
			for i, h := range holds {
				require.Equal(t, product.HoldMade, h.Outcome)
				require.Equal(t, ids[i], h.ProductID)
			}
		}
		require.NoError(t, rdb.ScriptFlush(ctx).Err())
		states, err := store.Commit(ctx, product.Holder{OrderID: "o"}, ids)
		require.NoError(t, err)
		for _, s := range states {
			require.Equal(t, product.HoldStateCommitted, s)
		}
	})
}
