package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/carrier"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// maxTrackingNumbers of a package.
const maxTrackingNumbers = 10

// PackOrder implements ServerInterface.
func (s *Server) PackOrder(c *gin.Context, id openapi.ID, params openapi.PackOrderParams) {
	r, err := readPack(c, id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Pack(c.Request.Context(), id, r)
	about := change{orderID: id, name: saga.PackUpdate, fingerprint: r.Package.Fingerprint, short: overPacked}
	s.finishWith(c, about, answer, err, func(doc []byte) {
		c.Header("Location", "/v1/orders/"+id+"/packages/"+r.Package.ID)
		s.writePackage(c, http.StatusCreated, doc, r.Package.ID)
	})
}

func readPack(c *gin.Context, orderID, key string) (saga.PackRequest, error) {
	var in openapi.PackageRequest
	if err := decodeKeyed(c, &key, &in); err != nil {
		return saga.PackRequest{}, err
	}
	fingerprint, err := fingerprintOf(in)
	if err != nil {
		return saga.PackRequest{}, err
	}
	var bad product.Invalid
	checkUnits(&bad, "items", in.Items)
	if in.Node != "" && in.Node != order.NodeLeftWarehouse.String() {
		bad.Add("node", "must be left_warehouse: later nodes are reported as events")
	}
	numbers := checkParcel(&bad, openapi.PackagePatch{
		Carrier: &in.Carrier, Service: &in.Service, Courier: &in.Courier, EstimatedDelivery: in.EstimatedDelivery, TrackingNumbers: &in.TrackingNumbers,
	})
	r := saga.PackRequest{
		Package: order.Package{
			ID: saga.PackageID(orderID, key), Items: order.MergeUnits(in.Items), Carrier: in.Carrier, Service: in.Service, Courier: in.Courier,
			TrackingNumbers: numbers, Fingerprint: fingerprint,
		},
		Actor: CallerOf(c.Request.Context()).Subject,
	}
	if in.EstimatedDelivery != nil {
		r.Package.EstimatedDelivery = in.EstimatedDelivery.UTC()
	}
	if in.Node != "" {
		r.Node = order.NodeLeftWarehouse
	}
	return r, bad.OrNil()
}

// checkParcel adds problems for what is known about a parcel, and returns its tracking numbers in normal
// form, each once.
func checkParcel(bad *product.Invalid, p openapi.PackagePatch) []string {
	if name := optional(p.Carrier); name != "" && !product.ValidID(name) {
		bad.Add("carrier", "must match [A-Za-z0-9._~-]{1,64}")
	}
	checkShort(bad, "service", optional(p.Service))
	checkShort(bad, "courier", optional(p.Courier))
	if at := optional(p.EstimatedDelivery); !at.IsZero() && (at.UTC().Year() < firstYear || at.UTC().Year() > lastYear) {
		bad.Add("estimatedDelivery", fmt.Sprintf("must lie between the years %d and %d", firstYear, lastYear))
	}
	given := optional(p.TrackingNumbers)
	if len(given) > maxTrackingNumbers {
		bad.Add("trackingNumbers", fmt.Sprintf("must have at most %d", maxTrackingNumbers))
		return nil
	}
	var numbers []string
	for i, n := range given {
		number, ok := carrier.NormalizeNumber(n)
		switch {
		case !ok:
			bad.Add("trackingNumbers["+strconv.Itoa(i)+"]", "must be 4 to 50 letters and digits, besides spaces, dots and hyphens")
		case !slices.Contains(numbers, number):
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// The years that a caller's times may lie in.
const firstYear, lastYear = 2000, 2200

// CorrectPackage implements ServerInterface.
func (s *Server) CorrectPackage(c *gin.Context, id openapi.ID, packageID openapi.PackageID) {
	r, err := readCorrection(c, packageID)
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Correct(c.Request.Context(), id, r)
	about := change{orderID: id, name: saga.CorrectUpdate, short: overPacked, unknown: order.ErrUnknownPackage}
	s.finishWith(c, about, answer, err, func(doc []byte) { s.writePackage(c, http.StatusOK, doc, packageID) })
}

func readCorrection(c *gin.Context, packageID string) (saga.CorrectRequest, error) {
	var in openapi.PackagePatch
	if err := decodePatch(c, &in, map[string]string{
		"carrier": `""`, "service": `""`, "courier": `""`, "trackingNumbers": "[]", "estimatedDelivery": `"0001-01-01T00:00:00Z"`,
	}); err != nil {
		return saga.CorrectRequest{}, err
	}
	r := saga.CorrectRequest{
		PackageID: packageID, Carrier: in.Carrier, Service: in.Service, Courier: in.Courier, EstimatedDelivery: in.EstimatedDelivery,
		Actor: CallerOf(c.Request.Context()).Subject,
	}
	var bad product.Invalid
	if in.Items != nil {
		checkUnits(&bad, "items", *in.Items)
		r.Items = new(order.MergeUnits(*in.Items))
	}
	if numbers := checkParcel(&bad, in); in.TrackingNumbers != nil {
		r.TrackingNumbers = &numbers
	}
	return r, bad.OrNil()
}

// UndoPackage implements ServerInterface.
func (s *Server) UndoPackage(c *gin.Context, id openapi.ID, packageID openapi.PackageID) {
	ctx := c.Request.Context()
	answer, err := s.cfg.Sagas.Undo(ctx, id, saga.UndoRequest{PackageID: packageID, Actor: CallerOf(ctx).Subject})
	about := change{orderID: id, name: saga.UndoUpdate, unknown: order.ErrUnknownPackage}
	s.finishWith(c, about, answer, err, func([]byte) { c.Status(http.StatusNoContent) })
}

// ResolvePackage implements ServerInterface.
func (s *Server) ResolvePackage(c *gin.Context, id openapi.ID, packageID openapi.PackageID, params openapi.ResolvePackageParams) {
	r, err := readResolution(c, id, packageID, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Resolve(c.Request.Context(), id, r)
	s.finishChange(c, change{orderID: id, name: saga.ResolveUpdate, fingerprint: r.Fingerprint, unknown: order.ErrUnknownPackage}, answer, err)
}

func readResolution(c *gin.Context, orderID, packageID, key string) (saga.ResolveRequest, error) {
	var in openapi.ResolveRequest
	if err := decodeKeyed(c, &key, &in); err != nil {
		return saga.ResolveRequest{}, err
	}
	fingerprint, err := fingerprintOf(in)
	if err != nil {
		return saga.ResolveRequest{}, err
	}
	var bad product.Invalid
	switch in.Action {
	case order.ResolveFound, order.ResolveReship, order.ResolveRefund:
	default:
		bad.Add("action", "must be found, reship or refund")
	}
	checkShort(&bad, "note", in.Note)
	return saga.ResolveRequest{
		PackageID: packageID, Action: in.Action, ID: saga.ResolutionID(orderID, packageID, key), Note: in.Note,
		Actor: CallerOf(c.Request.Context()).Subject, Fingerprint: fingerprint,
	}, bad.OrNil()
}

// writePackage answers with a package of the order's document, as the caller may see it.
func (s *Server) writePackage(c *gin.Context, status int, doc []byte, packageID string) {
	o, err := readGoods(doc)
	if err != nil {
		s.fail(c, err)
		return
	}
	p := o.Package(packageID)
	if p == nil { // its document lags behind
		s.fail(c, fmt.Errorf("%w: order %s lacks package %s", errDocumentsUnavailable, o.ID, packageID))
		return
	}
	c.JSON(status, packageFor(CallerOf(c.Request.Context()), o.CustomerID, *p))
}

// readGoods reads an order of which something may have been packed.
func readGoods(doc []byte) (order.Order, error) {
	var o order.Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return o, fmt.Errorf("read an order: %w", err)
	}
	if o.Fulfilment == nil {
		o.Fulfilment = &order.Fulfilment{}
	}
	return o, nil
}

// day is how far ahead of the gateway's clock a time that has passed may lie: clocks differ, and so do
// their time zones where they are set wrongly.
const day = 24 * time.Hour
