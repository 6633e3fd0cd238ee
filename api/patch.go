package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/api/openapi"
	"holdfast/product"
)

// patchAttempts bounds how often a patch without If-Match is applied to a product that
// others edit meanwhile.
const patchAttempts = 8

var errContested = errors.New("others edit this product all the time: nothing was changed")

// PatchProduct implements ServerInterface.
func (s *Server) PatchProduct(c *gin.Context, id openapi.ID, params openapi.PatchProductParams) {
	p, err := s.patchProduct(c, id, params.IfMatch)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeProduct(c, http.StatusOK, p)
}

// patchProduct reads the product, changes it and puts it under the version that it read. If
// someone else was faster, it starts over, unless its caller named the version: so no edit
// undoes another one that it didn't see.
func (s *Server) patchProduct(c *gin.Context, id string, condition *string) (product.Product, error) {
	patch, err := patchBody(c)
	if err != nil {
		return product.Product{}, err
	}
	if err := checkPatch(patch); err != nil {
		return product.Product{}, err
	}
	tag := strings.TrimSpace(optional(condition))
	var named *int64
	if condition != nil && tag != anyTag {
		if named, err = versionOf(tag); err != nil {
			return product.Product{}, err
		}
	}
	ctx := c.Request.Context()
	for range patchAttempts {
		was, err := s.cfg.Products.Get(ctx, id)
		if errors.Is(err, product.ErrNotFound) && condition != nil {
			err = product.ErrStale
		}
		if err != nil {
			return product.Product{}, productError(err)
		}
		spec, err := patched(was, patch)
		if err == nil && spec.Currency != was.Currency && !product.CurrencyExists(spec.Currency) {
			err = errNoSuchCurrency // one that was abolished may stay
		}
		if err != nil {
			return product.Product{}, err
		}
		version := named
		if version == nil {
			version = &was.DocVersion
		}
		p, _, err := s.cfg.Products.Put(ctx, id, spec, version)
		if !errors.Is(err, product.ErrStale) || named != nil {
			return p, productError(err)
		}
	}
	return product.Product{}, errContested
}

// checkPatch refuses what no product can take.
func checkPatch(patch []byte) error {
	var known specBody // of a field that isn't known, null would go unnoticed later
	if err := json.Unmarshal(patch, &known, strict); err != nil {
		return readingError(patch, err)
	}
	_, err := patched(product.Product{
		Description: product.Description{Title: "T"}, Currency: "EUR", Variants: []product.Variant{{SKU: "sku"}},
	}, patch)
	return err
}

// patched returns the product's spec with the patch applied, if it is a valid one.
func patched(was product.Product, patch []byte) (product.Spec, error) {
	target, err := json.Marshal(was.Spec())
	if err != nil {
		return product.Spec{}, err
	}
	target, err = merge(target, patch, patchDepth)
	if err != nil {
		return product.Spec{}, readingError(patch, err)
	}
	var in specBody
	if err := decodeStrict(target, &in); err != nil {
		return product.Spec{}, err
	}
	spec, err := in.spec()
	if err != nil {
		return product.Spec{}, err
	}
	return spec, spec.Validate()
}

// patchDepth is how deep the objects of a spec lie in one another: attributes in the spec.
// What a patch has deeper is no part of a spec, and needs no merging to be refused.
const patchDepth = 2

// merge applies a patch as RFC 7396 says: null removes a field, objects are merged, and
// everything else, lists included, takes the place of what was there.
func merge(target, patch jsontext.Value, depth int) (jsontext.Value, error) {
	if depth == 0 || patch.Kind() != '{' {
		return patch, nil
	}
	fields, changes := map[string]jsontext.Value{}, map[string]jsontext.Value{}
	if target.Kind() == '{' {
		if err := json.Unmarshal(target, &fields); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(patch, &changes); err != nil {
		return nil, err
	}
	for name, change := range changes {
		if change.Kind() == 'n' {
			delete(fields, name)
			continue
		}
		merged, err := merge(fields[name], change, depth-1)
		if err != nil {
			return nil, err
		}
		fields[name] = merged
	}
	return json.Marshal(fields, json.Deterministic(true))
}
