package price_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/price"
	"holdfast/product"
)

const sound = `{
  "levels": [{"number": 1, "name": "Member", "discount": 0}, {"number": 2, "name": "Silver", "discount": 200}],
  "itemPromotions": [{
    "id": "boots", "title": "Boots", "scope": {"categories": ["boots"], "tags": ["winter"], "products": ["p1"]},
    "minimum": {"amount": 5000, "currency": "EUR"}, "startsAt": "2026-03-01T00:00:00+01:00", "endsAt": "2026-04-01T00:00:00Z",
    "priority": 1, "stop": true, "action": {"rate": 1000}
  }],
  "orderPromotions": [{"id": "ten", "title": "Ten off", "action": {"amount": 1000, "currency": "EUR"}}],
  "shippingMethods": [
    {"id": "parcel", "title": "Parcel", "countries": ["DE", "FR"], "currency": "EUR", "taxClass": "standard", "default": true,
     "brackets": [{"from": 0, "price": 590}, {"from": 2000, "price": 390}], "freeFrom": 5000},
    {"id": "express", "title": "Express", "currency": "EUR", "taxClass": "standard", "brackets": [{"from": 0, "price": 1290}]}
  ],
  "taxes": {
    "included": true, "home": {"country": "DE"},
    "classes": [{"id": "standard", "default": true}, {"id": "books", "scope": {"categories": ["books"]}}],
    "rules": [{"class": "standard", "country": "DE", "rate": 1900}, {"class": "books", "country": "DE", "rate": 700},
              {"class": "standard", "country": "US", "region": "CA", "rate": 725}]
  }
}`

// damaged is the sound book with one replacement.
func damaged(t *testing.T, old, new string) []byte {
	t.Helper()
	require.Equal(t, 1, strings.Count(sound, old), "%q in the sound book", old)
	return []byte(strings.Replace(sound, old, new, 1))
}

// problems lists what a book was refused for.
func problems(t *testing.T, err error) product.Invalid {
	t.Helper()
	if bad, ok := errors.AsType[price.Malformed](err); ok {
		return product.Invalid(bad)
	}
	var bad product.Invalid
	require.ErrorAs(t, err, &bad)
	return bad
}

