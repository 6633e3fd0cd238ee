package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"holdfast/order"
)

// OrderRequest is what an order or a quote is asked for.
type OrderRequest struct {
	// CustomerID says whose order it is. Staff need it, customers and guests leave it empty.
	CustomerID string        `json:"customerId,omitempty"`
	Lines      []LineRequest `json:"lines"`
	// Address, or AddressID for one that the customer keeps.
	Address          *Address `json:"address,omitempty"`
	AddressID        string   `json:"addressId,omitempty"`
	CouponCodes      []string `json:"couponCodes,omitempty"`
	ShippingMethodID string   `json:"shippingMethodId,omitempty"`
	// ExpectedTotal is the total that the buyer agreed to: an order that would cost anything else
	// is refused, with the new quote. A quote has none.
	ExpectedTotal     *int64            `json:"expectedTotal,omitempty"`
	ExternalReference string            `json:"externalReference,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
}

// PlaceOrder is Place for a request that isn't JSON yet. Decided reports whether it is known if the
// order got its stock; if not, wait with Decided.
func (c *Client) PlaceOrder(ctx context.Context, key string, r OrderRequest) (o Order, decided bool, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return Order{}, false, fmt.Errorf("encode the order: %w", err)
	}
	a, err := c.Place(ctx, key, body)
	if err != nil {
		return Order{}, false, fmt.Errorf("place an order: %w", err)
	}
	return o, a.Status != http.StatusAccepted, a.Decode(&o)
}

// Quote is what an order costs, line by line, and why.
type Quote struct {
	order.Quote
	// Ordered is what the shop's commands make of the order; nil if it stays what was asked for. It has the
	// lines that were asked for, and behind them those that were added.
	Ordered *Ordered `json:"ordered,omitempty"`
}

// Ordered is what is quoted.
type Ordered struct {
	Lines   []OrderedLine `json:"lines"`
	Address *Address      `json:"address,omitempty"`
}

// OrderedLine is one line of it.
type OrderedLine struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Title     string `json:"title"`
	Quantity  int64  `json:"quantity"`
	GiftFor   string `json:"giftFor,omitempty"`
}

// Quote returns what an order would cost now. Nothing is placed or held.
func (c *Client) Quote(ctx context.Context, r OrderRequest) (Quote, error) {
	r.ExpectedTotal, r.ExternalReference, r.Metadata = nil, "", nil
	var q Quote
	return q, c.post(ctx, "/v1/quotes", r, &q)
}

// PriceItem names a variant; SKU may be empty if the product has only one.
type PriceItem struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku,omitempty"`
}

// UnitPrice is what one unit of a variant costs the caller by itself.
type UnitPrice struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Currency  string `json:"currency"`
	// UnitPrice is the list price, Price what the caller pays.
	UnitPrice   int64        `json:"unitPrice"`
	Price       int64        `json:"price"`
	Adjustments []Adjustment `json:"adjustments"`
}

// Prices returns what single units cost the caller, at most 100. What isn't for sale is left out.
func (c *Client) Prices(ctx context.Context, customerID string, items []PriceItem) ([]UnitPrice, error) {
	var list struct {
		Items []UnitPrice `json:"items"`
	}
	err := c.post(ctx, "/v1/prices", struct {
		CustomerID string      `json:"customerId,omitempty"`
		Items      []PriceItem `json:"items"`
	}{customerID, items}, &list)
	return list.Items, err
}

// ShippingMethod is a way to send orders.
type ShippingMethod struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Currency string `json:"currency"`
	// Default is used by orders that choose no method.
	Default bool `json:"default"`
}

// ShippingMethods lists how orders in a currency can be sent to a country; both may be empty.
func (c *Client) ShippingMethods(ctx context.Context, currency, country string) ([]ShippingMethod, error) {
	q := url.Values{}
	set(q, "currency", currency)
	set(q, "country", country)
	var list struct {
		Items []ShippingMethod `json:"items"`
	}
	err := c.get(ctx, "/v1/shipping-methods", q, &list)
	return list.Items, err
}

// OrderFilter says which orders to list.
type OrderFilter struct {
	CustomerID, ProductID string
	// Of several values of one filter, one has to match.
	Status, PaymentStatus, Node, Mark, Alert []string
	// Return lists orders with a return in one of these statuses.
	Return []string
	// Tag lists orders that have all of these tags, for staff.
	Tag []string
	// Closed lists only orders that are over, or only others; nil lists all.
	Closed *bool
	// OnHold lists only orders that are on hold, or only others; nil lists all.
	OnHold *bool
	// Overdue is no_news or not_packed, for staff, as is Text.
	Overdue, Text     string
	ExternalReference string
	// From and To bound when the orders were placed.
	From, To, UpdatedSince time.Time
	// Sort is newest, the default, or updated.
	Sort   string
	Limit  int
	Cursor string
}

// OrderPage is a page of orders.
type OrderPage struct {
	Items      []OrderSummary `json:"items"`
	NextCursor string         `json:"nextCursor"`
	Total      int64          `json:"total"`
}

// Orders lists orders, from the index: a new one may be missing for about two seconds.
func (c *Client) Orders(ctx context.Context, f OrderFilter) (OrderPage, error) {
	var page OrderPage
	return page, c.get(ctx, "/v1/orders", f.query(), &page)
}

func (f OrderFilter) query() url.Values {
	q := url.Values{}
	for name, values := range map[string][]string{
		"status": f.Status, "paymentStatus": f.PaymentStatus, "node": f.Node, "mark": f.Mark, "alert": f.Alert,
		"return": f.Return, "tag": f.Tag,
	} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	for name, value := range map[string]string{
		"customerId": f.CustomerID, "productId": f.ProductID, "overdue": f.Overdue, "q": f.Text,
		"externalReference": f.ExternalReference, "sort": f.Sort,
	} {
		set(q, name, value)
	}
	if f.Closed != nil {
		q.Set("closed", strconv.FormatBool(*f.Closed))
	}
	if f.OnHold != nil {
		q.Set("onHold", strconv.FormatBool(*f.OnHold))
	}
	setTime(q, "from", f.From)
	setTime(q, "to", f.To)
	setTime(q, "updatedSince", f.UpdatedSince)
	setPage(q, f.Limit, f.Cursor)
	return q
}

// post sends a document and reads the answer.
func (c *Client) post(ctx context.Context, path string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: path, body: b})
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	return a.Decode(into)
}
