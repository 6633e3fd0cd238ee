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

// listParameters are the parameters of the calls that search and list, by route. A
// filter that is misspelt there would find too much: hence what is not named here
// is refused.
func listParameters() map[string]map[string]bool {
	return map[string]map[string]bool{
		"/v1/products":                parametersOf[openapi.SearchProductsParams](),
		"/v1/products/suggest":        parametersOf[openapi.SuggestProductsParams](),
		"/v1/products/:id/events":     parametersOf[openapi.ListProductEventsParams](),
		"/v1/orders":                  parametersOf[openapi.ListOrdersParams](),
		"/v1/disputes":                parametersOf[openapi.ListDisputesParams](),
		"/v1/refunds":                 parametersOf[openapi.ListRefundsParams](),
		"/v1/webhooks/:id/deliveries": parametersOf[openapi.ListWebhookDeliveriesParams](),
	}
}

// parametersOf are the names of a call's query parameters, as the contract has them.
func parametersOf[T any]() map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(f.Tag.Get("form"), ",")
		names[name] = true
	}
	return names
}

// checkQuery refuses a query that would be read without the part that is broken (a
// bad escape, or a semicolon), and one with a parameter that its call doesn't know.
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

// parameterProblem names the parameter that could not be read, and leaves out the
// Go types that the binding's errors name.
func parameterProblem(err error) error {
	if strings.HasPrefix(err.Error(), "Header parameter Idempotency-Key is required") {
		return errNoKey
	}
	reason, _, _ := strings.Cut(err.Error(), ": ")
	if name, ok := strings.CutPrefix(reason, "Invalid format for parameter "); ok {
		return malformed(name, "must be given once, in the form that the contract says")
	}
	return malformed("", strings.ToLower(reason[:1])+reason[1:])
}

// shown cuts a name that is its caller's own: don't send a megabyte of it back.
func shown(name string) string {
	const most = 200
	name = strings.ToValidUTF8(name, "\uFFFD")
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}
