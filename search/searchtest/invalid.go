package searchtest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

// requireInvalid requires that the error names one field, and nothing else.
func requireInvalid(t *testing.T, err error, path string) {
	t.Helper()
	var bad search.Invalid
	require.ErrorAs(t, err, &bad)
	require.Len(t, bad, 1, "%v", bad)
	require.Equal(t, path, bad[0].Path)
	require.NotEmpty(t, bad[0].Reason)
}

func invalidProductQueries(t *testing.T, x search.Index) {
	long := strings.Repeat("é", search.MaxQueryChars+1)
	for name, c := range map[string]struct {
		q    search.ProductQuery
		path string
	}{
		"q too long":           {search.ProductQuery{Q: long}, "q"},
		"q of no text":         {search.ProductQuery{Q: "a\xff"}, "q"},
		"a wildcard alone":     {search.ProductQuery{Q: " * "}, "q"},
		"signs alone":          {search.ProductQuery{Q: "?*:!"}, "q"},
		"unknown sort":         {search.ProductQuery{Sort: "cheapest"}, "sort"},
		"prices upside down":   {search.ProductQuery{MinPrice: new(int64(2)), MaxPrice: new(int64(1))}, "minPrice"},
		"negative price":       {search.ProductQuery{MinPrice: new(int64(-1))}, "minPrice"},
		"negative upper price": {search.ProductQuery{MaxPrice: new(int64(-1))}, "maxPrice"},
		"no limit":             {search.ProductQuery{Limit: new(0)}, "limit"},
		"negative limit":       {search.ProductQuery{Limit: new(-1)}, "limit"},
		"limit of 1001":        {search.ProductQuery{Limit: new(1001)}, "limit"},
		"limit just above":     {search.ProductQuery{Limit: new(101)}, "limit"},
		"empty category":       {search.ProductQuery{Category: []string{""}}, "category"},
		"many brands":          {search.ProductQuery{Brand: slices.Repeat([]string{"x"}, 101)}, "brand"},
		"tag of no text":       {search.ProductQuery{Tag: []string{"\xff"}}, "tag"},
		"cursor":               {search.ProductQuery{Cursor: "x"}, "cursor"},
		"empty status":         {search.ProductQuery{Status: []product.Status{""}}, "status"},
		"long reference":       {search.ProductQuery{ExternalReference: strings.Repeat("x", 129)}, "externalReference"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.SearchProducts(t.Context(), c.q)
			requireInvalid(t, err, c.path)
		})
	}
	t.Run("all at once", func(t *testing.T) {
		_, err := x.SearchProducts(t.Context(), search.ProductQuery{Q: long, Sort: "x", Limit: new(0), Cursor: "x"})
		var bad search.Invalid
		require.ErrorAs(t, err, &bad)
		require.Len(t, bad, 4)
		require.ErrorContains(t, err, "1000 characters")
	})
	t.Run("at the edge", func(t *testing.T) {
		find(t, x, search.ProductQuery{Q: long[2:], Limit: new(100), MinPrice: new(int64(1)), MaxPrice: new(int64(1))})
	})
	t.Run("suggestions", func(t *testing.T) {
		_, err := x.Suggest(t.Context(), search.SuggestQuery{Q: long})
		requireInvalid(t, err, "q")
		_, err = x.Suggest(t.Context(), search.SuggestQuery{Q: "a", Limit: new(21)})
		requireInvalid(t, err, "limit")
		_, err = x.Suggest(t.Context(), search.SuggestQuery{Q: "a", Limit: new(0)})
		requireInvalid(t, err, "limit")
	})
}

func invalidOrderQueries(t *testing.T, x search.Index) {
	for name, c := range map[string]struct {
		q    search.OrderQuery
		path string
	}{
		"q too long":      {search.OrderQuery{Q: strings.Repeat("x", search.MaxQueryChars+1)}, "q"},
		"customer":        {search.OrderQuery{CustomerID: "a/b"}, "customerId"},
		"product":         {search.OrderQuery{ProductID: "*:*{}"}, "productId"},
		"empty status":    {search.OrderQuery{Status: []order.Status{""}}, "status"},
		"empty payment":   {search.OrderQuery{PaymentStatus: []order.PaymentStatus{""}}, "paymentStatus"},
		"long reference":  {search.OrderQuery{ExternalReference: strings.Repeat("x", 129)}, "externalReference"},
		"unknown sort":    {search.OrderQuery{Sort: "oldest"}, "sort"},
		"empty node":      {search.OrderQuery{Node: []string{""}}, "node"},
		"package's node":  {search.OrderQuery{PackageNode: []string{"\xff"}}, "node"},
		"many marks":      {search.OrderQuery{Mark: slices.Repeat([]order.Mark{"x"}, 101)}, "mark"},
		"empty alert":     {search.OrderQuery{Alert: []order.AlertRule{""}}, "alert"},
		"a tag of words":  {search.OrderQuery{Tag: []string{"vip", "very important"}}, "tag"},
		"empty tag":       {search.OrderQuery{Tag: []string{""}}, "tag"},
		"long tag":        {search.OrderQuery{Tag: []string{strings.Repeat("x", order.MaxTagBytes+1)}}, "tag"},
		"many tags":       {search.OrderQuery{Tag: slices.Repeat([]string{"x"}, order.MaxTags+1)}, "tag"},
		"empty return":    {search.OrderQuery{ReturnStatus: []order.ReturnStatus{""}}, "return"},
		"unknown overdue": {search.OrderQuery{Overdue: "not_paid"}, "overdue"},
		"long carrier":    {search.OrderQuery{Carrier: strings.Repeat("x", search.MaxValueBytes+1)}, "carrier"},
		"number's text":   {search.OrderQuery{TrackingNumber: "\xff"}, "trackingNumber"},
		"times reversed":  {search.OrderQuery{From: day(2), To: day(1)}, "from"},
		"no time at all":  {search.OrderQuery{From: day(2), To: day(2)}, "from"},
		"no limit":        {search.OrderQuery{Limit: new(0)}, "limit"},
		"limit of 1001":   {search.OrderQuery{Limit: new(1001)}, "limit"},
		"cursor":          {search.OrderQuery{Cursor: "eyJ9"}, "cursor"},
		"a year far away": {search.OrderQuery{From: time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC), Limit: new(0)}, "limit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.ListOrders(t.Context(), c.q)
			requireInvalid(t, err, c.path)
		})
	}
}

