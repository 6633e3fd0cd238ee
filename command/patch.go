package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"holdfast/order"
	"holdfast/product"
)

// Op is one change of a draft. Paths are JSON pointers (RFC 6901), in which lines are named by
// their ids.
type Op struct {
	Op    Operation       `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

// Operation says how a field changes.
type Operation string

// The operations.
const (
	OpSet    Operation = "set"
	OpAdd    Operation = "add"
	OpRemove Operation = "remove"
)

// MaxOps bounds one patch.
const MaxOps = 500

// rule is one path that can be patched: where, how, and in which scenarios.
type rule struct {
	path      string // "*" is a name, "-" the end of a list
	op        Operation
	scenarios []order.Scenario
	apply     func(d *Draft, by Ref, name string, value json.RawMessage) (before, after any, err error)
}

// anywhere are all scenarios. Events may tag, note, and ask for a review; nothing else.
var (
	anywhere   = Scenarios()
	beforePaid = []order.Scenario{order.ScenarioSubmit, order.ScenarioPrice}
	onSubmit   = []order.Scenario{order.ScenarioSubmit}
	onPrice    = []order.Scenario{order.ScenarioPrice}
)

// rules is the allow-list.
var rules = []rule{
	{"/address/*", OpSet, onSubmit, setAddress},
	{"/address/*", OpRemove, onSubmit, setAddress},
	{"/lines/*/quantity", OpSet, onSubmit, setQuantity},
	{"/lines/-", OpAdd, onSubmit, addLine},
	{"/metadata/*", OpSet, onSubmit, setMetadata},
	{"/metadata/*", OpRemove, onSubmit, removeMetadata},
	{"/lines/*/adjustments/-", OpAdd, onPrice, adjustLine},
	{"/adjustments/-", OpAdd, onPrice, adjustOrder},
	{"/tags/-", OpAdd, anywhere, addTag},
	{"/tags/*", OpRemove, anywhere, removeTag},
	{"/review", OpSet, anywhere, setReview},
}

// Allowed lists the paths that a scenario's commands can patch, with their operations.
func Allowed(s order.Scenario) (all []string) {
	for _, r := range rules {
		if slices.Contains(r.scenarios, s) {
			all = append(all, string(r.op)+" "+r.path)
		}
	}
	return all
}

// find returns the rule for an operation, and the name at its "*".
func find(op Op, s order.Scenario) (*rule, string, error) {
	parts := strings.Split(op.Path, "/")
	for i := range rules {
		r := &rules[i]
		if r.op != op.Op || !slices.Contains(r.scenarios, s) {
			continue
		}
		if name, ok := match(strings.Split(r.path, "/"), parts); ok {
			return r, name, nil
		}
	}
	return nil, "", fmt.Errorf("%q of %q isn't allowed in %s", op.Op, op.Path, s)
}

func match(pattern, path []string) (name string, ok bool) {
	if len(pattern) != len(path) {
		return "", false
	}
	for i, p := range pattern {
		switch {
		case p == "*" && path[i] != "":
			name = strings.NewReplacer("~1", "/", "~0", "~").Replace(path[i])
		case p != path[i]:
			return "", false
		}
	}
	return name, true
}

// apply changes the draft by a patch and records each changed field. After an error the draft is
// spoilt: callers work on a copy.
func (d *Draft) apply(patch []Op, by Ref) error {
	if len(patch) > MaxOps {
		return fmt.Errorf("the patch has %d operations, of which it may have %d", len(patch), MaxOps)
	}
	for i, op := range patch {
		r, name, err := find(op, d.View.scenario())
		if err != nil {
			return fmt.Errorf("patch[%d]: %w", i, err)
		}
		before, after, err := r.apply(d, by, name, op.Value)
		if err != nil {
			return fmt.Errorf("patch[%d] (%s of %s): %w", i, op.Op, op.Path, err)
		}
		if err := d.changed(by, op.Path, before, after); err != nil {
			return err
		}
	}
	return nil
}

// value reads what a patch sets; null and unknown fields are errors.
func value[T any](raw json.RawMessage) (v T, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return v, fmt.Errorf("value is required")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("value: %w", err)
	}
	return v, nil
}

func setAddress(d *Draft, _ Ref, name string, raw json.RawMessage) (before, after any, err error) {
	a := &d.View.Address
	field, ok := map[string]*string{
		"recipient": &a.Recipient, "phone": &a.Phone, "email": &a.Email, "line1": &a.Line1, "line2": &a.Line2,
		"city": &a.City, "region": &a.Region, "postalCode": &a.PostalCode, "country": &a.Country,
	}[name]
	if !ok {
		return nil, nil, fmt.Errorf("an address has no field %q", name)
	}
	to := ""
	if len(raw) > 0 {
		if to, err = value[string](raw); err != nil {
			return nil, nil, err
		}
	}
	from := *field
	*field = to
	return from, to, nil
}

func setQuantity(d *Draft, _ Ref, id string, raw json.RawMessage) (before, after any, err error) {
	l := d.View.line(id)
	if l == nil {
		return nil, nil, fmt.Errorf("the order has no line %q", id)
	}
	to, err := value[int64](raw)
	if err != nil {
		return nil, nil, err
	}
	from := l.Quantity
	l.Quantity = to
	return from, to, nil
}

// newLine is what a command adds to an order.
type newLine struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku,omitempty"`
	Quantity  int64  `json:"quantity"`
	// Gift lines cost nothing. Cause is the line with which a gift is cancelled.
	Gift  bool   `json:"gift,omitempty"`
	Cause string `json:"cause,omitempty"`
}

