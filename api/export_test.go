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

// CheckOrder is what the gateway does to an order's body before it acts on it.
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

// OwnOrders is what a caller may ask of the list of orders.
func OwnOrders(q search.OrderQuery, caller Caller) (search.OrderQuery, error) {
	return ownOrders(q, caller)
}

// ErrorStatus is the status that an error is answered with.
func ErrorStatus(err error) int { return problemOf(err).Status }

// RequestTimeout is what a request has when its body is there.
const RequestTimeout = requestTimeout

// CheckAccess is what the gateway does to its contract before it serves it.
func CheckAccess(contract []byte) error {
	_, err := readAccess(contract)
	return err
}

// Announce is what tells callers of a contract what is deprecated in it.
func Announce(contract []byte) (gin.HandlerFunc, error) {
	a, err := readAccess(contract)
	return a.announce, err
}

// ProblemNames are those of all types of problems.
func ProblemNames() []string { return slices.Collect(maps.Keys(problemTypes())) }

// CustomersWaits is how many waits one customer may have.
const CustomersWaits = customersWaits

// Cost is what a call of a route takes of an allowance.
func (s *Server) Cost(r *http.Request, route string) int {
	return costOf(&gin.Context{Request: r}, s.access.of(r.Method, route))
}

// CostOfLines is what an order of so many lines costs beside its call.
func CostOfLines(lines int) int { return costOfLines(lines) }
