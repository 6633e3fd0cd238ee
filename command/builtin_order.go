package command

import (
	"encoding/json"
	"fmt"
	"slices"
)

var tag = builtin{
	Command: Command{
		ID: "tag", Target: TargetOrder,
		Description: "Tags the order.",
		Params: json.RawMessage(`{
  "type": "object", "additionalProperties": false, "required": ["tag"],
  "properties": {"tag": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"}}
}`),
	},
	scenarios: anywhere,
	run: func(_ *View, params json.RawMessage) (Result, error) {
		p, err := read[struct {
			Tag string `json:"tag"`
		}](params)
		if err != nil {
			return Result{}, err
		}
		return one(add("/tags/-", p.Tag))
	},
}

var holdForReview = builtin{
	Command: Command{
		ID: "hold-for-review", Target: TargetOrder,
		Description: "Lets staff look at the order before it is packed: it is on hold until they release it.",
		Params: json.RawMessage(`{
  "type": "object", "additionalProperties": false, "required": ["reason"],
  "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": 500}}
}`),
	},
	scenarios: anywhere,
	run: func(_ *View, params json.RawMessage) (Result, error) {
		p, err := read[struct {
			Reason string `json:"reason"`
		}](params)
		if err != nil {
			return Result{}, err
		}
		return one(set("/review", p.Reason))
	},
}

var gift = builtin{
	Command: Command{
		ID: "gift", Target: TargetOrder,
		Description: "Adds a product free of charge, once. With forProduct it is given with the first line of that product, " +
			"and cancelled with it. If the gift is sold out, the order goes on without it.",
		Params: json.RawMessage(`{
  "type": "object", "additionalProperties": false, "required": ["productId"],
  "properties": {
    "productId": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"},
    "sku": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"},
    "quantity": {"type": "integer", "minimum": 1, "maximum": 1000},
    "forProduct": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"}
  }
}`),
	},
	scenarios: onSubmit,
	run: func(v *View, params json.RawMessage) (Result, error) {
		p, err := read[struct {
			newLine
			ForProduct string `json:"forProduct"`
		}](params)
		if err != nil {
			return Result{}, err
		}
		g := p.newLine
		g.Gift, g.Quantity = true, max(g.Quantity, 1)
		if slices.ContainsFunc(v.Lines, func(l Line) bool { return l.Gift && l.ProductID == g.ProductID && l.SKU == g.SKU }) {
			return Result{}, nil
		}
		if p.ForProduct != "" {
			i := slices.IndexFunc(v.Lines, func(l Line) bool { return !l.Gift && l.ProductID == p.ForProduct })
			if i < 0 {
				return Result{}, nil
			}
			g.Cause = v.Lines[i].ID
		}
		return one(add("/lines/-", g))
	},
}

var limitQuantity = builtin{
	Command: Command{
		ID: "limit-quantity", Target: TargetOrder,
		Description: "Lets an order have only so many units of each product, of some products, or of some categories. " +
			"What exceeds the limit is refused or, with reduce, taken off its last lines as long as each keeps a unit.",
		Params: json.RawMessage(`{
  "type": "object", "additionalProperties": false, "required": ["max"],
  "properties": {
    "max": {"type": "integer", "minimum": 1, "maximum": 1000000},
    "products": {"type": "array", "maxItems": 200, "items": {"type": "string"}},
    "categories": {"type": "array", "maxItems": 200, "items": {"type": "string"}},
    "reduce": {"type": "boolean"}
  }
}`),
	},
	scenarios: onSubmit,
	run: func(v *View, params json.RawMessage) (Result, error) {
		p, err := read[limits](params)
		if err != nil {
			return Result{}, err
		}
		return p.apply(v)
	},
}

// limits are the parameters of limit-quantity.
type limits struct {
	Max        int64    `json:"max"`
	Products   []string `json:"products"`
	Categories []string `json:"categories"`
	Reduce     bool     `json:"reduce"`
}

func (p *limits) covers(l *Line) bool {
	if l.Gift {
		return false
	}
	if len(p.Products) == 0 && len(p.Categories) == 0 {
		return true
	}
	return slices.Contains(p.Products, l.ProductID) || slices.Contains(p.Categories, l.Category)
}

func (p *limits) apply(v *View) (Result, error) {
	over := map[string]int64{} // by product
	for i := range v.Lines {
		if l := &v.Lines[i]; p.covers(l) {
			over[l.ProductID] += l.Quantity
		}
	}
	var r Result
	for i := len(v.Lines) - 1; i >= 0; i-- {
		l := &v.Lines[i]
		excess := over[l.ProductID] - p.Max
		if !p.covers(l) || excess <= 0 {
			continue
		}
		take := min(excess, l.Quantity-1)
		over[l.ProductID] -= take
		if !p.Reduce || (take < excess && first(v, i)) {
			return Result{Reject: fmt.Sprintf("An order may have at most %d units of product %s.", p.Max, l.ProductID)}, nil
		}
		if take == 0 {
			continue
		}
		op, err := set("/lines/"+l.ID+"/quantity", l.Quantity-take)
		if err != nil {
			return Result{}, err
		}
		r.Patch = append(r.Patch, op)
	}
	return r, nil
}

// first reports whether a line is the first of its product that was ordered.
func first(v *View, at int) bool {
	return !slices.ContainsFunc(v.Lines[:at], func(l Line) bool { return !l.Gift && l.ProductID == v.Lines[at].ProductID })
}

var reject = builtin{
	Command: Command{
		ID: "reject", Target: TargetOrder,
		Description: "Refuses the order with a message to the buyer. It is of use with a condition.",
		Params: json.RawMessage(`{
  "type": "object", "additionalProperties": false, "required": ["message"],
  "properties": {"message": {"type": "string", "minLength": 1, "maxLength": 500}}
}`),
	},
	scenarios: beforePaid,
	run: func(_ *View, params json.RawMessage) (Result, error) {
		p, err := read[struct {
			Message string `json:"message"`
		}](params)
		if err != nil {
			return Result{}, err
		}
		return Result{Reject: p.Message}, nil
	},
}