func addLine(d *Draft, by Ref, _ string, raw json.RawMessage) (before, after any, err error) {
	n, err := value[newLine](raw)
	if err != nil {
		return nil, nil, err
	}
	if n.Cause != "" {
		if cause := d.View.line(n.Cause); cause == nil || cause.Gift {
			return nil, nil, fmt.Errorf("the cause %q is not a line that was ordered", n.Cause)
		}
		if !n.Gift {
			return nil, nil, fmt.Errorf("only gifts have a cause")
		}
	}
	at := len(d.View.Lines)
	d.View.Lines = append(d.View.Lines, Line{
		ID: LineID(at), ProductID: n.ProductID, SKU: n.SKU, Quantity: n.Quantity, Gift: n.Gift,
	})
	if n.Gift {
		d.Made.Gifts = append(d.Made.Gifts, order.Gift{Line: at, Cause: n.Cause, Command: by.ID, Version: by.Version})
	}
	return nil, n, nil
}

func setMetadata(d *Draft, _ Ref, key string, raw json.RawMessage) (before, after any, err error) {
	to, err := value[string](raw)
	if err != nil {
		return nil, nil, err
	}
	from, there := d.View.Metadata[key]
	if d.View.Metadata == nil {
		d.View.Metadata = map[string]string{}
	}
	d.View.Metadata[key] = to
	if !there {
		return nil, to, nil
	}
	return from, to, nil
}

func removeMetadata(d *Draft, _ Ref, key string, _ json.RawMessage) (before, after any, err error) {
	from, there := d.View.Metadata[key]
	if !there {
		return nil, nil, nil
	}
	delete(d.View.Metadata, key)
	return from, nil, nil
}

// reduction is what a command takes off.
type reduction struct {
	Amount int64 `json:"amount"`
}

func (d *Draft) adjust(by Ref, line string, raw json.RawMessage) (before, after any, err error) {
	r, err := value[reduction](raw)
	if err != nil {
		return nil, nil, err
	}
	if r.Amount >= 0 || r.Amount < -product.MaxPrice {
		return nil, nil, fmt.Errorf("amount must be negative: %d", r.Amount)
	}
	d.Adjustments = append(d.Adjustments, Adjustment{By: by, Line: line, Amount: r.Amount})
	return nil, r.Amount, nil
}

func adjustOrder(d *Draft, by Ref, _ string, raw json.RawMessage) (before, after any, err error) {
	return d.adjust(by, "", raw)
}

func adjustLine(d *Draft, by Ref, id string, raw json.RawMessage) (before, after any, err error) {
	if d.View.line(id) == nil {
		return nil, nil, fmt.Errorf("the order has no line %q", id)
	}
	return d.adjust(by, id, raw)
}

func addTag(d *Draft, _ Ref, _ string, raw json.RawMessage) (before, after any, err error) {
	tag, err := value[string](raw)
	if err != nil {
		return nil, nil, err
	}
	if !order.ValidTag(tag) {
		return nil, nil, fmt.Errorf("a tag must match [A-Za-z0-9._~-]{1,%d}", order.MaxTagBytes)
	}
	if slices.Contains(d.View.Tags, tag) {
		return tag, tag, nil
	}
	d.View.Tags = append(d.View.Tags, tag)
	return nil, tag, nil
}

func removeTag(d *Draft, _ Ref, tag string, _ json.RawMessage) (before, after any, err error) {
	i := slices.Index(d.View.Tags, tag)
	if i < 0 {
		return nil, nil, nil
	}
	d.View.Tags = slices.Delete(d.View.Tags, i, i+1)
	return tag, nil, nil
}

func setReview(d *Draft, by Ref, _ string, raw json.RawMessage) (before, after any, err error) {
	reason, err := value[string](raw)
	if err != nil {
		return nil, nil, err
	}
	return d.review(by, reason)
}
