package price_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/price"
)

func TestAUnitCostsItsListPriceLessLevelAndItemPromotions(t *testing.T) {
	book, err := price.Parse([]byte(`{
		"levels": [{"number": 1, "name": "Silver", "discount": 1000}],
		"itemPromotions": [{"id": "used", "title": "Used", "scope": {"tags": ["used"]}, "action": {"rate": 5000}}],
		"orderPromotions": [{"id": "all", "title": "All", "action": {"rate": 5000}}],
		"taxes": {"included": false, "home": {"country": "DE"}, "classes": [{"id": "all", "default": true}],
			"rules": [{"class": "all", "country": "DE", "rate": 1900}]}}`))
	require.NoError(t, err)
	r := price.Request{
		At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Currency: "EUR", Level: 1,
		Lines: []price.Line{{ProductID: "b", SKU: "one", Tags: []string{"used"}, Quantity: 1, UnitPrice: 1000}},
	}
	unit, off, err := price.Unit(book, r)
	require.NoError(t, err)
	require.Equal(t, int64(450), unit)
	require.Equal(t, []order.Adjustment{
		{Kind: order.AdjustmentLevel, Source: "1", Amount: -100},
		{Kind: order.AdjustmentItemPromotion, Source: "used", Amount: -450},
	}, off)
	unit, off, err = price.Unit(nil, r)
	require.NoError(t, err)
	require.Equal(t, int64(1000), unit)
	require.Empty(t, off)
	r.Lines[0].Quantity = 2
	_, _, err = price.Unit(book, r)
	require.Error(t, err)
}
