package shop

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"holdfast/client"
	"holdfast/web/site"
)

func productLink(id string) string { return "/products/" + url.PathEscape(id) }

// offer is a product with the variant that is shown.
type offer struct {
	client.Product
	At     int // of Variants
	Prices map[client.PriceItem]client.UnitPrice
}

func (o offer) variant() client.Variant { return o.Variants[o.At] }

// price is what one unit of a variant costs the visitor.
func (o offer) price(variant client.Variant) client.UnitPrice {
	if u, ok := o.Prices[client.PriceItem{ProductID: o.ID, SKU: variant.SKU}]; ok {
		return u
	}
	return client.UnitPrice{ProductID: o.ID, SKU: variant.SKU, Currency: o.Currency, UnitPrice: variant.Price, Price: variant.Price}
}

// attributes are sorted by name.
func (o offer) attributes() []string { return slices.Sorted(maps.Keys(o.Attributes)) }

// read returns a product as it is now, with the variant of the sku or, without one, the first that can
// be had.
func (s *Shop) read(v *visit, id, sku string) (offer, error) {
	c, err := v.Buyer(false)
	if err != nil {
		return offer{}, err
	}
	p, err := c.Product(v.R.Context(), id)
	if err != nil {
		return offer{}, err
	}
	if len(p.Variants) == 0 {
		return offer{}, site.ErrNotFound
	}
	o := offer{Product: p}
	o.At = slices.IndexFunc(p.Variants, func(c client.Variant) bool {
		return c.SKU == sku || (sku == "" && c.Available > 0)
	})
	o.At = max(o.At, 0)
	return o, nil
}

func (s *Shop) product(v *visit) error {
	o, err := s.read(v, v.R.PathValue("id"), v.R.URL.Query().Get("sku"))
	if err != nil {
		return err
	}
	items := make([]client.PriceItem, 0, len(o.Variants))
	for _, variant := range o.Variants[:min(len(o.Variants), 100)] {
		items = append(items, client.PriceItem{ProductID: o.ID, SKU: variant.SKU})
	}
	o.Prices = s.prices.of(v, items)
	return v.Render(http.StatusOK, productPage(v, o))
}

// stock is the part of a product's page that is asked for again and again.
func (s *Shop) stock(v *visit) error {
	o, err := s.read(v, v.R.PathValue("id"), v.R.URL.Query().Get("sku"))
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, stockLine(v, o))
}

// add puts a variant into the basket.
func (s *Shop) add(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	form := v.R.PostForm
	o, err := s.read(v, form.Get("product"), form.Get("sku"))
	if err != nil {
		return err
	}
	quantity, err := strconv.ParseInt(form.Get("quantity"), 10, 64)
	if err != nil {
		quantity = 1
	}
	line := lineOf(o.Product, o.variant(), quantity)
	if !v.basket.add(line) {
		v.Say("warn", "basket.full", "n", v.Text.Number(mostLines))
		return v.Redirect("/basket")
	}
	if err := v.keepBasket(); err != nil {
		v.Say("warn", "basket.full", "n", v.Text.Number(int64(len(v.basket.Lines)-1)))
		return v.Redirect("/basket")
	}
	v.Say("ok", "basket.added", "title", line.Title)
	return v.Redirect("/basket")
}
