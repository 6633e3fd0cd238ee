package console

import (
	"crypto/rand"
	"net/http"

	"holdfast/client"
	"holdfast/web/live"
	"holdfast/web/site"
)

// Console serves the operator's pages.
type Console struct {
	site   *site.Site
	orders *live.Orders
}

// Routes registers the console's pages.
func Routes(mux *http.ServeMux, s *site.Site, orders *live.Orders) {
	c := &Console{s, orders}
	for pattern, page := range map[string]func(*visit) error{
		"GET /console":                                         c.inbox,
		"POST /console/alerts/dismiss":                         c.dismissAlert,
		"POST /console/disputes/dismiss":                       c.dismissDispute,
		"GET /console/refunds":                                 c.refundsPage,
		"POST /console/refunds/decide":                         c.decideRefund,
		"GET /console/scans":                                   c.scansPage,
		"POST /console/scans/assign":                           c.assignScan,
		"GET /console/orders":                                  c.ordersPage,
		"POST /console/orders":                                 c.bulk,
		"GET /console/orders/{id}":                             c.orderPage,
		"GET /console/orders/{id}/live":                        c.orderLive,
		"GET /console/orders/{id}/part":                        c.orderPart,
		"POST /console/orders/{id}/{act}":                      c.actOnOrder,
		"GET /console/products":                                c.productsPage,
		"GET /console/products/{id}":                           c.productPage,
		"POST /console/products/{id}/{act}":                    c.actOnProduct,
		"GET /console/prices":                                  c.pricesPage,
		"POST /console/prices":                                 c.publishPrices,
		"GET /console/prices/versions/{number}":                c.versionPage,
		"GET /console/coupons":                                 c.couponsPage,
		"POST /console/coupons":                                c.putCoupon,
		"POST /console/coupons/{code}/end":                     c.endCoupon,
		"GET /console/commands":                                c.commandsPage,
		"GET /console/new-command":                             c.newCommandPage,
		"POST /console/new-command":                            c.saveCommand,
		"GET /console/commands/{id}":                           c.commandPage,
		"GET /console/commands/{id}/edit":                      c.editCommandPage,
		"POST /console/commands/{id}/edit":                     c.saveCommand,
		"GET /console/commands/{id}/versions/{number}":         c.commandVersionPage,
		"GET /console/scenarios":                               c.scenariosPage,
		"GET /console/scenarios/{scenario}":                    c.scenarioPage,
		"POST /console/scenarios/{scenario}/{act}":             c.actOnChain,
		"GET /console/scenarios/{scenario}/versions/{number}":  c.chainVersionPage,
		"POST /console/scenarios/{scenario}/versions/{number}": c.rollback,
		"GET /console/overview":                                c.overviewPage,
		"GET /console/audits":                                  c.auditsPage,
		"GET /console/webhooks":                                c.webhooksPage,
		"POST /console/webhooks":                               c.registerWebhook,
		"GET /console/webhooks/{id}":                           c.webhookPage,
		"POST /console/webhooks/{id}/{act}":                    c.actOnWebhook,
		"POST /console/webhooks/{id}/replay/{deliver}":         c.replay,
	} {
		mux.Handle(pattern, s.Handle(func(v *site.Visit) error { return c.serve(v, page) }))
	}
}

// visit is a visit to the console.
type visit struct {
	*site.Visit
	api *client.Client
}

// serve lets staff in, and tells everyone else that the console is for staff.
func (c *Console) serve(sv *site.Visit, page func(*visit) error) error {
	v := &visit{Visit: sv}
	if !v.Staff() {
		return v.Render(http.StatusForbidden, strangerPage(v))
	}
	api, err := v.Client()
	if err != nil {
		return err
	}
	v.api = api
	return page(v)
}

// newKey returns an idempotency key for a form: it is made with the page, so that a form that is sent
// twice acts once.
func newKey() string { return rand.Text() }