func invalidEventQueries(t *testing.T, x search.Index) {
	for name, c := range map[string]struct {
		q    search.EventQuery
		path string
	}{
		"no product":     {search.EventQuery{}, "productId"},
		"product":        {search.EventQuery{ProductID: "*:*{}"}, "productId"},
		"empty type":     {search.EventQuery{ProductID: "mug", Types: []string{""}}, "type"},
		"many types":     {search.EventQuery{ProductID: "mug", Types: slices.Repeat([]string{"x"}, 101)}, "type"},
		"order":          {search.EventQuery{ProductID: "mug", OrderID: "a/b"}, "orderId"},
		"no limit":       {search.EventQuery{ProductID: "mug", Limit: new(0)}, "limit"},
		"negative limit": {search.EventQuery{ProductID: "mug", Limit: new(-1)}, "limit"},
		"limit of 101":   {search.EventQuery{ProductID: "mug", Limit: new(101)}, "limit"},
		"cursor":         {search.EventQuery{ProductID: "mug", Cursor: "x"}, "cursor"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.ListEvents(t.Context(), c.q)
			requireInvalid(t, err, c.path)
		})
	}
}

// cancelledCalls checks that a caller who has cancelled gets no answer, and the index is
// unaffected.
func cancelledCalls(t *testing.T, x search.Index) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"put":     func() error { _, err := x.Put(gone, search.Batch{Products: goods()}); return err },
		"product": func() error { _, err := x.GetProduct(gone, "mug"); return err },
		"order":   func() error { _, err := x.GetOrder(gone, orders()[0].ID); return err },
		"search":  func() error { _, err := x.SearchProducts(gone, search.ProductQuery{Q: "mug"}); return err },
		"suggest": func() error { _, err := x.Suggest(gone, search.SuggestQuery{Q: "mug"}); return err },
		"orders":  func() error { _, err := x.ListOrders(gone, search.OrderQuery{}); return err },
		"counts":  func() error { _, err := x.CountOrders(gone, search.OrderCountQuery{}); return err },
		"events":  func() error { _, err := x.ListEvents(gone, search.EventQuery{ProductID: "mug"}); return err },
		"revisions": func() error {
			_, err := x.Revisions(gone, search.ViewProducts, []string{"mug"})
			return err
		},
		"walk products": func() error { _, err := x.WalkProducts(gone, "", 1); return err },
		"walk orders":   func() error { _, err := x.WalkOrders(gone, "", 1); return err },
		"stale":         func() error { _, err := x.Stale(gone); return err },
		"unfilled":      func() error { _, err := x.Unfilled(gone); return err },
		"rebuild":       func() error { _, err := x.Rebuild(gone, search.ViewProducts); return err },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			err := call()
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, search.ErrUnavailable)
		})
	}
	require.Equal(t, []string{"mug"}, ids(find(t, x, search.ProductQuery{Q: "mug"})))
}

// notFound checks that missing documents are reported in the terms of the contract only.
func notFound(t *testing.T, x search.Index) {
	_, err := x.GetProduct(t.Context(), "nobody-sells-this")
	require.ErrorIs(t, err, search.ErrNotFound)
	_, err = x.GetOrder(t.Context(), "mug")
	require.ErrorIs(t, err, search.ErrNotFound, "that is a product")
	_, err = x.GetProduct(t.Context(), "")
	require.ErrorIs(t, err, search.ErrNotFound)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = x.SearchProducts(gone, search.ProductQuery{})
	require.Error(t, err)
	for _, works := range []string{"bleve", "elastic", "http", "index-", "/", "scorch", "lucene", "shard"} {
		require.NotContains(t, strings.ToLower(err.Error()), works)
	}
}
