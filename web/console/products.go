package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"holdfast/client"
	"holdfast/web/site"
)

const (
	// mostEvents of a product's history on one page.
	mostEvents = 30
	// mostHolds of a product are shown with their countdown.
	mostHolds = 20
)

func (c *Console) productsPage(v *visit) error {
	q := v.R.URL.Query()
	text, status := strings.TrimSpace(q.Get("q")), q.Get("status")
	search := client.Search{Text: text, Sort: "updated", SoldOut: "inPlace", Limit: mostRows, Cursor: q.Get("cursor")}
	if text != "" {
		search.Sort = ""
	}
	if status != "" {
		search.Status = []string{status}
	}
	page, err := v.api.Search(v.R.Context(), search)
	if p := problem(err, "malformed-request", "invalid-values"); p != nil {
		page, err = client.ProductPage{}, nil
	}
	if err != nil {
		return err
	}
	next := ""
	if page.NextCursor != "" {
		q.Set("cursor", page.NextCursor)
		next = "/console/products?" + q.Encode()
	}
	return v.Render(http.StatusOK, productsView(v, text, status, page, next))
}

// stock is a product as its page shows it.
type stock struct {
	sheet // for its forms
	client.Product
	Events []client.ProductEvent
	Next   string
	// Holds are unpaid orders that hold its stock; nil if they can't be read.
	Holds *client.OrderPage
}

func (c *Console) productPage(v *visit) error { return c.showProduct(v, v.R.PathValue("id"), nil) }

func (c *Console) showProduct(v *visit, id string, t *tried) error {
	p, err := v.api.Product(v.R.Context(), id)
	if err != nil {
		return err
	}
	s := stock{sheet: sheet{Tried: t, Now: v.Now(), Open: v.R.URL.Query().Get("open")}, Product: p}
	events, err := v.api.ProductEvents(v.R.Context(), id, nil, mostEvents, v.R.URL.Query().Get("cursor"))
	if err != nil && !site.Away(err) && !searchAway(err) {
		return err
	}
	s.Events = events.Items
	if events.NextCursor != "" {
		s.Next = productLink(id) + "?" + url.Values{"cursor": {events.NextCursor}}.Encode() + "#ledger"
	}
	unpaid := []string{string(client.OrderAwaitingPayment), string(client.OrderReserving)}
	if holds, err := v.api.Orders(v.R.Context(), client.OrderFilter{ProductID: id, Status: unpaid, Limit: mostHolds}); err == nil {
		s.Holds = &holds
	}
	status := http.StatusOK
	if t != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.Render(status, productView(v, s))
}

func searchAway(err error) bool { return problem(err, "search-unavailable", "search-busy") != nil }

// held is how many units of the product all orders hold.
func (s stock) held() (n int64) {
	for _, variant := range s.Variants {
		n += variant.Held
	}
	return n
}

// delisting reports whether unpaid orders of a product that was taken off sale still hold its stock.
func (s stock) delisting() bool { return s.Status == "delisted" && s.held() > 0 }

// heldBy is how many units of the product an order holds.
func (s stock) heldBy(o client.OrderSummary) (n int64) {
	for _, l := range o.Lines {
		if l.ProductID == s.ID {
			n += l.Quantity
		}
	}
	return n
}

func (c *Console) actOnProduct(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	id, name := v.R.PathValue("id"), v.R.PathValue("act")
	a := action{Key: v.R.PostForm.Get("key"), Form: v.R.PostForm}
	var err error
	switch name {
	case "adjust":
		err = v.adjust(id, a)
	case "price":
		err = v.price(id, a)
	case "list":
		err = v.api.ListProduct(v.R.Context(), id)
	case "delist":
		_, err = v.api.Delist(v.R.Context(), id)
	default:
		return site.ErrNotFound
	}
	if err != nil {
		t := v.triedOf(name+a.text("sku"), a.Form, err)
		if t == nil {
			return err
		}
		return c.showProduct(v, id, t)
	}
	v.Say("ok", "console.done."+name)
	return v.Redirect(productLink(id))
}

// adjust changes the stock of a variant by a number, or to a counted one.
func (v *visit) adjust(id string, a action) error {
	n, err := strconv.ParseInt(strings.ReplaceAll(a.text("number"), "−", "-"), 10, 64)
	if err != nil {
		return invalidError{"number": "console.field.number"}
	}
	change := client.StockAdjustment{SKU: a.text("sku"), Reason: a.text("reason")}
	if a.text("how") == "counted" {
		change.OnHand = &n
	} else {
		change.Delta = &n
	}
	_, err = v.api.AdjustStock(v.R.Context(), id, a.Key, change)
	return err
}

// price changes the list price of a variant, if the product is still as it was shown.
func (v *visit) price(id string, a action) error {
	minor, ok := parseMoney(a.text("price"), a.text("currency"))
	if !ok || minor < 0 {
		return invalidError{"price": "console.field.amount"}
	}
	type priced struct {
		SKU   string `json:"sku"`
		Title string `json:"title,omitempty"`
		Price int64  `json:"price"`
	}
	p, err := v.api.Product(v.R.Context(), id)
	if err != nil {
		return err
	}
	var variants []priced
	for _, variant := range p.Variants {
		one := priced{variant.SKU, variant.Title, variant.Price}
		if variant.SKU == a.text("sku") {
			one.Price = minor
		}
		variants = append(variants, one)
	}
	return v.api.PatchProduct(v.R.Context(), id, a.text("etag"), map[string]any{"variants": variants})
}
