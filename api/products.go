package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
)

// PutProduct implements ServerInterface.
func (s *Server) PutProduct(c *gin.Context, id openapi.ID, params openapi.PutProductParams) {
	p, created, err := s.putProduct(c, id, params)
	if err != nil {
		s.fail(c, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		c.Header("Location", "/v1/products/"+id)
	}
	s.writeProduct(c, status, p)
}

func (s *Server) putProduct(c *gin.Context, id string, params openapi.PutProductParams) (product.Product, bool, error) {
	if id == suggestID {
		return product.Product{}, false, suggestTaken()
	}
	var in specBody
	if err := decode(c, &in); err != nil {
		return product.Product{}, false, err
	}
	spec, err := in.spec()
	if err != nil {
		return product.Product{}, false, err
	}
	if err := spec.Validate(); err != nil {
		return product.Product{}, false, err
	}
	if err := s.checkCurrency(c.Request.Context(), id, spec.Currency); err != nil {
		return product.Product{}, false, err
	}
	version, err := precondition(params.IfMatch, params.IfNoneMatch, s.matchProduct(c.Request.Context(), id))
	if err != nil {
		return product.Product{}, false, err
	}
	p, created, err := s.cfg.Products.Put(c.Request.Context(), id, spec, version)
	return p, created, productError(err)
}

// checkCurrency returns an error for a currency that doesn't exist, unless the product already has
// it: products in an abolished currency can still be edited.
func (s *Server) checkCurrency(ctx context.Context, id, currency string) error {
	if product.CurrencyExists(currency) {
		return nil
	}
	p, err := s.cfg.Products.Get(ctx, id)
	switch {
	case err == nil && p.Currency == currency:
		return nil
	case err != nil && !errors.Is(err, product.ErrNotFound):
		return productError(err)
	}
	return errNoSuchCurrency
}

var errNoSuchCurrency = product.Invalid{{Path: "currency", Reason: "must be a currency of ISO 4217 such as EUR"}}

// specBody is a product.Spec as it is sent: a missing price must not be read as 0.
type specBody struct {
	product.Description
	product.Attachments
	Currency    string         `json:"currency"`
	Status      product.Status `json:"status"`
	MaxPerOrder *int64         `json:"maxPerOrder"`
	Variants    []variantBody  `json:"variants"`
}

type variantBody struct {
	SKU   string `json:"sku"`
	Title string `json:"title"`
	Price *int64 `json:"price"`
	Stock *int64 `json:"stock"`
}

func (b specBody) spec() (product.Spec, error) {
	s := product.Spec{Description: b.Description, Attachments: b.Attachments, Currency: b.Currency, Status: b.Status, MaxPerOrder: b.MaxPerOrder}
	var bad product.Invalid
	for i, v := range b.Variants {
		if v.Price == nil {
			bad.Add(fmt.Sprintf("variants[%d].price", i), "is required")
			v.Price = new(int64)
		}
		s.Variants = append(s.Variants, product.VariantSpec{SKU: v.SKU, Title: v.Title, Price: *v.Price, Stock: v.Stock})
	}
	return s, bad.OrNil()
}

// precondition returns the version that a product or a customer must have, or nil for any. match
// returns the version for an If-Match.
func precondition(ifMatch, ifNoneMatch *string, match func(tag string) (*int64, error)) (*int64, error) {
	switch {
	case ifNoneMatch == nil && ifMatch == nil:
		return nil, nil //nolint:nilnil // no condition is not an error
	case ifNoneMatch == nil:
		return match(strings.TrimSpace(*ifMatch))
	case strings.TrimSpace(*ifNoneMatch) != "*":
		return nil, malformed("If-None-Match", "must be *: create only, and never replace")
	case ifMatch != nil:
		return nil, malformed("If-None-Match", "can't be used together with If-Match")
	}
	return new(product.NotThere), nil
}

// matchProduct parses an entity tag, or * for an existing product of any version. Products are never
// removed, so it is enough to check for existence first.
func (s *Server) matchProduct(ctx context.Context, id string) func(tag string) (*int64, error) {
	return func(tag string) (*int64, error) {
		if tag == anyTag {
			_, err := s.cfg.Products.Get(ctx, id)
			if errors.Is(err, product.ErrNotFound) {
				err = product.ErrStale
			}
			return nil, productError(err)
		}
		return versionOf(tag)
	}
}

// anyTag is an If-Match that everything that exists satisfies.
const anyTag = "*"

// versionOf returns the docVersion in a product's entity tag.
func versionOf(tag string) (*int64, error) {
	version, err := taggedVersion(tag, product.ErrStale)
	if err == nil && version == product.NotThere {
		err = product.ErrStale
	}
	return &version, err
}

// taggedVersion returns the version in an entity tag, or the error stale if it has none. A weak tag
// is one of ours that a proxy changed when it compressed the response: it has the same version, which
// is all that is compared.
func taggedVersion(tag string, stale error) (int64, error) {
	inner := strings.TrimPrefix(tag, "W/")
	if len(inner) < 2 || inner[0] != '"' || inner[len(inner)-1] != '"' || strings.Contains(inner[1:len(inner)-1], `"`) {
		return 0, malformed("If-Match", `must be one entity tag such as "7-q2Zk…", or *`)
	}
	edited, _, _ := strings.Cut(inner[1:len(inner)-1], "-")
	version, err := strconv.ParseInt(edited, 10, 64)
	if err != nil || strconv.FormatInt(version, 10) != edited {
		return 0, stale
	}
	return version, nil
}

// versionTag returns a strong entity tag, which covers every byte of the response. The part before
// the dash is the version of what a PUT replaces, and If-Match compares only this part. A product's
// docVersion changes only with description, prices and listing, so a sale in between doesn't
// invalidate an edit.
func versionTag(version int64, body []byte) string {
	return `"` + strconv.FormatInt(version, 10) + "-" + digest(body) + `"`
}

// GetProduct implements ServerInterface.
func (s *Server) GetProduct(c *gin.Context, id openapi.ID, _ openapi.GetProductParams) {
	p, err := s.cfg.Products.Get(c.Request.Context(), id)
	if err == nil && !visible(p, CallerOf(c.Request.Context())) {
		err = product.ErrNotFound
	}
	if invalid := unrecognized(c); invalid != nil && errors.Is(err, product.ErrNotFound) {
		err = challenge(c, invalid) // a valid token might show it
	}
	if err != nil {
		s.fail(c, productError(err))
		return
	}
	s.writeProduct(c, http.StatusOK, p)
}

// visible reports whether the caller may see the product: staff see every product, everyone else
// only listed ones.
func visible(p product.Product, caller Caller) bool {
	return caller.Staff() || p.Status == product.StatusListed
}

func (s *Server) writeProduct(c *gin.Context, status int, p product.Product) {
	out := openapi.Product{
		ID: p.ID, Version: p.Version, Status: string(p.Status), Currency: p.Currency,
		Title: p.Title, Description: p.Description.Description, Brand: p.Brand, Category: p.Category,
		Tags: p.Tags, Image: p.Image, Attributes: p.Attributes, MaxPerOrder: p.MaxPerOrder,
		Variants: make([]openapi.Variant, len(p.Variants)),
	}
	all := CallerOf(c.Request.Context()).Staff()
	if all {
		out.ExternalReference, out.Metadata = p.ExternalReference, p.Metadata
	}
	for i, v := range p.Variants {
		out.Variants[i] = openapi.Variant{
			SKU: v.SKU, Title: v.Title, Price: v.Price, Available: v.Stock.Available(),
			HeldByOthers: v.Stock.Available() <= 0 && v.Stock.Held > 0,
		}
		if all {
			out.Variants[i].OnHand, out.Variants[i].Held = &v.Stock.OnHand, &v.Stock.Held
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		s.fail(c, fmt.Errorf("write product %s: %w", p.ID, err))
		return
	}
	writeWithTag(c, status, jsonType, b, versionTag(p.DocVersion, b))
}

// productError returns an entity's refusal unchanged, and marks any other error as unavailable
// products.
func productError(err error) error {
	if err == nil || problemOf(err).Status != http.StatusInternalServerError {
		return err
	}
	return fmt.Errorf("%w: %w", errProductsUnavailable, err)
}
