package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"holdfast/order"
)

// View is what commands and conditions see of an order. Amounts are in minor units of Currency.
// Fields that aren't known in a scenario are empty.
type View struct {
	// Scenario is an order.Scenario; conditions compare it with texts.
	Scenario string `json:"scenario" expr:"scenario"`
	// Time of the quote or of the event, RFC 3339 in UTC. Commands have no other clock.
	Time string `json:"time" expr:"time"`
	// Seed is a number from 0 to 2^32-1: the same for all orders of a customer in submit and price, and
	// for all events of an order. It changes with the chain's version.
	Seed int64 `json:"seed" expr:"seed"`

	ID                string            `json:"id" expr:"id"`
	CustomerID        string            `json:"customerId" expr:"customerId"`
	Guest             bool              `json:"guest" expr:"guest"`
	Level             int               `json:"level" expr:"level"`
	Currency          string            `json:"currency" expr:"currency"`
	Lines             []Line            `json:"lines" expr:"lines"`
	Address           Address           `json:"address" expr:"address"`
	Items             int64             `json:"items" expr:"items"`
	Discount          int64             `json:"discount" expr:"discount"`
	Shipping          int64             `json:"shipping" expr:"shipping"`
	Tax               int64             `json:"tax" expr:"tax"`
	Total             int64             `json:"total" expr:"total"`
	Coupons           []string          `json:"coupons" expr:"coupons"`
	ShippingMethodID  string            `json:"shippingMethodId" expr:"shippingMethodId"`
	Metadata          map[string]string `json:"metadata" expr:"metadata"`
	ExternalReference string            `json:"externalReference" expr:"externalReference"`
	Tags              []string          `json:"tags" expr:"tags"`

	Status        string `json:"status" expr:"status"`
	PaymentStatus string `json:"paymentStatus" expr:"paymentStatus"`
	Provider      string `json:"provider" expr:"provider"`
	CancelReason  string `json:"cancelReason" expr:"cancelReason"`
	// Event is the node that was reached, in scenario node.
	Event Event `json:"event" expr:"event"`
	// Line is the line for which a command with target line runs.
	Line Line `json:"line" expr:"line"`
}

// Line is a line of the order.
type Line struct {
	ID        string   `json:"id" expr:"id"`
	ProductID string   `json:"productId" expr:"productId"`
	SKU       string   `json:"sku" expr:"sku"`
	Title     string   `json:"title" expr:"title"`
	Category  string   `json:"category" expr:"category"`
	Tags      []string `json:"tags" expr:"tags"`
	Quantity  int64    `json:"quantity" expr:"quantity"`
	UnitPrice int64    `json:"unitPrice" expr:"unitPrice"`
	// Total is what the buyer pays for the line, once that is known.
	Total int64 `json:"total" expr:"total"`
	Gift  bool  `json:"gift" expr:"gift"`
}

// Address is where the order is sent; all fields are empty if it has none.
type Address struct {
	Recipient  string `json:"recipient" expr:"recipient"`
	Phone      string `json:"phone" expr:"phone"`
	Email      string `json:"email" expr:"email"`
	Line1      string `json:"line1" expr:"line1"`
	Line2      string `json:"line2" expr:"line2"`
	City       string `json:"city" expr:"city"`
	Region     string `json:"region" expr:"region"`
	PostalCode string `json:"postalCode" expr:"postalCode"`
	Country    string `json:"country" expr:"country"`
}

// Event is a node that an order or one of its packages reached.
type Event struct {
	Node      string `json:"node" expr:"node"`
	PackageID string `json:"packageId" expr:"packageId"`
}

// fields are the paths of the view: a field, and the fields of one that is an object.
var fields = func() map[string]bool {
	all := map[string]bool{}
	for f := range reflect.TypeFor[View]().Fields() {
		name := f.Tag.Get("json")
		all[name] = true
		if f.Type.Kind() == reflect.Struct {
			for g := range f.Type.Fields() {
				all[name+"."+g.Tag.Get("json")] = true
			}
		}
	}
	return all
}()

// KnownField reports whether the view has a field, such as "lines" or "address.phone".
func KnownField(path string) bool { return fields[path] }

// ReadView reads a view, as tests have it. What it leaves out is empty; unknown fields are errors.
func ReadView(doc []byte) (View, error) {
	var v View
	if len(doc) > 0 {
		d := json.NewDecoder(bytes.NewReader(doc))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			return v, fmt.Errorf("is not a view: %w", err)
		}
	}
	return v, nil
}

// always are the fields that every script sees.
var always = []string{"scenario", "time", "seed"}

// selected returns the view's JSON with the named fields alone.
func (v *View) selected(inputs []string) ([]byte, error) {
	doc, err := json.Marshal(v.full())
	if err != nil {
		return nil, fmt.Errorf("encode the view: %w", err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(doc, &all); err != nil {
		return nil, fmt.Errorf("read the view: %w", err)
	}
	picked := make(map[string]any, len(always)+len(inputs))
	for _, name := range always {
		picked[name] = all[name]
	}
	for _, path := range inputs {
		name, part, nested := strings.Cut(path, ".")
		if !nested {
			picked[name] = all[name]
			continue
		}
		parts, ok := picked[name].(map[string]json.RawMessage)
		if picked[name] != nil && !ok { // all of it is there
			continue
		}
		var of map[string]json.RawMessage
		if err := json.Unmarshal(all[name], &of); err != nil {
			return nil, fmt.Errorf("read %s of the view: %w", name, err)
		}
		if parts == nil {
			parts = map[string]json.RawMessage{}
		}
		parts[part] = of[part]
		picked[name] = parts
	}
	out, err := json.Marshal(picked)
	if err != nil {
		return nil, fmt.Errorf("encode the view: %w", err)
	}
	return out, nil
}

// full returns the view with empty lists instead of none, which JSON has as null.
func (v *View) full() View {
	c := *v
	c.Lines = append([]Line{}, c.Lines...)
	for i := range c.Lines {
		c.Lines[i].Tags = append([]string{}, c.Lines[i].Tags...)
	}
	c.Line.Tags = append([]string{}, c.Line.Tags...)
	c.Tags, c.Coupons = append([]string{}, c.Tags...), append([]string{}, c.Coupons...)
	if c.Metadata == nil {
		c.Metadata = map[string]string{}
	}
	return c
}

// AddressOf returns an order's address as commands see it. a may be nil.
func AddressOf(a *order.Address) Address {
	if a == nil {
		return Address{}
	}
	return Address(*a)
}

// order returns the address as orders have it, nil if it is empty.
func (a Address) order() *order.Address {
	if a == (Address{}) {
		return nil
	}
	o := order.Address(a)
	return &o
}

func (v *View) scenario() order.Scenario { return order.Scenario(v.Scenario) }

func (v *View) line(id string) *Line {
	for i := range v.Lines {
		if v.Lines[i].ID == id {
			return &v.Lines[i]
		}
	}
	return nil
}
