package inventory_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// The gateway's answer after reading the availability equals the script's answer: for any
// product, any stock that others hold of it, and any request of an order that holds nothing
// yet.
func TestALookAnswersAsTheScriptDoes(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store, seen := inventory.New(rdb), map[product.RefusalReason]int{}
		rapid.Check(t, func(r *rapid.T) {
			id, customer := redistest.ID("p"), uuid.NewString()
			skus := lookedAt(t.Context(), r, store, id, customer)
			for range 4 {
				compareAnswers(t.Context(), r, store, randomRequest(r, id, customer, skus), seen)
			}
		})
		if testing.Short() {
			return // too few requests to get every answer
		}
		for _, reason := range []product.RefusalReason{
			"", product.ReasonNotFound, product.ReasonNotListed, product.ReasonOtherCurrency, product.ReasonUnknownSKU, product.ReasonPriceChanged,
			product.ReasonOutOfStock, product.ReasonOverLimit, product.ReasonOverCustomerLimit,
		} {
			require.Positive(t, seen[reason], "no request was answered %q", reason)
		}
	})
}

// lookedAt creates a product, or none, of which another order of the customer may hold
// some.
func lookedAt(ctx context.Context, r *rapid.T, store *inventory.Store, id, customer string) (skus []string) {
	skus = []string{"red", "blue", "green"}[:rapid.IntRange(1, 3).Draw(r, "variants")]
	if rapid.IntRange(0, 9).Draw(r, "missing") == 0 {
		return skus
	}
	spec := product.Spec{Description: product.Description{Title: "A thing"}, Currency: "EUR"}
	if rapid.IntRange(0, 2).Draw(r, "limited product") == 0 {
		most := int64(3)
		spec.MaxPerOrder = &most
	}
	for _, sku := range skus {
		onHand := rapid.Int64Range(0, 6).Draw(r, "on hand")
		spec.Variants = append(spec.Variants, product.VariantSpec{
			SKU: sku, Price: rapid.Int64Range(1, 2).Draw(r, "price"), Stock: &onHand,
		})
	}
	p, _, err := store.Put(ctx, id, spec, nil)
	require.NoError(r, err)
	held := randomRequest(r, id, customer, skus)
	held.Currency, held.MaxUnits = "", 0
	_, err = store.Hold(ctx, []product.HoldRequest{held})
	require.NoError(r, err)
	if rapid.IntRange(0, 6).Draw(r, "delisted") == 0 {
		require.NoError(r, store.Delist(ctx, id, p.Listing))
	}
	return skus
}

func randomRequest(r *rapid.T, id, customer string, skus []string) product.HoldRequest {
	req := product.HoldRequest{
		ProductID: id, OrderID: uuid.NewString(), Try: 1, Deadline: time.Now().Add(time.Hour), PlacedAt: time.Now(),
		Currency: rapid.SampledFrom([]string{"EUR", "EUR", "", "USD"}).Draw(r, "currency"),
		MaxUnits: rapid.SampledFrom([]int64{0, 0, 4}).Draw(r, "shop's limit"),
	}
	if rapid.Bool().Draw(r, "limited") {
		req.CustomerID, req.MaxCustomerUnits = customer, rapid.Int64Range(1, 5).Draw(r, "customer's limit")
	}
	for range rapid.IntRange(1, 4).Draw(r, "lines") {
		req.Lines = append(req.Lines, product.HoldLine{
			SKU:      rapid.SampledFrom(append([]string{"", "none"}, skus...)).Draw(r, "sku"),
			Quantity: rapid.Int64Range(1, 4).Draw(r, "quantity"),
			Price:    rapid.SampledFrom([]int64{product.AnyPrice, 1, 2}).Draw(r, "price seen"),
		})
	}
	return req
}

func compareAnswers(
	ctx context.Context, r *rapid.T, store *inventory.Store, req product.HoldRequest, seen map[product.RefusalReason]int,
) {
	buyer := product.Buyer{CustomerID: req.CustomerID, UnitsOf: req.CustomerID}
	looks, _, err := store.Look(ctx, buyer, []product.Want{req.Want()})
	require.NoError(r, err)
	told := looks[0].Answer(req, req.Currency)
	holds, err := store.Hold(ctx, []product.HoldRequest{req})
	require.NoError(r, err)
	held := holds[0]
	require.Equal(r, held.Outcome, told.Outcome)
	require.Equal(r, held.Refusals, told.Refusals)
	if held.Outcome != product.HoldMade {
		for _, refusal := range held.Refusals {
			seen[refusal.Reason]++
		}
		return
	}
	seen[""]++
	require.Equal(r, held.Currency, told.Currency)
	require.Equal(r, held.Items, told.Items)
	_, err = store.Release(ctx, req.Holder(), req.Try, []string{req.ProductID}, "test")
	require.NoError(r, err)
}
