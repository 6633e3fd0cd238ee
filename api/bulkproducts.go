package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
)

type productResult struct {
	lineResult
	ID      string `json:"id,omitempty"`
	Version int64  `json:"version,omitempty"`
}

// PutProducts implements ServerInterface.
func (s *Server) PutProducts(c *gin.Context, params openapi.PutProductsParams) {
	results, err := s.putProducts(c, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	writeLines(c, results)
}

func (s *Server) putProducts(c *gin.Context, key *string) ([]productResult, error) {
	lines, err := s.readLines(c, key)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), bulkTimeout)
	defer cancel()
	if err := s.rememberBody(ctx, c, key, product.RememberKeyedPut); err != nil {
		return nil, err
	}
	puts, errs := make([]product.Replacement, len(lines)), make([]error, len(lines))
	lineOf := map[string]int{}
	for i, l := range lines {
		puts[i], errs[i] = readProductLine(l.text)
		if errs[i] != nil {
			continue
		}
		puts[i].Key = optional(key)
		if first, twice := lineOf[puts[i].ID]; twice {
			errs[i] = product.Invalid{{Path: "id", Reason: fmt.Sprintf("appears in line %d already", first)}}
			continue
		}
		lineOf[puts[i].ID] = l.number
	}
	if err := s.checkCurrencies(ctx, puts, errs); err != nil {
		return nil, err
	}
	done := doSound(puts, errs, func(sound []product.Replacement) []product.Replaced { return s.cfg.Products.PutMany(ctx, sound) })
	results := make([]productResult, len(lines))
	for i, l := range lines {
		r := &results[i]
		r.ID = puts[i].ID
		if errs[i] == nil {
			errs[i] = productError(done[i].Err)
		}
		r.Version = done[i].Product.DocVersion
		status := http.StatusOK
		if done[i].Created {
			status = http.StatusCreated
		}
		r.lineResult = resultOf(c, l, status, errs[i])
	}
	return results, nil
}

// readProductLine returns the id even of a line that it refuses, if the line has one.
func readProductLine(text []byte) (product.Replacement, error) {
	var in struct {
		ID string `json:"id"`
		specBody
	}
	if err := decodeStrict(text, &in); err != nil {
		return product.Replacement{ID: shown(in.ID)}, err
	}
	put := product.Replacement{ID: shown(in.ID)}
	switch {
	case !product.ValidID(in.ID):
		return put, malformed("id", badID)
	case in.ID == suggestID:
		return put, suggestTaken()
	}
	var err error
	if put.Spec, err = in.spec(); err != nil {
		return put, err
	}
	return put, put.Spec.Validate()
}

// readAtOnce limits how many products are in memory at a time while their currencies are checked.
const readAtOnce = 50

// checkCurrencies is checkCurrency for many products. It reads only those whose new currency
// doesn't exist, which are few.
func (s *Server) checkCurrencies(ctx context.Context, puts []product.Replacement, errs []error) error {
	var odd []int
	for i, p := range puts {
		if errs[i] == nil && !product.CurrencyExists(p.Spec.Currency) {
			odd = append(odd, i)
		}
	}
	for some := range slices.Chunk(odd, readAtOnce) {
		ids := make([]string, len(some))
		for j, i := range some {
			ids[j] = puts[i].ID
		}
		found, err := s.cfg.Products.GetMany(ctx, ids)
		if err != nil {
			return productError(err)
		}
		for j, i := range some {
			switch {
			case found[j].Err == nil && found[j].Product.Currency == puts[i].Spec.Currency:
			case found[j].Err == nil, errors.Is(found[j].Err, product.ErrNotFound):
				errs[i] = errNoSuchCurrency
			default:
				errs[i] = productError(found[j].Err)
			}
		}
	}
	return nil
}
