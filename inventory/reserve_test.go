package inventory_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// Each row is one message to a shirt with 5 S and 2 M, after what came before it.
func TestReserve(t *testing.T) {
	type answer struct {
		outcome  product.HoldOutcome
		refusals []product.Refusal
		held     int64 // of S, afterwards
	}
	hold := func(t *testing.T, s *inventory.Store, r product.HoldRequest) {
		t.Helper()
		holds, err := s.Hold(t.Context(), []product.HoldRequest{r})
		require.NoError(t, err)
		require.Equal(t, product.HoldMade, holds[0].Outcome)
	}
	release := func(t *testing.T, s *inventory.Store, id string, try int) {
		t.Helper()
		_, err := s.Release(t.Context(), product.Holder{OrderID: "me"}, try, []string{id}, "test")
		require.NoError(t, err)
	}
	short := func(sku string, requested, available, others int64) product.Refusal {
		return product.Refusal{SKU: sku, Reason: product.ReasonOutOfStock, Requested: requested, Available: available, HeldByOthers: others}
	}
	priced := func(sku string, quantity, price int64) product.HoldLine {
		return product.HoldLine{SKU: sku, Quantity: quantity, Price: price}
	}
	rows := []struct {
		name   string
		before func(t *testing.T, s *inventory.Store, id string)
		try    int
		lines  []product.HoldLine
		change func(r *product.HoldRequest)
		want   answer
	}{
		{name: "enough", try: 1, lines: []product.HoldLine{line("S", 5)}, want: answer{outcome: product.HoldMade, held: 5}},
		{
			name: "one sku on two lines is summed", try: 1, lines: []product.HoldLine{line("S", 3), line("S", 3)},
			want: answer{outcome: product.HoldRefused, refusals: []product.Refusal{short("S", 6, 5, 0)}},
		},
		{
			name: "every failing line is named", try: 1,
			lines: []product.HoldLine{line("S", 6), line(`X"L`, 1), priced("M", 3, 999), line("", 2)},
			want: answer{outcome: product.HoldRefused, refusals: []product.Refusal{
				short("S", 6, 5, 0),
				{SKU: `X"L`, Reason: product.ReasonUnknownSKU, Requested: 1},
				{SKU: "M", Reason: product.ReasonPriceChanged, Requested: 3, Price: 1200},
				short("M", 3, 2, 0),
				{Reason: product.ReasonUnknownSKU, Requested: 2},
			}},
		},
		{
			name: "what others hold may come back",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				hold(t, s, request(id, "other", 1, line("S", 4)))
			},
			try: 1, lines: []product.HoldLine{line("S", 2)},
			want: answer{outcome: product.HoldRefused, refusals: []product.Refusal{short("S", 2, 1, 4)}, held: 4},
		},
		{
			name: "delisted",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				require.NoError(t, s.Delist(t.Context(), id, 1))
			},
			try: 1, lines: []product.HoldLine{line("S", 1)},
			want: answer{outcome: product.HoldRefused, refusals: []product.Refusal{{Reason: product.ReasonNotListed}}},
		},
		{
			name: "delisted, and another price, but forced",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				require.NoError(t, s.Delist(t.Context(), id, 1))
			},
			try: 1, lines: []product.HoldLine{priced("S", 1, 5)},
			change: func(r *product.HoldRequest) { r.Force = true },
			want:   answer{outcome: product.HoldMade, held: 1},
		},
		{
			name: "another currency", try: 1, lines: []product.HoldLine{line("S", 1)},
			change: func(r *product.HoldRequest) { r.Currency = "USD" },
			want: answer{outcome: product.HoldRefused, refusals: []product.Refusal{
				{Reason: product.ReasonOtherCurrency, Currency: "EUR"},
			}},
		},
		{
			name: "more than one order may have, all variants together", try: 1,
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				limitTo(t, s, id, 3)
			},
			lines: []product.HoldLine{line("S", 2), line("M", 1), line("S", 1)},
			want:  answer{outcome: product.HoldRefused, refusals: []product.Refusal{{Reason: product.ReasonOverLimit, Limit: 3}}},
		},
		{
			name: "over the limit, and short", try: 1,
			change: func(r *product.HoldRequest) { r.MaxUnits = 3 },
			lines:  []product.HoldLine{line("S", 6)},
			want: answer{outcome: product.HoldRefused, refusals: []product.Refusal{
				short("S", 6, 5, 0), {Reason: product.ReasonOverLimit, Limit: 3},
			}},
		},
		{
			name: "as many as one order may have: the lower limit counts", try: 1,
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				limitTo(t, s, id, 3)
			},
			change: func(r *product.HoldRequest) { r.MaxUnits = 4 },
			lines:  []product.HoldLine{line("S", 1), line("M", 2)},
			want:   answer{outcome: product.HoldMade, held: 1},
		},
		{
			name: "over both limits, but forced", try: 1,
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				limitTo(t, s, id, 1)
			},
			change: func(r *product.HoldRequest) { r.MaxUnits, r.Force = 2, true },
			lines:  []product.HoldLine{line("S", 3)},
			want:   answer{outcome: product.HoldMade, held: 3},
		},
		{
			name: "held before the limit came", try: 1,
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				hold(t, s, request(id, "me", 1, line("S", 3)))
				limitTo(t, s, id, 1)
			},
			lines: []product.HoldLine{line("S", 3)},
			want:  answer{outcome: product.HoldMade, held: 3},
		},
		{
			name: "no such product", try: 1, lines: []product.HoldLine{line("S", 1)},
			change: func(r *product.HoldRequest) { r.ProductID += "-not" },
			want:   answer{outcome: product.HoldRefused, refusals: []product.Refusal{{Reason: product.ReasonNotFound}}},
		},
		{
			name: "the same try with other lines",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				hold(t, s, request(id, "me", 1, line("S", 1)))
			},
			try: 1, lines: []product.HoldLine{line("S", 2)}, want: answer{outcome: product.HoldConflict, held: 1},
		},
		{
			name: "a late message of an older try, while a newer one holds",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				hold(t, s, request(id, "me", 2, line("S", 1)))
			},
			try: 1, lines: []product.HoldLine{line("S", 1)}, want: answer{outcome: product.HoldEnded, held: 1},
		},
		{
			name: "a newer try takes over the hold; the late release of the older one leaves it",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				hold(t, s, request(id, "me", 1, line("S", 1)))
				hold(t, s, request(id, "me", 2, line("S", 1)))
				states, err := s.Release(t.Context(), product.Holder{OrderID: "me"}, 1, []string{id}, "late")
				require.NoError(t, err)
				require.Equal(t, []product.HoldState{product.HoldStateHeld}, states)
			},
			try: 2, lines: []product.HoldLine{line("S", 1)}, want: answer{outcome: product.HoldMade, held: 1},
		},
		{
			name: "released before it came",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				release(t, s, id, 1)
			},
			try: 1, lines: []product.HoldLine{line("S", 1)}, want: answer{outcome: product.HoldEnded},
		},
		{
			name: "the try after the released one",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				hold(t, s, request(id, "me", 1, line("M", 1)))
				release(t, s, id, 1)
			},
			try: 2, lines: []product.HoldLine{line("S", 1)}, want: answer{outcome: product.HoldMade, held: 1},
		},
		{
			name: "a repeated message that a commit has overtaken",
			before: func(t *testing.T, s *inventory.Store, id string) {
				t.Helper()
				hold(t, s, request(id, "me", 1, line("S", 1)))
				_, err := s.Commit(t.Context(), product.Holder{OrderID: "me"}, []string{id})
				require.NoError(t, err)
			},
			try: 1, lines: []product.HoldLine{line("S", 1)}, want: answer{outcome: product.HoldMade},
		},
	}
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store := inventory.New(rdb)
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				id := redistest.ID("shirt")
				_, _, err := store.Put(t.Context(), id, shirt(5, 2), nil)
				require.NoError(t, err)
				if row.before != nil {
					row.before(t, store, id)
				}
				r := request(id, "me", row.try, row.lines...)
				if row.change != nil {
					row.change(&r)
				}
				holds, err := store.Hold(t.Context(), []product.HoldRequest{r})
				require.NoError(t, err)
				require.Equal(t, row.want.outcome, holds[0].Outcome)
				require.Equal(t, row.want.refusals, holds[0].Refusals)
				p, err := store.Get(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, row.want.held, p.Variants[0].Stock.Held)
			})
		}
	})
}

