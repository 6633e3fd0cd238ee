package api

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
)

// listParameters returns the parameters of the calls that search, list and count, by route. These
// calls reject unknown parameters, because a misspelt filter would match too much.
func listParameters() map[string]map[string]bool {
	return map[string]map[string]bool{
		"/v1/products":                parametersOf[openapi.SearchProductsParams](),
		"/v1/products/suggest":        parametersOf[openapi.SuggestProductsParams](),
		"/v1/products/:id/events":     parametersOf[openapi.ListProductEventsParams](),
		"/v1/orders":                  parametersOf[openapi.ListOrdersParams](),
		"/v1/orders/counts":           parametersOf[openapi.CountOrdersParams](),
		"/v1/audits/latest":           parametersOf[openapi.LatestAuditParams](),
		"/v1/packages":                parametersOf[openapi.ListPackagesParams](),
		"/v1/customers":               parametersOf[openapi.ListCustomersParams](),
		"/v1/disputes":                parametersOf[openapi.ListDisputesParams](),
		"/v1/refunds":                 parametersOf[openapi.ListRefundsParams](),
		"/v1/webhooks/:id/deliveries": parametersOf[openapi.ListWebhookDeliveriesParams](),
	}
}

// parametersOf returns the names of a call's query parameters, as in the contract.
func parametersOf[T any]() map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(f.Tag.Get("form"), ",")
		names[name] = true
	}
	return names
}

// checkQuery refuses a malformed query, because Go would ignore its broken part (a bad escape, or a
// semicolon), and a query with a parameter that the call doesn't know.
func (s *Server) checkQuery(c *gin.Context) {
	if c.Request.URL.RawQuery == "" {
		return
	}
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		s.fail(c, malformed("", "the query string is malformed"))
		return
	}
	known := s.parameters[c.FullPath()]
	if known == nil || (c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !known[name] {
			s.fail(c, malformed(shown(name), "is not a parameter of this call"))
			return
		}
	}
}

// parameterProblem returns a problem that names the invalid parameter, without the Go types that
// the binding's errors contain.
func parameterProblem(err error) error {
	if strings.HasPrefix(err.Error(), "Header parameter Idempotency-Key is required") {
		return errNoKey
	}
	reason, _, _ := strings.Cut(err.Error(), ": ")
	if name, ok := strings.CutPrefix(reason, "Invalid format for parameter "); ok {
		return malformed(name, "must be given once, in the form that the contract requires")
	}
	return malformed("", strings.ToLower(reason[:1])+reason[1:])
}

// shown truncates a name that the caller chose, so that a megabyte of it isn't sent back.
func shown(name string) string {
	const most = 200
	name = strings.ToValidUTF8(name, "\uFFFD")
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}
