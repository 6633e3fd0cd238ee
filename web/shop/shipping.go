package shop

import (
	"slices"
	"sync"

	"holdfast/client"
)

// method is a way to send the order, with what the order then costs.
type method struct {
	client.ShippingMethod
	Chosen bool
	// Price of the shipping; nil if it isn't known.
	Price *int64
}

// mostQuoted is for how many methods the price is asked for.
const mostQuoted = 5

// methods returns how the basket can be sent to the address, if there is a choice. A method that was
// chosen for another address is dropped.
func (s *Shop) methods(v *visit, d *draft) ([]method, error) {
	c, err := v.Buyer(false)
	if err != nil {
		return nil, err
	}
	offered, err := c.ShippingMethods(v.R.Context(), v.basket.Lines[0].Currency, d.Address.Country)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(offered, func(m client.ShippingMethod) bool { return m.ID == d.Shipping }) {
		d.Shipping = ""
	}
	if d.Shipping == "" && !slices.ContainsFunc(offered, func(m client.ShippingMethod) bool { return m.Default }) && len(offered) > 0 {
		d.Shipping = offered[0].ID // the default doesn't serve the address
	}
	if len(offered) < 2 {
		return nil, nil
	}
	all := make([]method, len(offered))
	for i, m := range offered {
		all[i] = method{ShippingMethod: m, Chosen: m.ID == d.Shipping || (d.Shipping == "" && m.Default)}
	}
	return all, nil
}

// priceMethods asks what each method would cost.
func (s *Shop) priceMethods(v *visit, b *bill) {
	if b.Quote == nil || len(b.Methods) > mostQuoted {
		return
	}
	c, err := v.Buyer(false)
	if err != nil {
		return // the choice is still there, without prices
	}
	var wg sync.WaitGroup
	for i := range b.Methods {
		m := &b.Methods[i]
		if m.Chosen {
			m.Price = &b.Quote.Shipping
			continue
		}
		wg.Go(func() {
			request := draft{Address: b.Address, Saved: b.Saved, Shipping: m.ID}.complete(b.request())
			request.CouponCodes = usable(b.Coupons, b.Refused)
			if q, err := c.Quote(v.R.Context(), request); err == nil {
				m.Price = &q.Shipping
			}
		})
	}
	wg.Wait()
}

// chooseShipping keeps the chosen method.
func (s *Shop) chooseShipping(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	d, ok := v.keptDraft()
	if !ok {
		return v.Redirect("/checkout")
	}
	d.Shipping = shorten(v.R.PostForm.Get("method"), 64)
	if err := v.keepDraft(d); err != nil {
		return err
	}
	return v.Redirect("/checkout/review#shipping")
}
