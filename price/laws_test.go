package price_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/price"
)

// go test ./price -run Random -rapid.checks=1000000 -timeout=2h checks a million quotes.
func TestRandomQuotesKeepEveryLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var book *price.Book
		if often(t, "has book") {
			var err error
			book, err = price.New(anyBook(t))
			if err != nil {
				t.Fatalf("the book is refused: %v", err)
			}
			book.Version.Number = 7
		}
		r := anyRequest(t)
		q, err := price.Quote(book, r)
		want, wantErr := modelQuote(book, r)
		if reasonOf(err) != reasonOf(wantErr) {
			t.Fatalf("refused for %q instead of %q: %v", reasonOf(err), reasonOf(wantErr), err)
		}
		if err != nil {
			return
		}
		if got, want := text(q), text(want); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if err := price.Verify(q, asked(r)); err != nil {
			t.Fatal(err)
		}
		checkSigns(t, q)
		checkDamage(t, q, r)
		checkOrderOfLines(t, book, r, q)
		checkDivided(t, book, r, q)
		checkParts(t, q, r)
		checkGross(t, book, r, q)
	})
}

// reasonOf names why a quote was refused.
func reasonOf(err error) string {
	if refusal, ok := errors.AsType[*price.Refusal](err); ok {
		return string(refusal.Reason)
	}
	if coupon, ok := errors.AsType[*price.CouponError](err); ok {
		return string(coupon.Reason)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// asked is the request as the placement has it.
func asked(r price.Request) []order.LineRequest {
	lines := make([]order.LineRequest, len(r.Lines))
	for i, l := range r.Lines {
		lines[i] = order.LineRequest{ProductID: l.ProductID, SKU: l.SKU, Quantity: l.Quantity, UnitPrice: &r.Lines[i].UnitPrice}
	}
	return lines
}

// checkSigns requires that adjustments are below zero and nothing else is, and that all keeps
// the step.
func checkSigns(t *rapid.T, q order.Quote) {
	if q.Total != q.Items-q.Discount+q.Shipping+q.Tax {
		t.Fatalf("total %d", q.Total)
	}
	for _, a := range amountsOf(&q) {
		if (*a.amount < 0) != a.adjustment || (*a.amount == 0 && a.adjustment) {
			t.Fatalf("%s is %d", a.name, *a.amount)
		}
	}
}

// checkDamage requires that Verify notices any amount that was changed.
func checkDamage(t *rapid.T, q order.Quote, r price.Request) {
	var damaged order.Quote
	if err := json.Unmarshal([]byte(text(q)), &damaged); err != nil {
		t.Fatal(err)
	}
	a := rapid.SampledFrom(amountsOf(&damaged)).Draw(t, "damaged")
	*a.amount += rapid.SampledFrom([]int64{-1, 1, 1000}).Draw(t, "by")
	if err := price.Verify(damaged, asked(r)); !errors.Is(err, price.ErrInvalidQuote) {
		t.Fatalf("%s was changed to %d: %v", a.name, *a.amount, err)
	}
}

type named struct {
	name       string
	amount     *int64
	adjustment bool
}

// amountsOf lists every amount of a quote.
func amountsOf(q *order.Quote) []named {
	all := []named{
		{"items", &q.Items, false},
		{"discount", &q.Discount, false},
		{"shipping", &q.Shipping, false},
		{"tax", &q.Tax, false},
		{"includedTax", &q.IncludedTax, false},
		{"total", &q.Total, false},
	}
	add := func(name string, amount *int64) { all = append(all, named{name, amount, false}) }
	adjusted := func(name string, list []order.Adjustment) {
		for i := range list {
			all = append(all, named{name + ".adjustments", &list[i].Amount, true})
		}
	}
	for i := range q.Lines {
		l, at := &q.Lines[i], fmt.Sprintf("lines[%d]", i)
		add(at+".unitPrice", &l.UnitPrice)
		adjusted(at, l.Adjustments)
		add(at+".net", &l.Net)
		add(at+".tax", &l.Tax)
		if l.Total != nil {
			add(at+".total", l.Total)
		}
	}
	if q.Pricing == nil {
		return all
	}
	for i := range q.Pricing.Coupons {
		add("coupon", &q.Pricing.Coupons[i].Amount)
	}
	for i := range q.Pricing.Taxes {
		add("taxes.net", &q.Pricing.Taxes[i].Net)
		add("taxes.tax", &q.Pricing.Taxes[i].Tax)
	}
	if s := q.Pricing.Shipping; s != nil {
		add("shipping.price", &s.Price)
		adjusted("shipping", s.Adjustments)
		add("shipping.net", &s.Net)
		add("shipping.tax", &s.Tax)
		add("shipping.total", &s.Total)
	}
	return all
}

// checkOrderOfLines requires that lines, and coupons, in another order get the same.
func checkOrderOfLines(t *rapid.T, book *price.Book, r price.Request, q order.Quote) {
	other := r
	places := make([]int, len(r.Lines))
	for i := range places {
		places[i] = i
	}
	places = rapid.Permutation(places).Draw(t, "lines")
	other.Lines = make([]price.Line, len(places))
	for i, from := range places {
		other.Lines[i] = r.Lines[from]
	}
	other.Commands = slices.Clone(r.Commands)
	for i, c := range r.Commands {
		if c.Line >= 0 {
			other.Commands[i].Line = slices.Index(places, c.Line)
		}
	}
	other.Coupons = rapid.Permutation(r.Coupons).Draw(t, "coupons")
	again, err := price.Quote(book, other)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(other, again), sorted(r, q); !slices.Equal(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := withoutLines(again), withoutLines(q); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func withoutLines(q order.Quote) string {
	q.Lines = nil
	return text(q)
}

// sorted lists what each line asks for and gets.
func sorted(r price.Request, q order.Quote) []string {
	all := make([]string, len(q.Lines))
	for i, l := range q.Lines {
		all[i] = fmt.Sprint(r.Lines[i].ProductID, " ", r.Lines[i].Quantity, text(l))
	}
	slices.Sort(all)
	return all
}

// checkDivided requires that two lines instead of one cost the same.
func checkDivided(t *rapid.T, book *price.Book, r price.Request, q order.Quote) {
	at := rapid.IntRange(0, len(r.Lines)-1).Draw(t, "divided")
	n := r.Lines[at].Quantity
	if n < 2 {
		return
	}
	divided := r
	divided.Lines = append(slices.Clone(r.Lines), r.Lines[at])
	part := rapid.Int64Range(1, n-1).Draw(t, "part")
	divided.Lines[at].Quantity, divided.Lines[len(r.Lines)].Quantity = part, n-part
	two, err := price.Quote(book, divided)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := withoutLines(two), withoutLines(q); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := perSKU(divided, two), perSKU(r, q); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// perSKU adds up what is paid for each sku at each price.
func perSKU(r price.Request, q order.Quote) string {
	sums := map[string]int64{}
	for i, l := range q.Lines {
		if l.Total != nil {
			sums[fmt.Sprint(r.Lines[i].ProductID, "/", l.SKU, "/", l.UnitPrice, "/", r.Lines[i].Gift != nil)] += *l.Total
		}
	}
	return text(sums)
}

// checkParts requires that a line that comes back in parts is refunded as a whole.
func checkParts(t *rapid.T, q order.Quote, r price.Request) {
	for i, l := range q.Lines {
		if l.Total == nil {
			continue
		}
		all, done, back := r.Lines[i].Quantity, int64(0), int64(0)
		o := order.Order{Pricing: q.Pricing, Lines: []order.Line{{ID: "1", Quantity: all, LinePrice: l.LinePrice}}}
		f := order.NewFulfilment(&o, time.Now())
		o.Fulfilment = &f
		for done < all {
			giving := rapid.Int64Range(1, all-done).Draw(t, "giving")
			units := []order.LineUnits{{LineID: "1", Quantity: giving}}
			part := o.RefundFor(units)
			if part < 0 || part%max(r.Step, 1) != 0 {
				t.Fatalf("a refund of %d, where the step is %d", part, r.Step)
			}
			if err := o.CancelUnits(order.Removal{ID: strconv.FormatInt(done, 10), Lines: units}); err != nil {
				t.Fatal(err)
			}
			back += part
			done += giving
		}
		if back != *l.Total {
			t.Fatalf("%d of %d came back", back, *l.Total)
		}
	}
}

// checkGross requires that prices that include the tax are the same everywhere.
func checkGross(t *rapid.T, book *price.Book, r price.Request, q order.Quote) {
	if q.Pricing == nil || !q.Pricing.TaxIncluded {
		return
	}
	for _, to := range []*order.Address{nil, {Country: "DE"}, {Country: "US"}, {Country: "US", Region: "CA"}} {
		r.Address = to
		there, err := price.Quote(book, r)
		if reasonOf(err) == string(price.RefusalMethodUnavailable) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if there.Total != q.Total || there.Discount != q.Discount {
			t.Fatalf("%d instead of %d", there.Total, q.Total)
		}
	}
}

// A higher level never pays more, as long as no promotion or shipping price depends on what
// the order costs.
func TestHigherLevelsNeverPayMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b price.Book
		for i := range 5 {
			b.Levels = append(b.Levels, price.Level{Number: i + 1, Name: "A level", Discount: anyRate(t)})
		}
		slices.SortFunc(b.Levels, func(x, y price.Level) int { return int(x.Discount - y.Discount) })
		for i := range b.Levels {
			b.Levels[i].Number = i + 1
		}
		b.ItemPromotions, b.OrderPromotions = anyPromotions(t, 4), anyPromotions(t, 1)
		for _, list := range [][]price.Promotion{b.ItemPromotions, b.OrderPromotions} {
			for i := range list {
				list[i].Minimum = nil
			}
		}
		book, err := price.New(b)
		require.NoError(t, err)
		r := anyRequest(t)
		r.Coupons, r.ShippingMethodID, r.Smallest = nil, "", 0
		var before int64
		for level := range 8 {
			r.Level = level
			q, err := price.Quote(book, r)
			require.NoError(t, err)
			if level > 0 && q.Total > before {
				t.Fatalf("level %d pays %d, the one below %d", level, q.Total, before)
			}
			before = q.Total
		}
	})
}
