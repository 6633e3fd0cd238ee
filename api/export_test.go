package api

import "holdfast/order"

// CheckOrder is what the gateway does to an order's body before it acts on it.
func CheckOrder(raw []byte) error {
	var in OrderRequest
	if err := decodeStrict(raw, &in); err != nil {
		return err
	}
	return order.Placement{OrderID: "o", CustomerID: in.CustomerID, Lines: in.Lines, Address: in.Address}.Validate()
}

// RequestTimeout is what a request has when its body is there.
const RequestTimeout = requestTimeout
