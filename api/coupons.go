package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/coupon"
	"holdfast/price"
	"holdfast/product"
)

// Coupons are the coupons' entities.
type Coupons interface {
	// Get fails with coupon.ErrNotFound.
	Get(ctx context.Context, code string) (coupon.Coupon, error)
	// Put fails with coupon.ErrStale or ErrExists, and has changed nothing then.
	Put(ctx context.Context, ch coupon.Change) (c coupon.Coupon, created bool, err error)
	// List fails with coupon.ErrNoPage for a page that no earlier call named.
	List(ctx context.Context, since time.Time, limit int, from string) (page []coupon.Coupon, next string, err error)
}

// GetCoupon implements ServerInterface.
func (s *Server) GetCoupon(c *gin.Context, code openapi.CouponCode, _ openapi.GetCouponParams) {
	found, err := s.coupon(c.Request.Context(), code)
	s.finishCoupon(c, found, false, err)
}

func (s *Server) coupon(ctx context.Context, code string) (coupon.Coupon, error) {
	folded, valid := price.FoldCode(code)
	if !valid {
		return coupon.Coupon{}, coupon.ErrNotFound
	}
	return s.cfg.Coupons.Get(ctx, folded)
}

// PutCoupon implements ServerInterface.
func (s *Server) PutCoupon(c *gin.Context, code openapi.CouponCode, params openapi.PutCouponParams) {
	put, created, err := s.putCoupon(c, code, params)
	s.finishCoupon(c, put, created, err)
}

func (s *Server) putCoupon(c *gin.Context, code string, params openapi.PutCouponParams) (put coupon.Coupon, created bool, err error) {
	var ch coupon.Change
	if err := decode(c, &ch.Spec); err != nil {
		return put, false, err
	}
	if ch.Code, _ = price.FoldCode(code); ch.Validate() != nil {
		return put, false, ch.Validate()
	}
	ctx := c.Request.Context()
	if ch.IfMatch, err = precondition(params.IfMatch, params.IfNoneMatch, s.matchCoupon(ctx, ch.Code)); err != nil {
		return put, false, err
	}
	return s.cfg.Coupons.Put(ctx, ch)
}

// matchCoupon returns the version that a coupon must have for an entity tag.
func (s *Server) matchCoupon(ctx context.Context, code string) func(tag string) (*int64, error) {
	return func(tag string) (*int64, error) {
		if tag == anyTag {
			_, err := s.cfg.Coupons.Get(ctx, code)
			if errors.Is(err, coupon.ErrNotFound) {
				err = coupon.ErrStale
			}
			return nil, err
		}
		version, err := taggedVersion(tag, coupon.ErrStale)
		if err == nil && version == coupon.NotThere {
			err = coupon.ErrStale
		}
		return &version, err
	}
}

// EndCoupon implements ServerInterface.
func (s *Server) EndCoupon(c *gin.Context, code openapi.CouponCode) {
	ended, err := s.endCoupon(c.Request.Context(), code)
	s.finishCoupon(c, ended, false, err)
}

// endCoupon ends a coupon's window now. One that has ended stays as it is.
func (s *Server) endCoupon(ctx context.Context, code string) (coupon.Coupon, error) {
	at := s.cfg.Now().UTC().Truncate(time.Millisecond)
	for range patchAttempts {
		was, err := s.coupon(ctx, code)
		if err != nil || (!was.EndsAt.IsZero() && !was.EndsAt.After(at)) {
			return was, err
		}
		ch := coupon.Change{Code: was.Code, Spec: was.Spec, IfMatch: &was.Version}
		if ch.EndsAt = at; !ch.StartsAt.Before(at) { // it will never start
			ch.StartsAt = time.Time{}
		}
		ended, _, err := s.cfg.Coupons.Put(ctx, ch)
		if !errors.Is(err, coupon.ErrStale) {
			return ended, err
		}
	}
	return coupon.Coupon{}, errContested
}

// ListCoupons implements ServerInterface.
func (s *Server) ListCoupons(c *gin.Context, params openapi.ListCouponsParams) {
	page, err := s.listCoupons(c.Request.Context(), params)
	if err != nil {
		s.fail(c, couponsError(err))
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) listCoupons(ctx context.Context, params openapi.ListCouponsParams) (openapi.CouponPage, error) {
	of := "coupons/" + optional(params.UpdatedSince)
	limit, from, err := pageAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.CouponPage{}, err
	}
	since, err := instant("updatedSince", params.UpdatedSince)
	if err != nil {
		return openapi.CouponPage{}, err
	}
	found, next, err := s.cfg.Coupons.List(ctx, since, limit, string(from))
	if err != nil {
		return openapi.CouponPage{}, pageError(err)
	}
	page := openapi.CouponPage{Items: make([]openapi.CouponSummary, len(found)), NextCursor: refundCursor([]byte(next), of)}
	for i, one := range found {
		page.Items[i] = openapi.CouponSummary{
			Code: one.Code, StartsAt: one.StartsAt, EndsAt: one.EndsAt, Action: one.Action, Limit: one.Limit, PerCustomer: one.PerCustomer,
			Uses: one.Uses, Claimed: one.Claimed, Version: one.Version, CreatedAt: one.CreatedAt, UpdatedAt: one.UpdatedAt,
		}
	}
	return page, nil
}

// finishCoupon answers with a coupon.
func (s *Server) finishCoupon(c *gin.Context, found coupon.Coupon, created bool, err error) {
	if err != nil {
		s.fail(c, couponsError(err))
		return
	}
	b, err := json.Marshal(openapi.Coupon{
		Code: found.Code, StartsAt: found.StartsAt, EndsAt: found.EndsAt, Minimum: found.Minimum, Scope: found.Scope, Action: found.Action,
		Limit: found.Limit, PerCustomer: found.PerCustomer,
		Uses: found.Uses, Claimed: found.Claimed, Committed: found.Committed, Returned: found.Returned,
		Version: found.Version, TermsVersion: found.TermsVersion, CreatedAt: found.CreatedAt, UpdatedAt: found.UpdatedAt,
	})
	if err != nil {
		s.fail(c, fmt.Errorf("write coupon %s: %w", found.Code, err))
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	writeWithTag(c, status, jsonType, b, versionTag(found.Version, b))
}

// couponsError returns an entity's refusal unchanged, and marks any other error as unavailable
// coupons.
func couponsError(err error) error {
	if _, invalid := errors.AsType[product.Invalid](err); invalid || problemOf(err).Status != http.StatusInternalServerError {
		return err
	}
	return fmt.Errorf("%w: %w", errCouponsUnavailable, err)
}
