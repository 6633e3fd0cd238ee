package command

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Draft is an order while commands work on it.
type Draft struct {
	View View
	// Adjustments are what commands took off in scenario price.
	Adjustments []Adjustment
	// Made is what the commands did: it goes with the order.
	Made order.Commanded
	// Reviews are all that were asked for, each once. An order keeps the first.
	Reviews []order.Review
	// At is the time of the quote or of the event.
	At time.Time
}

// Adjustment is what a command takes off a line, or off the order if Line is empty.
type Adjustment struct {
	By     Ref
	Line   string
	Amount int64 // negative, in minor units
}

// maxAdjustments bounds what commands take off one order, and maxReviews what a draft keeps of the reviews
// that they ask for.
const (
	maxAdjustments = 1000
	maxReviews     = 200
)

// LineID is the id of the line at a position, as the order will have it.
func LineID(at int) string { return strconv.Itoa(at + 1) }

// clone returns a copy that shares nothing that a patch changes.
func (d *Draft) clone() *Draft {
	c := *d
	c.View.Lines = slices.Clone(d.View.Lines)
	c.View.Tags = slices.Clone(d.View.Tags)
	c.View.Metadata = maps.Clone(d.View.Metadata)
	c.Adjustments = slices.Clone(d.Adjustments)
	c.Reviews = slices.Clone(d.Reviews)
	c.Made.Gifts = slices.Clone(d.Made.Gifts)
	c.Made.Notes = slices.Clone(d.Made.Notes)
	c.Made.Changes = slices.Clone(d.Made.Changes)
	return &c
}

// changed records a field that differs from before.
func (d *Draft) changed(by Ref, path string, before, after any) error {
	from, err := shown(before)
	if err != nil {
		return err
	}
	to, err := shown(after)
	if err != nil || from == to {
		return err
	}
	d.Made.Record(order.FieldChange{
		Scenario: d.View.scenario(), Command: by.ID, Version: by.Version, Path: path, Before: from, After: to, At: d.At,
	})
	return nil
}

// shown is a value as JSON; nothing is empty.
func shown(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	doc, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode a change: %w", err)
	}
	return string(doc), nil
}

// review asks staff to look at the order. The first reason stays.
func (d *Draft) review(by Ref, reason string) (before, after any, err error) {
	if strings.TrimSpace(reason) == "" {
		return nil, nil, fmt.Errorf("a review needs a reason")
	}
	asked := order.Review{Command: by.ID, Version: by.Version, Reason: clip(reason)}
	if len(d.Reviews) < maxReviews && !slices.Contains(d.Reviews, asked) {
		d.Reviews = append(d.Reviews, asked)
	}
	if d.Made.Review != nil {
		return d.Made.Review.Reason, d.Made.Review.Reason, nil
	}
	d.Made.Review = &asked
	return nil, d.Made.Review.Reason, nil
}

// clip cuts a text that staff will read to what an order keeps of it.
func clip(text string) string { return order.CutText(text, order.MaxNoteBytes) }

// check returns what is wrong with the draft: what a buyer may not order, a command may not
// either.
func (d *Draft) check() error {
	var bad product.Invalid
	if n := len(d.View.Lines); n > order.MaxLines {
		return fmt.Errorf("the order has %d lines, of which it may have %d", n, order.MaxLines)
	}
	if len(d.View.Tags) > order.MaxTags {
		bad.Add("tags", fmt.Sprintf("must have at most %d", order.MaxTags))
	}
	if len(d.Adjustments) > maxAdjustments {
		bad.Add("adjustments", fmt.Sprintf("must have at most %d", maxAdjustments))
	}
	if BeforePayment(d.View.scenario()) && len(bad) == 0 {
		p := order.Placement{
			OrderID: "draft", CustomerID: "draft", Lines: d.Requests(), Address: d.View.Address.order(),
			Metadata: d.View.Metadata,
		}
		if len(p.Lines) > 0 {
			return p.Validate()
		}
	}
	return bad.OrNil()
}

// Requests are the draft's lines as a placement has them, at any price.
func (d *Draft) Requests() []order.LineRequest {
	lines := make([]order.LineRequest, len(d.View.Lines))
	for i, l := range d.View.Lines {
		lines[i] = order.LineRequest{ProductID: l.ProductID, SKU: l.SKU, Quantity: l.Quantity}
	}
	return lines
}

// Address returns the draft's address, nil if it is empty.
func (d *Draft) Address() *order.Address { return d.View.Address.order() }
