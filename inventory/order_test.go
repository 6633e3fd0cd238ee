package inventory_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

func TestAnOrderHoldsCommitsAndGivesBack(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		store := inventory.New(rdb)
		id := redistest.ID("shirt")
		p, created, err := store.Put(ctx, id, shirt(5, 2), nil)
		require.NoError(t, err)
		require.True(t, created)
		require.Equal(t, product.StatusListed, p.Status)
		require.Equal(t, int64(1), p.Listing)

		req := request(id, "o1", 1, line("S", 3), line("M", 1))
		want := product.Hold{
			ProductID: id, Outcome: product.HoldMade, Currency: "EUR", Listing: 1,
			Items: []product.HeldItem{
				{SKU: "S", Title: "Shirt – Small", Quantity: 3, Price: 1000},
				{SKU: "M", Title: "Shirt", Quantity: 1, Price: 1200},
			},
		}
		for range 2 { // the second message is a repetition
			holds, err := store.Hold(ctx, []product.HoldRequest{req})
			require.NoError(t, err)
			require.Equal(t, []product.Hold{want}, holds)
		}
		looks, _, err := store.Look(ctx, product.Buyer{OrderID: "o1"}, []product.Want{{ProductID: id, SKUs: []string{"S", "XL"}}})
		require.NoError(t, err)
		require.Equal(t, []product.Availability{{
			ProductID: id, Found: true, Status: product.StatusListed, Currency: "EUR", Listing: 1, OwnHold: product.HoldStateHeld,
			Terms: &product.Terms{},
			SKUs: []product.SKUAvailability{
				{SKU: "S", Known: true, Price: 1000, Stock: product.Stock{OnHand: 5, Held: 3}, Title: "Shirt – Small"},
				{SKU: "XL"},
			},
		}}, looks)

		states, err := store.Commit(ctx, product.Holder{OrderID: "o1"}, []string{id})
		require.NoError(t, err)
		require.Equal(t, []product.HoldState{product.HoldStateCommitted}, states)
		states, err = store.Release(ctx, product.Holder{OrderID: "o1"}, 1, []string{id}, "late")
		require.NoError(t, err)
		require.Equal(t, []product.HoldState{product.HoldStateCommitted}, states)
		p, err = store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, product.Stock{OnHand: 2, Adjusted: 5, Committed: 3}, p.Variants[0].Stock)
	})
}

// shirt is a product of two variants with this many units of S and M.
func shirt(s, m int64) product.Spec {
	return product.Spec{
		Description: product.Description{Title: "Shirt"},
		Currency:    "EUR",
		Variants: []product.VariantSpec{
			{SKU: "S", Title: "Small", Price: 1000, Stock: &s},
			{SKU: "M", Price: 1200, Stock: &m},
		},
	}
}

func line(sku string, quantity int64) product.HoldLine {
	return product.HoldLine{SKU: sku, Quantity: quantity, Price: product.AnyPrice}
}

func request(id, order string, try int, lines ...product.HoldLine) product.HoldRequest {
	return product.HoldRequest{
		ProductID: id, OrderID: order, Try: try, Lines: lines,
		Deadline: time.Now().Add(15 * time.Minute).Truncate(time.Millisecond),
	}
}