func TestWhatABookMayNotSay(t *testing.T) {
	for name, c := range map[string]struct{ old, new, path, reason string }{
		"a gap in the levels":                {`"number": 2`, `"number": 3`, "levels[1].number", "must be 2: levels are numbered from 1 without gaps, in order"},
		"levels from 0":                      {`{"number": 1, "name": "Member"`, `{"number": 0, "name": "Member"`, "levels[0].number", "must be 1: levels are numbered from 1 without gaps, in order"},
		"a level without a name":             {`"name": "Silver"`, `"name": ""`, "levels[1].name", "is required"},
		"a level above 100 percent":          {`"discount": 200`, `"discount": 10001`, "levels[1].discount", "must lie between 0 and 10000 basis points"},
		"a negative level":                   {`"discount": 200`, `"discount": -1`, "levels[1].discount", "must lie between 0 and 10000 basis points"},
		"a level without discount":           {`, "discount": 200`, ``, "levels[1].discount", "is required"},
		"a promotion above 100 percent":      {`{"rate": 1000}`, `{"rate": 10001}`, "itemPromotions[0].action.rate", "must lie between 1 and 10000 basis points"},
		"a negative rate":                    {`{"rate": 1000}`, `{"rate": -1}`, "itemPromotions[0].action.rate", "must lie between 1 and 10000 basis points"},
		"no action":                          {`{"rate": 1000}`, `{}`, "itemPromotions[0].action", "must have one of rate or amount"},
		"two actions":                        {`{"rate": 1000}`, `{"rate": 1000, "amount": 1, "currency": "EUR"}`, "itemPromotions[0].action", "must have one of rate or amount"},
		"free shipping by a promotion":       {`{"rate": 1000}`, `{"freeShipping": true}`, "itemPromotions[0].action.freeShipping", "is for coupons only; shipping methods have freeFrom"},
		"a negative amount":                  {`"amount": 1000,`, `"amount": -1,`, "orderPromotions[0].action.amount", "must lie between 1 and 1000000000000 minor units"},
		"an amount above all prices":         {`"amount": 1000,`, `"amount": 1000000000001,`, "orderPromotions[0].action.amount", "must lie between 1 and 1000000000000 minor units"},
		"an amount without currency":         {`{"amount": 1000, "currency": "EUR"}`, `{"amount": 1000}`, "orderPromotions[0].action.currency", "must be a currency of ISO 4217 such as EUR"},
		"a currency without amount":          {`{"rate": 1000}`, `{"rate": 1000, "currency": "EUR"}`, "itemPromotions[0].action.currency", "belongs to an amount"},
		"an unknown currency":                {`"minimum": {"amount": 5000, "currency": "EUR"}`, `"minimum": {"amount": 5000, "currency": "EUX"}`, "itemPromotions[0].minimum.currency", "must be a currency of ISO 4217 such as EUR"},
		"a minimum of another currency":      {`"title": "Ten off",`, `"title": "Ten off", "minimum": {"amount": 1, "currency": "USD"},`, "orderPromotions[0].minimum.currency", "must be that of the action's amount"},
		"a minimum of 0":                     {`"minimum": {"amount": 5000`, `"minimum": {"amount": 0`, "itemPromotions[0].minimum.amount", "must lie between 1 and 1000000000000 minor units"},
		"an end before the start":            {`2026-04-01T00:00:00Z`, `2026-02-28T23:00:00Z`, "itemPromotions[0].endsAt", "must be after startsAt"},
		"a year of five digits in UTC":       {`2026-04-01T00:00:00Z`, `9999-12-31T23:59:59-01:00`, "itemPromotions[0].endsAt", "must lie in the years 1 to 9999 in UTC"},
		"a year before the first":            {`2026-03-01T00:00:00+01:00`, `0000-01-01T00:00:00+01:00`, "itemPromotions[0].startsAt", "must lie in the years 1 to 9999 in UTC"},
		"a malformed time":                   {`2026-04-01T00:00:00Z`, `2026-04-01`, "itemPromotions[0].endsAt", "must be a time such as 2026-03-01T12:00:00Z"},
		"a scope of nothing":                 {`{"categories": ["books"]}`, `{}`, "taxes.classes[1].scope", "must name a category, a tag or a product, or be left out"},
		"a tag twice":                        {`"tags": ["winter"]`, `"tags": ["winter", "winter"]`, "itemPromotions[0].scope.tags[1]", "appears twice"},
		"a product that can't be":            {`["p1"]`, `["a/b"]`, "itemPromotions[0].scope.products[0]", "must match [A-Za-z0-9._~-]{1,64}"},
		"a far priority":                     {`"priority": 1`, `"priority": 1000001`, "itemPromotions[0].priority", "must lie between -1000000 and 1000000"},
		"a promotion without title":          {`"title": "Ten off", `, ``, "orderPromotions[0].title", "is required"},
		"an id that can't be":                {`"id": "ten"`, `"id": "10 off"`, "orderPromotions[0].id", "must match [A-Za-z0-9._~-]{1,64}"},
		"an id twice":                        {`"id": "express"`, `"id": "parcel"`, "shippingMethods[1].id", "appears twice"},
		"an unknown country":                 {`"DE", "FR"`, `"DE", "UK"`, "shippingMethods[0].countries[1]", "must be a country of ISO 3166-1 such as DE"},
		"a country twice":                    {`"DE", "FR"`, `"DE", "DE"`, "shippingMethods[0].countries[1]", "appears twice"},
		"no default method":                  {`, "default": true,`, `,`, "shippingMethods[0].default", "must be true for one of the methods in EUR"},
		"two default methods":                {`"title": "Express",`, `"title": "Express", "default": true,`, "shippingMethods[1].default", "must not be a second default for EUR"},
		"no default in another currency":     {`"title": "Express", "currency": "EUR"`, `"title": "Express", "currency": "USD"`, "shippingMethods[1].default", "must be true for one of the methods in USD"},
		"no brackets":                        {`[{"from": 0, "price": 1290}]`, `[]`, "shippingMethods[1].brackets", "must have 1 to 50"},
		"a hole below the brackets":          {`{"from": 0, "price": 1290}`, `{"from": 1, "price": 1290}`, "shippingMethods[1].brackets[0].from", "must be 0 in the first bracket, so that every order has a price"},
		"overlapping brackets":               {`{"from": 2000,`, `{"from": 0,`, "shippingMethods[0].brackets[1].from", "must be above that of the bracket before: brackets must not overlap"},
		"a bracket above freeFrom":           {`{"from": 2000,`, `{"from": 5000,`, "shippingMethods[0].brackets[1].from", "must be below freeFrom, from which shipping is free"},
		"a negative price":                   {`"price": 390`, `"price": -390`, "shippingMethods[0].brackets[1].price", "must lie between 0 and 1000000000000 minor units"},
		"a bracket without price":            {`{"from": 0, "price": 1290}`, `{"from": 0}`, "shippingMethods[1].brackets[0].price", "is required"},
		"a method of no tax class":           {`"title": "Express", "currency": "EUR", "taxClass": "standard",`, `"title": "Express", "currency": "EUR",`, "shippingMethods[1].taxClass", "must be one of taxes.classes"},
		"a method of an unknown class":       {`"title": "Express", "currency": "EUR", "taxClass": "standard",`, `"title": "Express", "currency": "EUR", "taxClass": "other",`, "shippingMethods[1].taxClass", "must be one of taxes.classes"},
		"an unknown home":                    {`"home": {"country": "DE"}`, `"home": {"country": "EU"}`, "taxes.home.country", "must be a country of ISO 3166-1 such as DE"},
		"no word on included":                {`"included": true, `, ``, "taxes.included", "is required"},
		"no default class":                   {`"id": "standard", "default": true`, `"id": "standard"`, "taxes.classes", "must have a default class"},
		"two default classes":                {`"id": "books", "scope": {"categories": ["books"]}`, `"id": "books", "default": true`, "taxes.classes[1].default", "must not be a second default class"},
		"a default class with a scope":       {`"id": "standard", "default": true`, `"id": "standard", "default": true, "scope": {"tags": ["x"]}`, "taxes.classes[0].scope", "must be left out: the default class has whatever no other class has"},
		"a class twice":                      {`{"id": "books",`, `{"id": "standard",`, "taxes.classes[1].id", "appears twice"},
		"a rule of an unknown class":         {`"class": "standard", "country": "US"`, `"class": "other", "country": "US"`, "taxes.rules[2].class", "must be one of taxes.classes"},
		"a second rule":                      {`"class": "standard", "country": "US", "region": "CA"`, `"class": "books", "country": "DE"`, "taxes.rules[2]", "is a second rule for the same class, country and region"},
		"a tax above 100 percent":            {`"rate": 725`, `"rate": 10001`, "taxes.rules[2].rate", "must lie between 0 and 10000 basis points"},
		"a rule without rate":                {`, "rate": 725`, ``, "taxes.rules[2].rate", "is required"},
		"a blank region":                     {`"region": "CA"`, `"region": "  "`, "taxes.rules[2].region", "must be a region as addresses name it"},
		"no rule at home":                    {`{"class": "books", "country": "DE", "rate": 700},`, ``, "taxes.classes[1]", "has no rule for taxes.home: class books could not be sold there"},
		"a field with an escape in its name": {`"priority": 1`, `"\u001b[2J": 1`, `"itemPromotions[0].\x1b[2J"`, "is not a field of a price book"},
		"an unknown field":                   {`"priority": 1`, `"priorty": 1`, "itemPromotions[0].priorty", "is not a field of a price book"},
		"a field in other letters":           {`"taxes": {`, `"Taxes": {`, "Taxes", "is not a field of a price book"},
		"a field twice":                      {`"priority": 1`, `"priority": 1, "priority": 2`, "itemPromotions[0].priority", "appears twice"},
		"null":                               {`"stop": true`, `"stop": null`, "itemPromotions[0].stop", "must be true or false"},
		"text for a number":                  {`"priority": 1`, `"priority": "1"`, "itemPromotions[0].priority", "must be an integer, without fraction or exponent"},
		"a fraction":                         {`"rate": 725`, `"rate": 7.25`, "taxes.rules[2].rate", "must be an integer, without fraction or exponent"},
		"a number of 65 bits":                {`"rate": 725`, `"rate": 9223372036854775808`, "taxes.rules.rate", "must be an integer of 64 bits"},
		"a list for an object":               {`"home": {"country": "DE"}`, `"home": ["DE"]`, "taxes.home", "must be an object"},
		"an object for a list":               {`["p1"]`, `{"p1": [true]}`, "itemPromotions[0].scope.products", "must be a list"},
		"a number for text":                  {`"title": "Boots"`, `"title": 5`, "itemPromotions[0].title", "must be a string"},
		"a line break in a title":            {`"title": "Boots"`, `"title": "Bo\nots"`, "itemPromotions[0].title", "must have no control characters"},
		"a long title":                       {`"title": "Boots"`, `"title": "` + strings.Repeat("x", 201) + `"`, "itemPromotions[0].title", "at most 200 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := price.Parse(damaged(t, c.old, c.new))
			bad := problems(t, err)
			require.Contains(t, bad, product.FieldProblem{Path: c.path, Reason: c.reason})
			if !slices.Contains([]string{"Taxes", "taxes.home.country", "taxes.classes[1].id"}, c.path) { // what else is wrong then follows from it
				require.Len(t, bad, 1, "%v", bad)
			}
		})
	}
}

