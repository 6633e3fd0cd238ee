package inventory_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// Each row puts a spec on a listed shirt with 5 S, one of them held, and no M.
func TestPut(t *testing.T) {
	six := int64(6)
	rows := []struct {
		name    string
		change  func(s *product.Spec)
		stale   bool
		refused error
		same    bool // nothing differs: no version moves
	}{
		{name: "as it is", change: func(*product.Spec) {}, same: true},
		{name: "as it is, nothing stated", change: func(s *product.Spec) { s.Variants[0].Stock = nil }, same: true},
		{name: "as it is, status stated", change: func(s *product.Spec) { s.Status = product.StatusListed }, same: true},
		{name: "as it is, but read before", change: func(*product.Spec) {}, stale: true, refused: product.ErrStale},
		{name: "another title", change: func(s *product.Spec) { s.Title = "Hemd" }},
		{name: "another variant title", change: func(s *product.Spec) { s.Variants[0].Title = "Klein" }},
		{name: "another price", change: func(s *product.Spec) { s.Variants[0].Price++ }},
		{name: "another order of variants", change: func(s *product.Spec) {
			s.Variants[0], s.Variants[1] = s.Variants[1], s.Variants[0]
		}},
		{name: "one more variant, with stock", change: func(s *product.Spec) {
			s.Variants = append(s.Variants, product.VariantSpec{SKU: "L", Price: 1, Stock: &six})
		}},
		{name: "an empty variant left out", change: func(s *product.Spec) { s.Variants = s.Variants[:1] }},
		{
			name: "a stocked variant left out", change: func(s *product.Spec) { s.Variants = s.Variants[1:] },
			refused: &product.HeldSKUError{SKU: "S", Stock: product.Stock{OnHand: 5, Held: 1}},
		},
		{
			name: "another stock", change: func(s *product.Spec) { s.Variants[0].Stock = &six },
			refused: &product.MovedError{Field: "variants[0].stock", Now: "5"},
		},
		{
			name: "another status", change: func(s *product.Spec) { s.Status = product.StatusDraft },
			refused: &product.MovedError{Field: "status", Now: "listed"},
		},
		{
			name: "another currency", change: func(s *product.Spec) { s.Currency = "USD" },
			refused: &product.MovedError{Field: "currency", Now: "EUR"},
		},
	}
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store := inventory.New(rdb)
		t.Run("to create only", func(t *testing.T) {
			id := redistest.ID("shirt")
			_, created, err := store.Put(t.Context(), id, shirt(5, 0), new(product.NotThere))
			require.NoError(t, err)
			require.True(t, created)
			was, err := store.Get(t.Context(), id)
			require.NoError(t, err)
			spec := shirt(5, 0)
			spec.Title = "Hemd"
			_, _, err = store.Put(t.Context(), id, spec, new(product.NotThere))
			require.ErrorIs(t, err, product.ErrExists)
			now, err := store.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, was, now)
		})
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				ctx, id := t.Context(), redistest.ID("shirt")
				_, _, err := store.Put(ctx, id, shirt(5, 0), nil)
				require.NoError(t, err)
				_, err = store.Hold(ctx, []product.HoldRequest{request(id, "o", 1, line("S", 1))})
				require.NoError(t, err)
				was, err := store.Get(ctx, id)
				require.NoError(t, err)

				spec := shirt(5, 0)
				row.change(&spec)
				read := was.DocVersion
				if row.stale {
					read--
				}
				got, created, err := store.Put(ctx, id, spec, &read)
				require.False(t, created)
				now, getErr := store.Get(ctx, id)
				require.NoError(t, getErr)
				if row.refused != nil {
					requireRefused(t, row.refused, err)
					require.Equal(t, was, now, "refused, so nothing changed")
					return
				}
				require.NoError(t, err)
				require.Equal(t, now, got)
				if row.same {
					require.Equal(t, was, got)
					return
				}
				require.Greater(t, got.Version, was.Version)
				require.Equal(t, got.Version, got.DocVersion)
				require.Len(t, got.Variants, len(spec.Variants))
				for i, v := range spec.Variants {
					require.Equal(t, v.SKU, got.Variants[i].SKU)
					require.NoError(t, got.Variants[i].Stock.Check())
				}
			})
		}
	})
}

func TestPutKeepsEverythingThatIsSaidOfAProduct(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), inventory.New(rdb), redistest.ID("lamp")
		nine := int64(9)
		spec := product.Spec{
			Description: product.Description{
				Title: "灯 \"Lux\" \\ / \U0001F3EE", Description: strings.Repeat("é\n", 1000), Brand: "B", Category: "C",
				Tags: []string{"a", "b"}, Image: "https://example.com/i.png", Attributes: map[string]string{"W": "60"},
			},
			Currency: "JPY", Status: product.StatusDraft,
			Variants: []product.VariantSpec{{SKU: "x", Title: "weiß", Price: product.MaxPrice, Stock: &nine}},
		}
		read := int64(1)
		_, _, err := store.Put(ctx, id, spec, &read)
		require.ErrorIs(t, err, product.ErrStale, "a version was read of a product that isn't there")
		p, created, err := store.Put(ctx, id, spec, nil)
		require.NoError(t, err)
		require.True(t, created)
		require.Equal(t, spec.Description, p.Description)
		require.Equal(t, product.StatusDraft, p.Status)
		require.Zero(t, p.Listing)
		require.Equal(t, []product.Variant{{
			SKU: "x", Title: "weiß", Price: product.MaxPrice, Stock: product.Stock{OnHand: 9, Adjusted: 9},
		}}, p.Variants)

		_, err = store.List(ctx, id)
		require.NoError(t, err)
		holds, err := store.Hold(ctx, []product.HoldRequest{request(id, "o", 1, line("", 1))})
		require.NoError(t, err)
		require.Equal(t, spec.Title+" – weiß", holds[0].Items[0].Title)
		require.Equal(t, product.MaxPrice, holds[0].Items[0].Price)
	})
}
