package product_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/product"
)

func spec(change func(*product.Spec)) product.Spec {
	s := product.Spec{
		Description: product.Description{Title: "A shirt"}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "m", Price: 500, Stock: new(int64(10))}, {SKU: "l"}},
	}
	change(&s)
	return s
}

func TestSpec(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*product.Spec)
		path   string // of the only problem; empty if there is none
	}{
		"as it should be":            {func(*product.Spec) {}, ""},
		"draft":                      {func(s *product.Spec) { s.Status = product.StatusDraft }, ""},
		"delisted on creation":       {func(s *product.Spec) { s.Status = product.StatusDelisted }, "status"},
		"no title":                   {func(s *product.Spec) { s.Title = "" }, "title"},
		"longest title":              {func(s *product.Spec) { s.Title = strings.Repeat("é", product.MaxTitleBytes/2) }, ""},
		"title too long":             {func(s *product.Spec) { s.Title = strings.Repeat("é", product.MaxTitleBytes/2) + "x" }, "title"},
		"no currency":                {func(s *product.Spec) { s.Currency = "" }, "currency"},
		"small currency":             {func(s *product.Spec) { s.Currency = "eur" }, "currency"},
		"no variants":                {func(s *product.Spec) { s.Variants = nil }, "variants"},
		"sku twice":                  {func(s *product.Spec) { s.Variants[1].SKU = "m" }, "variants[1].sku"},
		"sku with a separator":       {func(s *product.Spec) { s.Variants[1].SKU = "a/b" }, "variants[1].sku"},
		"sku with a blank":           {func(s *product.Spec) { s.Variants[1].SKU = "a b" }, "variants[1].sku"},
		"variant title too long":     {func(s *product.Spec) { s.Variants[0].Title = strings.Repeat("x", 201) }, "variants[0].title"},
		"negative price":             {func(s *product.Spec) { s.Variants[0].Price = -1 }, "variants[0].price"},
		"highest price":              {func(s *product.Spec) { s.Variants[0].Price = product.MaxPrice }, ""},
		"price too high":             {func(s *product.Spec) { s.Variants[0].Price = product.MaxPrice + 1 }, "variants[0].price"},
		"negative stock":             {func(s *product.Spec) { s.Variants[0].Stock = new(int64(-1)) }, "variants[0].stock"},
		"stock too high":             {func(s *product.Spec) { s.Variants[0].Stock = new(product.MaxStock + 1) }, "variants[0].stock"},
		"description too long":       {func(s *product.Spec) { s.Description.Description = strings.Repeat("x", product.MaxDocBytes) }, "description"},
		"a line break in a title":    {func(s *product.Spec) { s.Title, s.Variants[0].Title = "A\nshirt", "m" }, "title"},
		"NUL in a variant's title":   {func(s *product.Spec) { s.Variants[1].Title = "l\x00" }, "variants[1].title"},
		"DEL in the brand":           {func(s *product.Spec) { s.Brand = "\x7f" }, "brand"},
		"a tab in the category":      {func(s *product.Spec) { s.Category = "a\tb" }, "category"},
		"a line break in a tag":      {func(s *product.Spec) { s.Tags = []string{"a", "b\n"} }, "tags[1]"},
		"a line break in a link":     {func(s *product.Spec) { s.Image = "/a\r\n" }, "image"},
		"NEL in an attribute":        {func(s *product.Spec) { s.Attributes = map[string]string{"a": "b\u0085"} }, "attributes.a"},
		"NUL in an attribute's name": {func(s *product.Spec) { s.Attributes = map[string]string{"\x00": "b"} }, "attributes"},
		"lines in a description":     {func(s *product.Spec) { s.Description.Description = "a\r\n\tb" }, ""},
		"a title turned round":       {func(s *product.Spec) { s.Title = "Gift \u202egnirps" }, "title"},
		"an isolate in a tag":        {func(s *product.Spec) { s.Tags = []string{"\u2067a"} }, "tags[0]"},
		"a description turned round": {func(s *product.Spec) { s.Description.Description = "a\n\u202db" }, "description"},
		"a line separator":           {func(s *product.Spec) { s.Brand = "a\u2028b" }, "brand"},
		"marks of Hebrew":            {func(s *product.Spec) { s.Title = "ספל \u200eMug\u200f ☕" }, ""},
		"joined emoji and a flag":    {func(s *product.Spec) { s.Title = "👩‍🚀 🏴󠁧󠁢󠁥󠁮󠁧󠁿" }, ""},
		"NUL in a description":       {func(s *product.Spec) { s.Description.Description = "a\x00" }, "description"},
		"too many variants": {func(s *product.Spec) {
			s.Variants = nil
			for i := range product.MaxVariants + 1 {
				s.Variants = append(s.Variants, product.VariantSpec{SKU: "v" + strings.Repeat("x", i%60) + string(rune('a'+i/60))})
			}
		}, "variants"},
	} {
		t.Run(name, func(t *testing.T) { requireOnly(t, spec(c.change).Validate(), c.path) })
	}
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	err := spec(func(s *product.Spec) { s.Title, s.Currency, s.Variants[0].Price = "", "", -1 }).Validate()
	var bad product.Invalid
	require.ErrorAs(t, err, &bad)
	require.Len(t, bad, 3)
	require.ErrorContains(t, err, "title: is required; currency: ")
}