func TestABookIsJSON(t *testing.T) {
	for _, document := range []string{"", "{", "[]", "null", `{}{}`, `{"levels": [}`, "{\"levels\": [{\"name\": \"\xff\"}]}", `"x"`, `{"a": tru}`} {
		_, err := price.Parse([]byte(document))
		var bad price.Malformed
		require.ErrorAs(t, err, &bad, "%q", document)
		require.Empty(t, bad[0].Path)
	}
	_, err := price.Parse([]byte(`{"` + strings.Repeat("x", 1000) + `": 1}`))
	require.Less(t, len(problems(t, err)[0].Path), 300, "a long name is shortened")
	_, err = price.Parse([]byte(`{"levels": [` + strings.Repeat(`{},`, 9999) + `{}]}`))
	require.Len(t, problems(t, err), 101)
	require.Equal(t, product.FieldProblem{Reason: "and 29900 more problems"}, problems(t, err)[100])
}

func TestTheLimitsOfABook(t *testing.T) {
	_, err := price.Parse([]byte(sound + strings.Repeat(" ", price.MaxBookBytes-len(sound))))
	require.NoError(t, err)
	_, err = price.Parse([]byte(sound + strings.Repeat(" ", price.MaxBookBytes-len(sound)+1)))
	require.ErrorIs(t, err, price.ErrTooLarge)

	long := func(n int) []string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprint("a-name-", i)
		}
		return names
	}
	promotions := make([]price.Promotion, price.MaxPromotions+1)
	for path, b := range map[string]price.Book{
		"levels":          {Levels: make([]price.Level, price.MaxLevels+1)},
		"itemPromotions":  {ItemPromotions: promotions},
		"orderPromotions": {OrderPromotions: promotions},
		"shippingMethods": {ShippingMethods: make([]price.ShippingMethod, price.MaxShippingMethods+1)},
		"taxes.classes":   {Taxes: &price.Taxes{Home: price.Place{Country: "DE"}, Classes: make([]price.TaxClass, price.MaxTaxClasses+1)}},
		"taxes.rules": {Taxes: &price.Taxes{
			Home: price.Place{Country: "DE"}, Classes: []price.TaxClass{{ID: "a", Default: true}}, Rules: make([]price.TaxRule, price.MaxTaxRules+1),
		}},
		"itemPromotions[0].scope.tags": {ItemPromotions: []price.Promotion{
			{ID: "a", Title: "A", Scope: &price.Scope{Tags: long(price.MaxScope + 1)}, Action: price.Action{Rate: 1}},
		}},
	} {
		_, err := price.New(b)
		var bad product.Invalid
		require.ErrorAs(t, err, &bad, path)
		require.Len(t, bad, 1, "%v", bad)
		require.Equal(t, path, bad[0].Path)
		require.Contains(t, bad[0].Reason, "must have at most ")
	}
	_, err = price.New(price.Book{ItemPromotions: []price.Promotion{
		{ID: "a", Title: "A", Scope: &price.Scope{Tags: long(price.MaxScope)}, Action: price.Action{Rate: 1}},
	}})
	require.NoError(t, err)
}

