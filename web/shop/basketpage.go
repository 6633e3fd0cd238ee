package shop

import (
	"net/http"
	"slices"
	"strconv"
	"sync"

	"holdfast/client"
)

// tray is the basket as the shop could serve it now.
type tray struct {
	basket
	// Quote is nil if the basket can't be had as it is.
	Quote *client.Quote
	// Short says what of it can't, Lines by their place in the basket.
	Short map[int]client.Shortage
	// Coupons that can't be used.
	RefusedCoupons []client.CouponRefusal
	Prices         map[client.PriceItem]client.UnitPrice
	// Other is a refusal that concerns the basket as a whole: the key of its message.
	Other string
	// Said is what the shop itself says against the order, by its own rules.
	Said string
}

// unitPrice is the list price of a line, as it is now if that is known.
func (t tray) unitPrice(i int) int64 {
	l := t.Lines[i]
	if t.Quote != nil {
		return t.Quote.Lines[i].UnitPrice
	}
	if u, ok := t.Prices[client.PriceItem{ProductID: l.Product, SKU: l.SKU}]; ok {
		return u.UnitPrice
	}
	return l.Price
}

// moved reports whether a line's price has changed since it was put into the basket.
func (t tray) moved(i int) bool { return t.unitPrice(i) != t.Lines[i].Price }

// sum is what a line costs.
func (t tray) sum(i int) int64 {
	if t.Quote != nil && t.Quote.Lines[i].Total != nil {
		return *t.Quote.Lines[i].Total
	}
	return t.unitPrice(i) * t.quantity(i)
}

// quantity is how many units of a line the order has: the shop's commands may have changed it.
func (t tray) quantity(i int) int64 {
	if o := t.ordered(); i < len(o) {
		return o[i].Quantity
	}
	return t.Lines[i].Quantity
}

// ordered are the lines of the order as the shop's commands make it, nil if it stays what the basket has.
func (t tray) ordered() []client.OrderedLine {
	if t.Quote == nil || t.Quote.Ordered == nil {
		return nil
	}
	return t.Quote.Ordered.Lines
}

// weigh asks what the basket costs now, and what of it can't be had.
func (s *Shop) weigh(v *visit) (tray, error) {
	t := tray{basket: v.basket, Short: map[int]client.Shortage{}}
	if len(t.Lines) == 0 {
		return t, nil
	}
	c, err := v.Buyer(false)
	if err != nil {
		return t, err
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		items := make([]client.PriceItem, len(t.Lines))
		for i, l := range t.Lines {
			items[i] = client.PriceItem{ProductID: l.Product, SKU: l.SKU}
		}
		t.Prices = s.prices.of(v, items)
	})
	request := t.request()
	request.CouponCodes = nil
	q, err := c.Quote(v.R.Context(), request)
	wg.Wait()
	return t, t.take(q, err)
}

// take notes what the API said about the basket. What it doesn't say about the basket is returned.
func (t *tray) take(q client.Quote, err error) error {
	if err == nil {
		t.Quote = &q
		return nil
	}
	p := problem(err)
	if p == nil {
		return err
	}
	for _, short := range p.Shortages {
		if i := t.find(short.ProductID, short.SKU); i >= 0 {
			if _, known := t.Short[i]; !known || short.Reason != "price_changed" {
				t.Short[i] = short
			}
		}
	}
	t.RefusedCoupons = p.Coupons
	switch {
	case len(t.Short) > 0, len(t.RefusedCoupons) > 0:
	case p.Kind() == "not-quotable":
		t.Other = "quote.not-quotable"
	case p.Kind() == "order-refused":
		t.Said = p.Detail
	case p.Status == http.StatusUnprocessableEntity, p.Status == http.StatusConflict, p.Status == http.StatusNotFound:
		t.Other = "quote.refused"
	default:
		return err
	}
	return nil
}

func (s *Shop) basketPage(v *visit) error {
	if err := s.settle(v); err != nil {
		return err
	}
	t, err := s.weigh(v)
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, basketView(v, t))
}

// update changes quantities, and removes lines.
func (s *Shop) update(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	form := v.R.PostForm
	for i := range v.basket.Lines {
		l := &v.basket.Lines[i]
		name := "q:" + l.Product + ":" + l.SKU
		if form.Get("remove") == name {
			l.Quantity = 0
			continue
		}
		if n, err := strconv.ParseInt(form.Get(name), 10, 64); err == nil && n >= 0 {
			l.Quantity = min(n, mostUnits)
		}
	}
	v.basket.Lines = slices.DeleteFunc(v.basket.Lines, func(l basketLine) bool { return l.Quantity < 1 })
	if err := v.keepBasket(); err != nil {
		return err
	}
	return v.Redirect("/basket")
}

// take changes the basket to what the shop has left of it.
func (s *Shop) take(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	t, err := s.weigh(v)
	if err != nil {
		return err
	}
	var short []client.Shortage
	for _, one := range t.Short {
		short = append(short, one)
	}
	for i := range v.basket.Lines { // the visitor has seen today's prices
		v.basket.Lines[i].Price = t.unitPrice(i)
	}
	left := v.basket.takeWhatIsLeft(short)
	if err := v.keepBasket(); err != nil {
		return err
	}
	if !left {
		v.Say("warn", "basket.nothingLeft")
		return v.Redirect("/basket")
	}
	v.Say("ok", "basket.tookLeft")
	if v.R.PostForm.Get("back") == "review" {
		return v.Redirect("/checkout/review")
	}
	return v.Redirect("/basket")
}
