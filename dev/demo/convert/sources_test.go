package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPricesAreExact(t *testing.T) {
	for amount, want := range map[string]int64{
		"9.99": 999, "0.07": 7, "1.1": 110, "1999": 199_900, "36999.99": 3_699_999, "0": 0, "1.005": -1, "": -1, "-1": -1, "1e3": -1, ".5": -1,
	} {
		got, err := minorUnits(amount)
		if want < 0 {
			require.Error(t, err, amount)
			continue
		}
		require.NoError(t, err, amount)
		require.Equal(t, want, got, amount)
	}
}

func TestNames(t *testing.T) {
	require.Equal(t, "essence-mascara-lash-princess", slug("Essence Mascara Lash Princess"))
	require.Equal(t, "mens-off-white-and-red-2", slug(" Men's Off-White & Red (2) "))
	require.Equal(t, "Men's Shirts", readable("mens-shirts"))
	require.Equal(t, "Home Decoration", readable("home-decoration"))
}

func TestEntryOfDummyJSON(t *testing.T) {
	var s dummyJSON
	require.NoError(t, json.Unmarshal([]byte(`{"id":1,"title":"Red Lipstick","description":"D","category":"beauty","price":12.99,
		"stock":7,"tags":["beauty"],"brand":"Chic","sku":"BEA-1","warrantyInformation":"1 week warranty","returnPolicy":"No return policy",
		"thumbnail":"https://cdn.dummyjson.com/x.webp"}`), &s))
	p, err := fromDummyJSON(s)
	require.NoError(t, err)
	require.NoError(t, p.Validate())
	line, err := encode(p)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"red-lipstick","title":"Red Lipstick","description":"D","brand":"Chic","category":"Beauty","tags":["beauty"],
		"image":"https://cdn.dummyjson.com/x.webp","attributes":{"warranty":"1 week warranty","returns":"No return policy"},"currency":"USD",
		"variants":[{"sku":"BEA-1","price":1299,"stock":7}]}`, string(line))
}

func TestEntryOfLitemall(t *testing.T) {
	p, err := fromLitemall(litemall{ID: "1006002", Name: "轻奢纯棉刺绣水洗四件套", Category: "床品件套", Brief: "精致绣花", Price: "899.00", Image: "http://x/y.png"})
	require.NoError(t, err)
	require.NoError(t, p.Validate())
	require.Equal(t, "litemall-1006002", p.ID)
	require.Equal(t, "CNY", p.Currency)
	require.EqualValues(t, 89_900, p.Variants[0].Price)
}