func TestAdjustment(t *testing.T) {
	for name, c := range map[string]struct {
		a    product.Adjustment
		path string
	}{
		"delta":           {product.Adjustment{Delta: new(int64(-5))}, ""},
		"counted":         {product.Adjustment{SKU: "m", OnHand: new(int64(0))}, ""},
		"neither":         {product.Adjustment{}, "delta"},
		"both":            {product.Adjustment{Delta: new(int64(1)), OnHand: new(int64(1))}, "delta"},
		"delta too high":  {product.Adjustment{Delta: new(product.MaxStock + 1)}, "delta"},
		"delta too low":   {product.Adjustment{Delta: new(-product.MaxStock - 1)}, "delta"},
		"counted too few": {product.Adjustment{OnHand: new(int64(-1))}, "onHand"},
		"counted too many": {
			product.Adjustment{OnHand: new(product.MaxStock + 1)}, "onHand",
		},
		"bad sku":                    {product.Adjustment{SKU: "{}", Delta: new(int64(1))}, "sku"},
		"a line break in the reason": {product.Adjustment{Delta: new(int64(1)), Reason: "a\nb"}, "reason"},
		"long reason":                {product.Adjustment{Delta: new(int64(1)), Reason: strings.Repeat("x", 501)}, "reason"},
	} {
		t.Run(name, func(t *testing.T) { requireOnly(t, c.a.Validate(), c.path) })
	}
}

// requireOnly requires that the error names one problem, or is none.
func requireOnly(t *testing.T, err error, path string) {
	t.Helper()
	if path == "" {
		require.NoError(t, err)
		return
	}
	var bad product.Invalid
	require.ErrorAs(t, err, &bad)
	require.Len(t, bad, 1)
	require.Equal(t, path, bad[0].Path)
}

func TestIDs(t *testing.T) {
	for id, ok := range map[string]bool{
		"a": true, "A-b_c.d~9": true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "a/b": false, "a:b": false, "a b": false, "é": false, "a\n": false, "{x}": false,
	} {
		require.Equal(t, ok, product.ValidID(id), "%q", id)
	}
}

func TestCurrenciesThatExist(t *testing.T) {
	for code, exists := range map[string]bool{
		"EUR": true, "JPY": true, "UGX": true, "KWD": true, "ZWG": true, "XCG": true, // the last two came in 2024 and 2025
		"XXQ": false, "DEM": false, "XXX": false, "XTS": false, "XAU": false, "eur": false, "EURO": false, "": false,
	} {
		require.Equal(t, exists, product.CurrencyExists(code), code)
	}
	require.True(t, product.ValidCurrency("DEM"), "what was paid in it stays readable")
}

func TestStockNamesTheBrokenInvariant(t *testing.T) {
	require.NoError(t, product.Stock{OnHand: 7, Held: 7, Adjusted: 10, Committed: 5, Restocked: 2}.Check())
	require.Zero(t, product.Stock{OnHand: 7, Held: 7}.Available())
	for want, s := range map[string]product.Stock{
		"below zero":   {Held: -1},
		"above onHand": {OnHand: 1, Held: 2, Adjusted: 1},
		"adjusted":     {OnHand: 1, Adjusted: 2},
		"restocked":    {OnHand: 1, Adjusted: 1, Restocked: 1},
		"committed":    {OnHand: 2, Adjusted: 2, Committed: 1},
	} {
		require.ErrorContains(t, s.Check(), want)
	}
}

func TestVariantThatIsLeftOut(t *testing.T) {
	one := product.Product{Variants: []product.Variant{{SKU: "m"}}}
	v, ok := one.Variant("")
	require.True(t, ok)
	require.Equal(t, "m", v.SKU)
	_, ok = one.Variant("l")
	require.False(t, ok)
	two := product.Product{Variants: []product.Variant{{SKU: "m"}, {SKU: "l"}}}
	_, ok = two.Variant("")
	require.False(t, ok, "which of the two?")
	v, ok = two.Variant("l")
	require.True(t, ok)
	require.Equal(t, "l", v.SKU)
}

func TestContendedOnlyWhereOthersHoldEnough(t *testing.T) {
	require.True(t, product.Refusal{Reason: product.ReasonOutOfStock, Requested: 3, Available: 1, HeldByOthers: 2}.Contended())
	require.False(t, product.Refusal{Reason: product.ReasonOutOfStock, Requested: 4, Available: 1, HeldByOthers: 2}.Contended())
	require.False(t, product.Refusal{Reason: product.ReasonPriceChanged, Requested: 1, Available: 1, HeldByOthers: 2}.Contended())
}