func TestTheSameBookHasTheSameBytes(t *testing.T) {
	b, err := price.Parse([]byte(sound))
	require.NoError(t, err)
	var compact, other any
	require.NoError(t, json.Unmarshal([]byte(sound), &compact))
	reordered, err := json.Marshal(compact) // by name
	require.NoError(t, err)
	again, err := price.Parse(reordered)
	require.NoError(t, err)
	require.Equal(t, b.Version, again.Version)
	require.Equal(t, b.Canonical(), again.Canonical())
	require.Len(t, b.Version.Hash, 64)
	require.Contains(t, string(b.Canonical()), `"startsAt":"2026-02-28T23:00:00Z"`, "times are in UTC")

	reread, err := price.Parse(b.Canonical())
	require.NoError(t, err)
	require.Equal(t, b.Version, reread.Version, "what is stored has the hash that it had")

	changed, err := price.Parse(damaged(t, `"rate": 725`, `"rate": 726`))
	require.NoError(t, err)
	require.NotEqual(t, b.Version.Hash, changed.Version.Hash)

	require.NoError(t, json.Unmarshal(b.Canonical(), &other))
	empty, err := price.Parse([]byte("{}"))
	require.NoError(t, err)
	require.Equal(t, "{}", string(empty.Canonical()))
}

