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

// patchAttempts limits how often a patch without If-Match is retried if others edit the same product
// or customer at the same time.
const patchAttempts = 8

var errContested = errors.New("too many concurrent edits: nothing was changed")

// PatchProduct implements ServerInterface.
func (s *Server) PatchProduct(c *gin.Context, id openapi.ID, params openapi.PatchProductParams) {
	p, err := s.patchProduct(c, id, params.IfMatch)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeProduct(c, http.StatusOK, p)
}

// patchProduct reads the product, changes it, and writes it only if it still has the version that
// was read. If another edit was faster it starts over, unless the caller named a version. So no
// edit undoes another one that it hasn't seen.
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
			err = errNoSuchCurrency // an abolished currency may stay
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

// checkPatch returns an error for a patch that can't be applied to any product.
func checkPatch(patch []byte) error {
	var known specBody // finds unknown fields, which would go unnoticed later if they are null
	if err := json.Unmarshal(patch, &known, strict); err != nil {
		return readingError(patch, err)
	}
	_, err := patched(product.Product{
		Description: product.Description{Title: "T"}, Currency: "EUR", Variants: []product.Variant{{SKU: "sku"}},
	}, patch)
	return err
}

// patched returns the product's spec with the patch applied, if the result is valid.
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

// patchDepth is how deeply the objects of a spec are nested: attributes within the spec. Deeper
// levels of a patch aren't part of a spec and are refused without merging.
const patchDepth = 2

// merge applies a patch as in RFC 7396: null removes a field, objects are merged, and everything
// else, including lists, is replaced.
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
