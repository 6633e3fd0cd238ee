package demo_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/dev/demo"
	"holdfast/inventory"
	"holdfast/product"
	"holdfast/search"
)

func load(t *testing.T, name string) []demo.Product {
	t.Helper()
	list, err := demo.Load(name)
	require.NoError(t, err)
	return list
}

func TestCatalogues(t *testing.T) {
	for name, want := range map[string]struct {
		products int
		currency string
	}{"en": {194, "USD"}, "zh": {239, "CNY"}} {
		t.Run(name, func(t *testing.T) {
			list := load(t, name)
			require.Len(t, list, want.products)
			ids, soldOut := map[string]bool{}, 0
			for _, p := range list {
				require.NoError(t, p.Validate(), p.ID)
				require.True(t, product.ValidID(p.ID), p.ID)
				require.False(t, ids[p.ID], "%s is there twice", p.ID)
				ids[p.ID] = true
				require.Equal(t, want.currency, p.Currency)
				require.NotEmpty(t, p.Description.Description, p.ID)
				require.NotEmpty(t, p.Category, p.ID)
				require.True(t, utf8.ValidString(p.Title))
				require.Contains(t, p.Image, "://")
				require.Len(t, p.Variants, 1)
				require.Positive(t, p.Variants[0].Price, p.ID)
				require.NotNil(t, p.Variants[0].Stock, p.ID)
				if *p.Variants[0].Stock == 0 {
					soldOut++
				}
			}
			require.NotZero(t, soldOut, "something to see sold out")
			require.Less(t, soldOut, len(list)/10)
		})
	}
	require.ElementsMatch(t, []string{"en", "zh"}, demo.Names())
}

func TestPricesOfTheCatalogues(t *testing.T) {
	price := func(name, id string) int64 {
		for _, p := range load(t, name) {
			if p.ID == id {
				return p.Variants[0].Price
			}
		}
		require.Fail(t, "missing", id)
		return 0
	}
	require.EqualValues(t, 999, price("en", "essence-mascara-lash-princess"))
	require.EqualValues(t, 89900, price("zh", "litemall-1006002"))
}

func TestUnknownCatalogueNamesTheOthers(t *testing.T) {
	for _, name := range []string{"", "de", "../en", "off"} {
		_, err := demo.Load(name)
		require.ErrorContains(t, err, "choose en, zh or off", name)
	}
}

func TestFillLeavesWhatIsThere(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { require.NoError(t, rdb.Close()) })
	shop := inventory.New(rdb)
	list := load(t, "en")
	created, err := demo.Fill(t.Context(), shop, list[:50])
	require.NoError(t, err)
	require.Equal(t, 50, created)

	edited := list[0].Spec
	edited.Title, edited.Variants[0].Stock = "Mine now", nil
	_, _, err = shop.Put(t.Context(), list[0].ID, edited, nil)
	require.NoError(t, err)
	require.NoError(t, shop.Delist(t.Context(), list[1].ID, 1))
	before := everything(t, shop, list[:50])

	created, err = demo.Fill(t.Context(), shop, load(t, "en"))
	require.NoError(t, err)
	require.Equal(t, len(list)-50, created, "only what was missing")
	require.Equal(t, before, everything(t, shop, list[:50]))
	require.Equal(t, "Mine now", before[0].Title)
	require.Equal(t, product.StatusDelisted, before[1].Status)
	for _, p := range everything(t, shop, list) {
		require.NoError(t, search.FromProduct(p).Validate(), p.ID)
	}
}

func everything(t *testing.T, shop *inventory.Store, list []demo.Product) []product.Product {
	t.Helper()
	var all []product.Product
	for _, p := range list {
		got, err := shop.Get(t.Context(), p.ID)
		require.NoError(t, err)
		all = append(all, got)
	}
	return all
}

func TestFillStopsWhereTheShopFails(t *testing.T) {
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, rdb.Close()) })
	server.SetError("LOADING " + strings.Repeat("x", 3))
	_, err := demo.Fill(t.Context(), inventory.New(rdb), load(t, "zh"))
	require.ErrorContains(t, err, "fill the demo shop")
}
