// Package shop is the storefront: what there is, the basket, ordering, paying, and what became of an
// order. Its pages hold nothing between requests but a few prices; a basket is kept in the browser.
package shop

import (
	"net/http"
	"sync"

	"holdfast/web/live"
	"holdfast/web/site"
)

// Shop serves the storefront.
type Shop struct {
	site   *site.Site
	orders *live.Orders
	prices *prices
	// keyMissed is set once the log says that the shop has no key of Stripe.
	keyMissed sync.Once
}

// Routes registers the storefront's pages.
func Routes(mux *http.ServeMux, s *site.Site, orders *live.Orders) {
	shop := &Shop{site: s, orders: orders, prices: newPrices(s.Now)}
	s.ForgetAtSignOut(draftCookie)
	for pattern, page := range map[string]func(*visit) error{
		"GET /{$}":                            shop.list,
		"GET /suggest":                        shop.suggest,
		"GET /products/{id}":                  shop.product,
		"GET /products/{id}/stock":            shop.stock,
		"GET /basket":                         shop.basketPage,
		"POST /basket/add":                    shop.add,
		"POST /basket":                        shop.update,
		"POST /basket/take":                   shop.take,
		"GET /checkout":                       shop.checkout,
		"POST /checkout":                      shop.saveCheckout,
		"GET /checkout/review":                shop.review,
		"POST /checkout/coupon":               shop.coupon,
		"POST /checkout/shipping":             shop.chooseShipping,
		"POST /checkout/order":                shop.order,
		"GET /account":                        shop.accountPage,
		"GET /account/profile":                shop.profileForm,
		"POST /account/profile":               shop.saveProfile,
		"GET /account/new-address":            shop.newAddressForm,
		"GET /account/addresses/{id}":         shop.ownAddressForm,
		"POST /account/addresses/{id}":        shop.saveOwnAddress,
		"POST /account/addresses/{id}/remove": shop.removeAddress,
		"GET /orders":                         shop.ordersPage,
		"GET /orders/{id}":                    shop.orderPage,
		"GET /orders/{id}/part":               shop.orderPart,
		"GET /orders/{id}/live":               shop.orderLive,
		"POST /orders/{id}/pay":               shop.pay,
		"GET /orders/{id}/pay":                shop.stripePage,
		"POST /orders/{id}/cancel":            shop.cancel,
		"GET /orders/{id}/cancel-items":       shop.cancelForm,
		"POST /orders/{id}/cancel-items":      shop.cancelUnits,
		"GET /orders/{id}/address":            shop.addressForm,
		"POST /orders/{id}/address":           shop.saveAddress,
		"GET /orders/{id}/return":             shop.returnForm,
		"POST /orders/{id}/return":            shop.openReturn,
		"GET /orders/{id}/link":               shop.linkPage,
		"GET /o/{link}":                       shop.enter,
	} {
		mux.Handle(pattern, s.Handle(func(v *site.Visit) error { return page(newVisit(v)) }))
	}
}

// visit is a visit to the storefront, with the visitor's basket.
type visit struct {
	*site.Visit
	basket basket
}

func newVisit(v *site.Visit) *visit {
	w := &visit{Visit: v}
	w.readBasket()
	return w
}
