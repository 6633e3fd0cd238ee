package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"holdfast/order"
)

// Parcel says which units to pack as one package, and what is known about it.
type Parcel struct {
	Items []order.LineUnits `json:"items"`
	// Carrier is the integration that follows the package by its tracking numbers.
	Carrier           string    `json:"carrier,omitempty"`
	Service           string    `json:"service,omitempty"`
	Courier           string    `json:"courier,omitempty"`
	EstimatedDelivery time.Time `json:"estimatedDelivery,omitzero"`
	TrackingNumbers   []string  `json:"trackingNumbers,omitempty"`
	// Node is order.NodeLeftWarehouse if the package has left already.
	Node order.Node `json:"node,omitempty"`
}

// Pack packs units of a paid order, once per key.
func (c *Client) Pack(ctx context.Context, orderID, key string, p Parcel) (order.Package, error) {
	var packed order.Package
	return packed, c.change(ctx, http.MethodPost, orderPath(orderID, "/packages"), key, p, &packed)
}

// Correction says what to change of a package that hasn't left. What is nil stays as it is.
type Correction struct {
	Items             *[]order.LineUnits `json:"items,omitempty"`
	Carrier           *string            `json:"carrier,omitempty"`
	Service           *string            `json:"service,omitempty"`
	Courier           *string            `json:"courier,omitempty"`
	EstimatedDelivery *time.Time         `json:"estimatedDelivery,omitempty"`
	TrackingNumbers   *[]string          `json:"trackingNumbers,omitempty"`
}

// Correct changes a package that hasn't left the warehouse.
func (c *Client) Correct(ctx context.Context, orderID, packageID string, how Correction) (order.Package, error) {
	var p order.Package
	return p, c.change(ctx, http.MethodPatch, packagePath(orderID, packageID, ""), "", how, &p)
}

// Undo undoes a package that hasn't left the warehouse. Its units can be packed again.
func (c *Client) Undo(ctx context.Context, orderID, packageID string) error {
	return c.change(ctx, http.MethodDelete, packagePath(orderID, packageID, ""), "", nil, nil)
}

// Event is a message about a package, with the node that it reached or a mark.
type Event struct {
	// ID names the message, which may be sent any number of times.
	ID         string     `json:"id"`
	Node       order.Node `json:"node,omitempty"`
	Mark       order.Mark `json:"mark,omitempty"`
	OccurredAt time.Time  `json:"occurredAt"`
	Detail     string     `json:"detail,omitempty"`
}

// Report reports up to 100 messages about a package, in any order. The returned order usually shows them.
func (c *Client) Report(ctx context.Context, orderID, packageID string, events ...Event) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPost, packagePath(orderID, packageID, "/events"), "", map[string]any{"events": events})
}

// Strike takes back a wrong message about a package.
func (c *Client) Strike(ctx context.Context, orderID, packageID, eventID, note string) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPost, packagePath(orderID, packageID, "/strike"), "", noted(note, "eventId", eventID))
}

// Resolve settles a package that was lost, refused, damaged or returned, once per key.
func (c *Client) Resolve(ctx context.Context, orderID, packageID, key string, action order.ResolveAction, note string) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPost, packagePath(orderID, packageID, "/resolve"), key, noted(note, "action", string(action)))
}

// Redirection says where to send an order.
type Redirection struct {
	Address order.Address `json:"address"`
	// Override allows another country or region after the payment; it needs a note.
	Override bool   `json:"override,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Redirect changes where an order is sent. The order's packages say which of them still go there.
func (c *Client) Redirect(ctx context.Context, orderID string, r Redirection) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPut, orderPath(orderID, "/address"), "", r)
}

// CancelUnits cancels a part of a paid order that isn't packed, once per key.
func (c *Client) CancelUnits(ctx context.Context, orderID, key string, units []order.LineUnits, why Cancellation) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPost, orderPath(orderID, "/cancel"), key, struct {
		Cancellation
		Lines []order.LineUnits `json:"lines"`
	}{why, units})
}

// Hold keeps an order from being packed until it is released.
func (c *Client) Hold(ctx context.Context, orderID, note string) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPost, orderPath(orderID, "/hold"), "", noted(note))
}

// Release allows an order to be packed again.
func (c *Client) Release(ctx context.Context, orderID, note string) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPost, orderPath(orderID, "/release"), "", noted(note))
}

// Announcement says which delivered units are sent back.
type Announcement struct {
	Lines []order.ReturnLine `json:"lines"`
	// Approve approves the return at once, for staff.
	Approve bool   `json:"approve,omitempty"`
	Note    string `json:"note,omitempty"`
}

// OpenReturn announces that delivered units are sent back, once per key.
func (c *Client) OpenReturn(ctx context.Context, orderID, key string, a Announcement) (order.Return, error) {
	var r order.Return
	return r, c.change(ctx, http.MethodPost, orderPath(orderID, "/returns"), key, a, &r)
}

// DecideReturn approves or declines a return.
func (c *Client) DecideReturn(ctx context.Context, orderID, returnID string, approve bool, note string) (order.Return, error) {
	verb := "/decline"
	if approve {
		verb = "/approve"
	}
	var r order.Return
	return r, c.change(ctx, http.MethodPost, returnPath(orderID, returnID, verb), "", noted(note), &r)
}

// ReceiveReturn records which units of a return arrived, once per key.
func (c *Client) ReceiveReturn(ctx context.Context, orderID, returnID, key string, units []order.ReceivedUnits) (order.Return, error) {
	var r order.Return
	return r, c.change(ctx, http.MethodPost, returnPath(orderID, returnID, "/receive"), key, map[string]any{"lines": units}, &r)
}

// DismissAlert takes an alert off an order.
func (c *Client) DismissAlert(ctx context.Context, orderID, alertID string) (order.Order, error) {
	return c.changeOrder(ctx, http.MethodPost, orderPath(orderID, "/alerts/"+url.PathEscape(alertID)+"/dismiss"), "", nil)
}

// ErrUndecided means that the order has the request and is still at work on it: repeat the call, under
// the same key if it has one.
var ErrUndecided = errors.New("the order is still at work on the request")

func (c *Client) changeOrder(ctx context.Context, method, path, key string, body any) (order.Order, error) {
	var o order.Order
	return o, c.change(ctx, method, path, key, body, &o)
}

// change sends a request that changes a paid order, and decodes what it changed. The order itself is
// also what the gateway answers while the request is in progress.
func (c *Client) change(ctx context.Context, method, path, key string, body, into any) error {
	r := call{method: method, path: path, header: keyed(key)}
	if body != nil {
		var err error
		if r.body, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
	}
	a, err := c.do(ctx, r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	_, whole := into.(*order.Order)
	if a.Status == http.StatusAccepted && !whole {
		return fmt.Errorf("%s %s: %w", method, path, ErrUndecided)
	}
	if into == nil {
		return nil
	}
	return a.Decode(into)
}

// noted returns a body with a note, if there is one, and the given member.
func noted(note string, member ...string) map[string]string {
	body := map[string]string{}
	if note != "" {
		body["note"] = note
	}
	if len(member) == 2 {
		body[member[0]] = member[1]
	}
	return body
}

func packagePath(orderID, packageID, rest string) string {
	return orderPath(orderID, "/packages/"+url.PathEscape(packageID)+rest)
}

func returnPath(orderID, returnID, rest string) string {
	return orderPath(orderID, "/returns/"+url.PathEscape(returnID)+rest)
}
