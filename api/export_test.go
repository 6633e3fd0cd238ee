package api

import (
	"maps"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/search"
)

// CheckOrder validates an order's body as the gateway does.
func CheckOrder(raw []byte) error {
	var in openapi.OrderRequest
	if err := decodeStrict(raw, &in); err != nil {
		return err
	}
	return order.Placement{
		OrderID: "o", CustomerID: in.CustomerID, Lines: in.Lines, Address: in.Address, Metadata: in.Metadata,
		ExternalReference: in.ExternalReference,
	}.Validate()
}

// OwnOrders returns the query with which a caller may list orders.
func OwnOrders(q search.OrderQuery, caller Caller) (search.OrderQuery, error) {
	return ownOrders(q, caller)
}

// ErrorStatus returns the status of an error's problem.
func ErrorStatus(err error) int { return problemOf(err).Status }

// RequestTimeout is a request's timeout, from when its body has arrived.
const RequestTimeout = requestTimeout

// CheckAccess validates the contract's access rules as the gateway does.
func CheckAccess(contract []byte) error {
	_, err := readAccess(contract)
	return err
}

// Announce returns the handler that announces a contract's deprecations.
func Announce(contract []byte) (gin.HandlerFunc, error) {
	a, err := readAccess(contract)
	return a.announce, err
}

// ProblemNames returns the names of all problem types.
func ProblemNames() []string { return slices.Collect(maps.Keys(problemTypes())) }

// CustomersWaits is how many requests of one customer may wait at the same time.
const CustomersWaits = customersWaits

// Cost returns what a call of a route costs.
func (s *Server) Cost(r *http.Request, route string) int {
	return costOf(&gin.Context{Request: r}, s.access.of(r.Method, route))
}

// CostOfLines returns what the lines of an order cost in addition to the call.
func CostOfLines(lines int) int { return costOfLines(lines) }

// Routes are the paths of all routes.
func (s *Server) Routes() []string {
	var all []string
	for _, r := range s.engine.Routes() {
		all = append(all, r.Path)
	}
	return all
}
