package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
)

// Get reads the product with the stock of all its variants.
func (s *Store) Get(ctx context.Context, id string) (product.Product, error) {
	fields, err := s.rdb.HGetAll(ctx, productKey(id)).Result()
	if err != nil {
		return product.Product{}, fmt.Errorf("read product %s: %w", id, err)
	}
	if len(fields) == 0 {
		return product.Product{}, fmt.Errorf("product %s: %w", id, product.ErrNotFound)
	}
	p, err := decode(id, fields)
	if err != nil {
		return product.Product{}, fmt.Errorf("read product %s: %w", id, err)
	}
	return p, nil
}

// GetMany reads many products in one round trip, in the order of the ids. A product that is
// missing or unreadable carries its own error.
func (s *Store) GetMany(ctx context.Context, ids []string) ([]product.Lookup, error) {
	pipe := s.rdb.Pipeline()
	answers := make([]*redis.MapStringStringCmd, len(ids))
	for i, id := range ids {
		answers[i] = pipe.HGetAll(ctx, productKey(id))
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	all := make([]product.Lookup, len(ids))
	for i, id := range ids {
		all[i].ID = id
		fields, err := answers[i].Result()
		switch {
		case redis.HasErrorPrefix(err, "WRONGTYPE"):
			all[i].Err = err
		case err != nil:
			return nil, fmt.Errorf("read %d products: %w", len(ids), err)
		case len(fields) == 0:
			all[i].Err = product.ErrNotFound
		default:
			all[i].Product, all[i].Err = decode(id, fields)
		}
	}
	return all, nil
}

// doc is what the entity stores as JSON: no script reads it.
type doc struct {
	product.Description
	// VariantTitles by sku, if a variant has one.
	VariantTitles map[string]string `json:"variantTitles,omitempty"`
	product.Attachments
}

// decode reads a product from the fields of its hash.
func decode(id string, fields map[string]string) (product.Product, error) {
	var d doc
	if err := json.Unmarshal([]byte(fields["doc"]), &d); err != nil {
		return product.Product{}, fmt.Errorf("decode the description: %w", err)
	}
	r := reader{fields: fields}
	p := product.Product{
		ID:          id,
		Version:     r.number("version"),
		DocVersion:  r.number("docVersion"),
		Status:      product.Status(fields["status"]),
		Listing:     r.number("listing"),
		Currency:    fields["currency"],
		Description: d.Description,
		Attachments: d.Attachments,
	}
	if fields["maxPerOrder"] != "" {
		p.MaxPerOrder = r.number("maxPerOrder")
	}
	p.UpdatedAt = time.UnixMilli(p.Version).UTC() // see next_version in redisdb/lua/entity.lua
	if fields["created"] != "" {
		p.CreatedAt = time.UnixMilli(r.number("created")).UTC()
	}
	for sku := range strings.FieldsSeq(fields["skus"]) {
		p.Variants = append(p.Variants, product.Variant{
			SKU:   sku,
			Title: d.VariantTitles[sku],
			Price: r.number("price:" + sku),
			Stock: product.Stock{
				OnHand:    r.number("onhand:" + sku),
				Held:      r.number("held:" + sku),
				Adjusted:  r.number("adjusted:" + sku),
				Committed: r.number("committed:" + sku),
				Restocked: r.number("restocked:" + sku),
			},
		})
	}
	return p, r.err
}

// reader reads numbers and keeps the first error.
type reader struct {
	fields map[string]string
	err    error
}

func (r *reader) number(field string) int64 {
	n, err := strconv.ParseInt(r.fields[field], 10, 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("field %s: %w", field, err)
	}
	return n
}
