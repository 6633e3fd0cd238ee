package shop

import (
	"crypto/rand"
	"slices"
	"time"
	"unicode/utf8"

	"holdfast/client"
	"holdfast/web/art"
)

const (
	basketCookie = "hf_basket"
	basketAge    = 60 * 24 * time.Hour
	// mostLines is how many lines a basket has room for in a browser's cookies.
	mostLines = 40
	// mostUnits is what the API takes of one line.
	mostUnits = 1_000_000
	// titleBytes of a title are kept, so that a line can be named even if its product is gone.
	titleBytes = 80
)

// basket is what the visitor means to order. It is kept in the browser, sealed, and survives signing in.
type basket struct {
	// Key is the idempotency key of the order that the basket becomes: however often it is sent, there
	// is one order. It changes once that order was shown.
	Key   string       `json:"k,omitempty"`
	Lines []basketLine `json:"l,omitempty"`
	// Coupons that the visitor entered.
	Coupons []string `json:"c,omitempty"`
	// Order was placed under the key, and may be undecided.
	Order string `json:"o,omitempty"`
	// AsGuest means that a guest's order under the key is unanswered. If they sign in meanwhile, it is still
	// the guest's: as a customer's there would be two.
	AsGuest bool `json:"g,omitempty"`
	// LastKey and LastOrder are those of the basket before, for forms that are sent once more.
	LastKey   string `json:"pk,omitempty"`
	LastOrder string `json:"po,omitempty"`
}

// basketLine is some units of a variant, with what the visitor saw.
type basketLine struct {
	Product  string `json:"p"`
	SKU      string `json:"s,omitempty"`
	Quantity int64  `json:"q"`
	// Price of one unit when it was put into the basket.
	Price    int64  `json:"u"`
	Currency string `json:"c"`
	Title    string `json:"t"`
	Motif    string `json:"m,omitempty"`
}

func (v *visit) readBasket() {
	if !v.Kept(basketCookie, &v.basket) && !v.Moved(basketCookie, &v.basket, basketAge) {
		v.basket = basket{}
	}
	v.countBasket()
}

func (v *visit) countBasket() {
	v.Basket = 0
	for _, l := range v.basket.Lines {
		v.Basket += l.Quantity
	}
}

// keepBasket stores the basket. A basket with lines has a key.
func (v *visit) keepBasket() error {
	if v.basket.Key == "" && len(v.basket.Lines) > 0 {
		v.basket.Key = rand.Text()
	}
	v.countBasket()
	return v.Keep(basketCookie, v.basket, basketAge)
}

// add puts units into the basket, and reports whether it has room for them.
func (b *basket) add(l basketLine) bool {
	for i := range b.Lines {
		if have := &b.Lines[i]; have.Product == l.Product && have.SKU == l.SKU {
			have.Quantity = min(have.Quantity+l.Quantity, mostUnits)
			have.Price, have.Currency, have.Title, have.Motif = l.Price, l.Currency, l.Title, l.Motif
			return true
		}
	}
	if len(b.Lines) >= mostLines {
		return false
	}
	b.Lines = append(b.Lines, l)
	return true
}

// find returns the line of a variant, or -1.
func (b *basket) find(productID, sku string) int {
	return slices.IndexFunc(b.Lines, func(l basketLine) bool {
		return l.Product == productID && (l.SKU == sku || sku == "" || l.SKU == "")
	})
}

// ordered empties the basket: its order was shown.
func (b *basket) ordered() {
	*b = basket{LastKey: b.Key, LastOrder: b.Order}
}

// rejected keeps the lines, for another try under another key.
func (b *basket) rejected() {
	b.LastKey, b.LastOrder = b.Key, b.Order
	b.Key, b.Order, b.AsGuest = rand.Text(), "", false
}

// request is what the basket asks the API for. The prices are those of the day: the total that the
// visitor agrees to is what protects them.
func (b *basket) request() client.OrderRequest {
	r := client.OrderRequest{CouponCodes: b.Coupons}
	for _, l := range b.Lines {
		r.Lines = append(r.Lines, client.LineRequest{ProductID: l.Product, SKU: l.SKU, Quantity: l.Quantity})
	}
	return r
}

// lineOf makes a line of a variant.
func lineOf(p client.Product, variant client.Variant, quantity int64) basketLine {
	title := p.Title
	if variant.Title != "" {
		title += " – " + variant.Title
	}
	return basketLine{
		Product: p.ID, SKU: variant.SKU, Quantity: min(max(quantity, 1), mostUnits), Price: variant.Price,
		Currency: p.Currency, Title: shorten(title, titleBytes), Motif: art.Motif(p.Title, p.Category, p.Tags...),
	}
}

// shorten cuts a text to some bytes, between characters.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// takeWhatIsLeft changes the lines so that the shop can serve them, and reports whether anything is left.
func (b *basket) takeWhatIsLeft(short []client.Shortage) bool {
	for _, s := range short {
		i := b.find(s.ProductID, s.SKU)
		if i < 0 {
			continue
		}
		l := &b.Lines[i]
		switch string(s.Reason) {
		case "insufficient_stock":
			l.Quantity = min(l.Quantity, s.Available)
		case "over_limit", "over_customer_limit":
			l.Quantity = b.within(i, s)
		case "price_changed":
			if s.CurrentPrice != nil {
				l.Price = *s.CurrentPrice
			}
		case "not_found", "not_listed", "unknown_sku", "other_currency":
			l.Quantity = 0
		}
	}
	b.Lines = slices.DeleteFunc(b.Lines, func(l basketLine) bool { return l.Quantity < 1 })
	return len(b.Lines) > 0
}

// within returns how many units of a line its product's limit allows besides the lines before it.
func (b *basket) within(i int, s client.Shortage) int64 {
	left := s.Limit
	for _, l := range b.Lines[:i] {
		if l.Product == s.ProductID {
			left -= l.Quantity
		}
	}
	return max(0, min(b.Lines[i].Quantity, left))
}
