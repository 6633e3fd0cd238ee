package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/api/openapi"
	"holdfast/product"
)

// expandProducts includes each line's product. More values may follow.
const expandProducts = "products"

// expandTimeout limits the read of the included data.
const expandTimeout = time.Second

// checkExpand returns an error for unknown values.
func checkExpand(values []string) error {
	if slices.ContainsFunc(values, func(v string) bool { return v != expandProducts }) {
		return malformed("expand", "must be products")
	}
	return nil
}

// expand adds the requested data to the order's document.
func (s *Server) expand(ctx context.Context, doc []byte, values []string) ([]byte, error) {
	if !slices.Contains(values, expandProducts) {
		return doc, nil
	}
	var o struct {
		Lines []jsontext.Value `json:"lines"`
	}
	if err := json.Unmarshal(doc, &o); err != nil {
		return nil, fmt.Errorf("read the lines of an order: %w", err)
	}
	heads, ids := make([]lineHead, len(o.Lines)), make([]string, len(o.Lines))
	for i, l := range o.Lines {
		if err := json.Unmarshal(l, &heads[i]); err != nil {
			return nil, fmt.Errorf("read a line of an order: %w", err)
		}
		ids[i] = heads[i].ProductID
	}
	slices.Sort(ids)
	products, err := s.productsNow(ctx, slices.Compact(ids))
	if err != nil {
		return nil, productError(err)
	}
	caller := CallerOf(ctx)
	for i, head := range heads {
		p, ok := products[head.ProductID]
		if !ok || !visible(p, caller) {
			continue
		}
		if o.Lines[i], err = withMember(o.Lines[i], "product", lineProduct(p, head.SKU)); err != nil {
			return nil, err
		}
	}
	return replaceMember(doc, "lines", o.Lines)
}

// productsNow returns the products as they are now, without those that don't exist.
func (s *Server) productsNow(ctx context.Context, ids []string) (map[string]product.Product, error) {
	ctx, cancel := context.WithTimeout(ctx, expandTimeout)
	defer cancel()
	looked, err := s.cfg.Products.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	products := make(map[string]product.Product, len(looked))
	for _, l := range looked {
		switch {
		case l.Err == nil:
			products[l.ID] = l.Product
		case !errors.Is(l.Err, product.ErrNotFound):
			return nil, fmt.Errorf("read product %s: %w", l.ID, l.Err)
		}
	}
	return products, nil
}

// lineHead identifies the variant of a line.
type lineHead struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
}

func lineProduct(p product.Product, sku string) openapi.LineProduct {
	l := openapi.LineProduct{Title: p.Title, Status: string(p.Status), Currency: p.Currency, Image: p.Image}
	if v, ok := p.Variant(sku); ok {
		price, available := v.Price, max(0, v.Stock.Available())
		l.Price, l.Available = &price, &available
	}
	return l
}

// withMember appends a member to a JSON object, which must not be empty.
func withMember(object jsontext.Value, name string, member any) (jsontext.Value, error) {
	raw, err := json.Marshal(map[string]any{name: member})
	if err != nil {
		return nil, fmt.Errorf("join a line's %s: %w", name, err)
	}
	object = bytes.TrimSuffix(bytes.TrimSpace(object), []byte("}"))
	return slices.Concat(object, []byte(","), raw[1:]), nil
}

// replaceMember returns a JSON object with a new value for one member. Everything else stays as it
// was, including members that this program doesn't know.
func replaceMember(object []byte, member string, by any) ([]byte, error) {
	replaced, err := json.Marshal(by, json.Deterministic(true)) // the ETag depends on it
	if err != nil {
		return nil, fmt.Errorf("write the %s of an order: %w", member, err)
	}
	return replaceMembers(object, map[string][]byte{member: replaced})
}

// replaceMembers replaces the named members that the JSON object has; those whose new value is nil
// are removed.
func replaceMembers(object []byte, by map[string][]byte) ([]byte, error) {
	in := jsontext.NewDecoder(bytes.NewReader(object))
	if _, err := in.ReadToken(); err != nil {
		return nil, fmt.Errorf("read an order: %w", err)
	}
	out := append(make([]byte, 0, len(object)), '{')
	for in.PeekKind() != '}' {
		name, err := in.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("read an order: %w", err)
		}
		replaced, wanted := by[string(name[1:len(name)-1])]
		if !wanted || replaced != nil {
			out = append(append(out, name...), ':')
		}
		value, err := in.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("read an order: %w", err)
		}
		switch {
		case !wanted:
			out = append(append(out, value...), ',')
		case replaced != nil:
			out = append(append(out, replaced...), ',')
		}
	}
	out[len(out)-1] = '}' // an order has members
	return out, nil
}