func TestHoldRefusesWhatACallerMustNotSend(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store := inventory.New(rdb)
		id := redistest.ID("shirt")
		_, _, err := store.Put(t.Context(), id, shirt(5, 2), nil)
		require.NoError(t, err)
		good := request(id, "o", 1, line("S", 1))
		for name, reqs := range map[string][]product.HoldRequest{
			"no lines":           {request(id, "o", 1)},
			"quantity 0":         {request(id, "o", 1, line("S", 0))},
			"quantity below 0":   {request(id, "o", 1, line("S", -1))},
			"far too many":       {request(id, "o", 1, line("S", product.MaxStock+1))},
			"try 0":              {request(id, "o", 0, line("S", 1))},
			"a product twice":    {good, good},
			"an id with a colon": {request(id, "a:b", 1, line("S", 1))},
		} {
			_, err := store.Hold(t.Context(), reqs)
			require.Error(t, err, name)
		}
		p, err := store.Get(t.Context(), id)
		require.NoError(t, err)
		require.Zero(t, p.Variants[0].Stock.Held)
	})
}

// More variants than a script can unpack at once, and the largest numbers.
func TestReserveOfManyLinesAndLargeNumbers(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store := inventory.New(rdb)
		id := redistest.ID("shirt")
		_, _, err := store.Put(t.Context(), id, shirt(product.MaxStock, 0), nil)
		require.NoError(t, err)
		var lines []product.HoldLine
		for range 2000 {
			lines = append(lines, line(redistest.ID("x"), product.MaxStock))
		}
		holds, err := store.Hold(t.Context(), []product.HoldRequest{request(id, "o", 1, lines...)})
		require.NoError(t, err)
		require.Len(t, holds[0].Refusals, 2000)
		require.Equal(t, lines[1999].SKU, holds[0].Refusals[1999].SKU)

		holds, err = store.Hold(t.Context(), []product.HoldRequest{request(id, "o", 1, line("S", product.MaxStock))})
		require.NoError(t, err)
		require.Equal(t, product.HoldMade, holds[0].Outcome)
		require.Equal(t, product.MaxStock, holds[0].Items[0].Quantity)
		_, err = store.Commit(t.Context(), product.Holder{OrderID: "o"}, []string{id})
		require.NoError(t, err)
		p, err := store.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, product.Stock{Adjusted: product.MaxStock, Committed: product.MaxStock}, p.Variants[0].Stock)
	})
}
