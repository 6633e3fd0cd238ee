package shop

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"holdfast/client"
)

const (
	pageSize = 24
	// mostFacets of each kind are offered.
	mostFacets = 12
	// mostText is what a search may have.
	mostText = 200
)

// listing is what the visitor looks for.
type listing struct {
	Text            string
	Category, Brand []string
	InStock         bool
	Sort            string
	Cursor          string
	Page            int
}

// sorts are the orders that are offered, the first one is the default.
var sorts = []string{"relevance", "price", "-price", "newest", "name"}

func readListing(q url.Values) listing {
	l := listing{
		Text: strings.TrimSpace(shorten(q.Get("q"), mostText)), Category: chosen(q["category"]), Brand: chosen(q["brand"]),
		InStock: q.Get("stock") != "", Sort: q.Get("sort"), Cursor: q.Get("cursor"),
	}
	if !slices.Contains(sorts, l.Sort) {
		l.Sort = ""
	}
	l.Page, _ = strconv.Atoi(q.Get("page"))
	if l.Cursor == "" || l.Page < 2 {
		l.Page = max(1, min(l.Page, 1))
	}
	return l
}

// chosen drops empty values and what exceeds any sensible choice.
func chosen(values []string) []string {
	values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" || len(s) > mostText })
	return values[:min(len(values), 50)]
}

// link is the address of a listing; what is the default is left out.
func (l listing) link() string {
	q := url.Values{}
	for name, value := range map[string]string{"q": l.Text, "sort": l.Sort, "cursor": l.Cursor} {
		if value != "" && value != sorts[0] {
			q.Set(name, value)
		}
	}
	for name, values := range map[string][]string{"category": l.Category, "brand": l.Brand} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	if l.InStock {
		q.Set("stock", "1")
	}
	if l.Page > 1 {
		q.Set("page", strconv.Itoa(l.Page))
	}
	if len(q) == 0 {
		return "/"
	}
	return "/?" + q.Encode()
}

// first is the first page of the same listing.
func (l listing) first() listing {
	l.Cursor, l.Page = "", 1
	return l
}

// without is the listing with no filters.
func (l listing) without() listing { return listing{Text: l.Text, Sort: l.Sort} }

// filtered reports whether anything but the text narrows the listing.
func (l listing) filtered() bool { return len(l.Category)+len(l.Brand) > 0 || l.InStock }

// next is the page after this one.
func (l listing) next(cursor string) listing {
	l.Cursor, l.Page = cursor, l.Page+1
	return l
}

func (l listing) search() client.Search {
	return client.Search{
		Text: l.Text, Category: l.Category, Brand: l.Brand, InStock: l.InStock, Sort: l.Sort, Limit: pageSize, Cursor: l.Cursor,
	}
}

// filters is how many filters are set.
func (l listing) filters() int64 {
	n := int64(len(l.Category) + len(l.Brand))
	if l.InStock {
		n++
	}
	return n
}

// shelf is a page of products with what they cost the visitor.
type shelf struct {
	listing
	client.ProductPage
	Prices map[client.PriceItem]client.UnitPrice
}

func (s *Shop) list(v *visit) error {
	l := readListing(v.R.URL.Query())
	c, err := v.Client()
	if err != nil {
		return err
	}
	page, err := c.Search(v.R.Context(), l.search())
	if p := problem(err, "malformed-request", "invalid-values"); p != nil {
		if l.Cursor != "" { // of a list that is no more
			return v.Redirect(l.first().link())
		}
		page, err = client.ProductPage{}, nil // a text without a letter matches nothing
	}
	if err != nil {
		return err
	}
	found := shelf{listing: l, ProductPage: page}
	var items []client.PriceItem
	for _, p := range page.Items {
		if p.MinPrice == p.MaxPrice {
			items = append(items, client.PriceItem{ProductID: p.ID})
		}
	}
	if len(items) > 0 {
		found.Prices = s.prices.of(v, items)
	}
	return v.Render(http.StatusOK, listPage(v, found))
}

func (s *Shop) suggest(v *visit) error {
	text := strings.TrimSpace(shorten(v.R.URL.Query().Get("q"), mostText))
	if text == "" {
		return v.Render(http.StatusOK, suggestions(v, text, client.Suggestions{}))
	}
	c, err := v.Client()
	if err != nil {
		return err
	}
	found, err := c.Suggest(v.R.Context(), text, 6)
	if err != nil { // the search itself will say what is wrong
		found = client.Suggestions{}
	}
	return v.Render(http.StatusOK, suggestions(v, text, found))
}
