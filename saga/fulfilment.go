package saga

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"holdfast/order"
)

// Messages about a paid order. All of them are updates that return an Answer, except for ScanSignal.
const (
	// PackUpdate takes a PackRequest.
	PackUpdate = "pack"
	// CorrectUpdate takes a CorrectRequest.
	CorrectUpdate = "correctPackage"
	// UndoUpdate takes an UndoRequest.
	UndoUpdate = "undoPackage"
	// StrikeUpdate takes a StrikeRequest.
	StrikeUpdate = "strike"
	// ResolveUpdate takes a ResolveRequest.
	ResolveUpdate = "resolve"
	// AddressUpdate takes an AddressRequest.
	AddressUpdate = "address"
	// CancelUnitsUpdate takes a CancelUnitsRequest.
	CancelUnitsUpdate = "cancelUnits"
	// HoldUpdate takes a HoldRequest, and so does ReleaseUpdate.
	HoldUpdate    = "hold"
	ReleaseUpdate = "release"
	// OpenReturnUpdate takes an OpenReturnRequest.
	OpenReturnUpdate = "openReturn"
	// DecideReturnUpdate takes a DecideReturnRequest.
	DecideReturnUpdate = "decideReturn"
	// ReceiveReturnUpdate takes a ReceiveReturnRequest.
	ReceiveReturnUpdate = "receiveReturn"
	// DismissAlertUpdate takes a DismissAlertRequest.
	DismissAlertUpdate = "dismissAlert"
	// ScanSignal carries a Scan.
	ScanSignal = "scan"
)

// PackRequest asks to pack units of an order as a package.
type PackRequest struct {
	// Package has its id, items and what is known of its parcel.
	Package order.Package `json:"package"`
	// Node is NodeLeftWarehouse if the package has left already, otherwise 0.
	Node  order.Node `json:"node,omitempty"`
	Actor string     `json:"actor"`
}

// CorrectRequest changes a package that hasn't left the warehouse. What is nil stays as it is.
type CorrectRequest struct {
	PackageID         string             `json:"packageId"`
	Items             *[]order.LineUnits `json:"items,omitempty"`
	Carrier           *string            `json:"carrier,omitempty"`
	Service           *string            `json:"service,omitempty"`
	Courier           *string            `json:"courier,omitempty"`
	TrackingNumbers   *[]string          `json:"trackingNumbers,omitempty"`
	EstimatedDelivery *time.Time         `json:"estimatedDelivery,omitempty"`
	Actor             string             `json:"actor"`
}

// UndoRequest undoes a package that hasn't left the warehouse.
type UndoRequest struct {
	PackageID string `json:"packageId"`
	Actor     string `json:"actor"`
}

// StrikeRequest takes back a wrong message about a package.
type StrikeRequest struct {
	PackageID string `json:"packageId"`
	EventID   string `json:"eventId"`
	Actor     string `json:"actor"`
	Note      string `json:"note,omitempty"`
}

// ResolveRequest settles a package that was lost, refused, damaged or returned.
type ResolveRequest struct {
	PackageID string              `json:"packageId"`
	Action    order.ResolveAction `json:"action"`
	// ID names the request, see ResolutionID.
	ID          string `json:"id"`
	Actor       string `json:"actor"`
	Note        string `json:"note,omitempty"`
	Fingerprint string `json:"fingerprint"`
}

// AddressRequest changes where an order is sent.
type AddressRequest struct {
	Address order.Address `json:"address"`
	// Version of the order that the caller saw; 0 is any.
	Version int64 `json:"version,omitempty"`
	// Override allows another country or region after the payment.
	Override bool `json:"override,omitempty"`
	// ByCustomer is whether it counts towards what customers may ask of an order.
	ByCustomer bool   `json:"byCustomer,omitempty"`
	Actor      string `json:"actor"`
	Note       string `json:"note,omitempty"`
}

// CancelUnitsRequest cancels a part of a paid order.
type CancelUnitsRequest struct {
	// ID names the request.
	ID     string            `json:"id"`
	Lines  []order.LineUnits `json:"lines"`
	Reason order.Reason      `json:"reason"`
	Actor  string            `json:"actor"`
	Note   string            `json:"note,omitempty"`
	// ByCustomer is whether it counts towards what customers may ask of an order.
	ByCustomer  bool   `json:"byCustomer,omitempty"`
	Fingerprint string `json:"fingerprint"`
}

// HoldRequest keeps an order from being packed, or releases it.
type HoldRequest struct {
	Actor string `json:"actor"`
	Note  string `json:"note,omitempty"`
}

// OpenReturnRequest announces that units of an order are sent back.
type OpenReturnRequest struct {
	// ID of the return, see ReturnID.
	ID    string             `json:"id"`
	Lines []order.ReturnLine `json:"lines"`
	// Approved is true if staff opens it so.
	Approved bool `json:"approved,omitempty"`
	// ByCustomer is whether it counts towards what customers may ask of an order.
	ByCustomer  bool   `json:"byCustomer,omitempty"`
	Actor       string `json:"actor"`
	Note        string `json:"note,omitempty"`
	Fingerprint string `json:"fingerprint"`
}

// DecideReturnRequest approves or declines a return.
type DecideReturnRequest struct {
	ReturnID string `json:"returnId"`
	Approve  bool   `json:"approve"`
	Actor    string `json:"actor"`
	Note     string `json:"note,omitempty"`
}

// ReceiveReturnRequest says which units of a return arrived.
type ReceiveReturnRequest struct {
	ReturnID string `json:"returnId"`
	// ID names the request, see ReceiptID.
	ID          string                `json:"id"`
	Lines       []order.ReceivedUnits `json:"lines"`
	Actor       string                `json:"actor"`
	Fingerprint string                `json:"fingerprint"`
}

// DismissAlertRequest takes an alert off an order.
type DismissAlertRequest struct {
	AlertID string `json:"alertId"`
	Actor   string `json:"actor"`
}

// Scan is a message about a package: a node that it reached, or a mark.
type Scan struct {
	PackageID string             `json:"packageId"`
	Event     order.PackageEvent `json:"event"`
	// Carrier and TrackingNumber of a scan that came from a carrier. It counts only for a
	// package that still has the number, unless Assigned: then staff gave it to the package.
	Carrier        string `json:"carrier,omitempty"`
	TrackingNumber string `json:"trackingNumber,omitempty"`
	Assigned       bool   `json:"assigned,omitempty"`
}

// PackageID names the package that is packed under an Idempotency-Key.
func PackageID(orderID, key string) string { return named("p", orderID, key) }

// ReturnID names the return that is opened under an Idempotency-Key.
func ReturnID(orderID, key string) string { return named("r", orderID, key) }

// RemovalID names the part of an order that is cancelled under an Idempotency-Key.
func RemovalID(orderID, key string) string { return named("c", orderID, key) }

// ResolutionID names how a package is settled under an Idempotency-Key.
func ResolutionID(orderID, packageID, key string) string { return named("s", orderID, packageID, key) }

// ReceiptID names the receipt of a return that is recorded under an Idempotency-Key.
func ReceiptID(orderID, returnID, key string) string { return named("v", orderID, returnID, key) }

// named makes an id of what a message is about and its key, so that a message that is sent again,
// even to another run of the workflow, finds its own.
func named(prefix string, about ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{prefix}, about...), "\x00")))
	return prefix + hex.EncodeToString(sum[:8])
}