func TestTheTermsOfACoupon(t *testing.T) {
	terms := func(change func(*price.Coupon)) price.Coupon {
		c := price.Coupon{Code: "SPRING-26", Version: 1, Action: price.Action{Rate: 1000}}
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		change func(*price.Coupon)
		path   string
	}{
		"as it should be":      {func(*price.Coupon) {}, ""},
		"free shipping":        {func(c *price.Coupon) { c.Action = price.Action{FreeShipping: true} }, ""},
		"lower case":           {func(c *price.Coupon) { c.Code = "Spring" }, "code"},
		"a code with blanks":   {func(c *price.Coupon) { c.Code = "SPRING 26" }, "code"},
		"no version":           {func(c *price.Coupon) { c.Version = 0 }, "version"},
		"no action":            {func(c *price.Coupon) { c.Action = price.Action{} }, "action"},
		"two actions":          {func(c *price.Coupon) { c.Action.FreeShipping = true }, "action"},
		"above 100 percent":    {func(c *price.Coupon) { c.Action.Rate = 10001 }, "action.rate"},
		"an end at the start":  {func(c *price.Coupon) { c.StartsAt, c.EndsAt = noon, noon }, "endsAt"},
		"a negative minimum":   {func(c *price.Coupon) { c.Minimum = &price.Money{Amount: -1, Currency: "EUR"} }, "minimum.amount"},
		"a scope of nothing":   {func(c *price.Coupon) { c.Scope = &price.Scope{} }, "scope"},
		"a scope of too many":  {func(c *price.Coupon) { c.Scope = &price.Scope{Tags: make([]string, price.MaxCouponScope+1)} }, "scope.tags"},
		"an unknown currency":  {func(c *price.Coupon) { c.Action = price.Action{Amount: 1, Currency: "ABC"} }, "action.currency"},
		"a currency for rates": {func(c *price.Coupon) { c.Action.Currency = "EUR" }, "action.currency"},
	} {
		t.Run(name, func(t *testing.T) {
			tried := terms(c.change)
			err := tried.Validate()
			if c.path == "" {
				require.NoError(t, err)
				return
			}
			var bad product.Invalid
			require.ErrorAs(t, err, &bad)
			require.Len(t, bad, 1, "%v", bad)
			require.Equal(t, c.path, bad[0].Path)
		})
	}
	code, ok := price.FoldCode("Spring-26")
	require.True(t, ok)
	require.Equal(t, "SPRING-26", code)
	for _, code := range []string{"", "a b", "ü", strings.Repeat("A", 65)} {
		_, ok = price.FoldCode(code)
		require.False(t, ok, code)
	}
}

// Whatever is read as a book is written as the same book, and can be quoted by.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(`{"levels":[{"number":1,"name":"\u2028","discount":1e2}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		b, err := price.Parse(document)
		if err != nil {
			return
		}
		again, err := price.Parse(b.Canonical())
		require.NoError(t, err)
		require.Equal(t, b.Version, again.Version)
		r := price.Request{Currency: "EUR", Level: 1, At: noon, Lines: []price.Line{{ProductID: "p1", SKU: "s", Category: "books", Quantity: 3, UnitPrice: 1999}}}
		q, err := price.Quote(b, r)
		if err == nil {
			require.NoError(t, price.Verify(q, asked(r)))
		}
	})
}
