package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/identity"
	"holdfast/order"
)

// Role says what a caller may do in the shop.
type Role = identity.Role

// Caller identifies who sent a request.
type Caller = identity.Caller

// The roles that the contract knows.
const (
	RoleCustomer   = identity.RoleCustomer
	RoleGuest      = identity.RoleGuest
	RoleOperator   = identity.RoleOperator
	RoleCatalog    = identity.RoleCatalog
	RoleFulfilment = identity.RoleFulfilment
	RoleSupport    = identity.RoleSupport
	RoleReadonly   = identity.RoleReadonly
)

type callerKey struct{}

// WithCaller puts the caller into a request's context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns who sent the request: the zero Caller if the call is public.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// callerName is the key under which a request stores its caller until bound puts the caller into
// the request's context.
const callerName = "caller"

var (
	errNoToken  = errors.New("this call needs a bearer token")
	errRole     = errors.New("none of the caller's roles allows this call")
	errTwoProof = errors.New("there is more than one Authorization header")
)

// authenticate is the only place where a request gets its caller, and where a call is refused
// because none of the caller's roles allows it. Public calls need no token: an expired token must
// not close the shop window.
func (s *Server) authenticate(c *gin.Context) {
	rule := s.access.of(c.Request.Method, c.FullPath())
	if rule.public {
		if len(rule.roles) > 0 {
			s.recognize(c, rule)
		}
		return
	}
	caller, err := s.identify(c.Request)
	if caller = rule.as(caller); err == nil && len(caller.Roles) == 0 {
		err = errRole
	}
	if err == nil {
		err = s.limits.callers.take(c, allowanceKey(c, caller), 0, costOf(c, rule))
	}
	if err != nil {
		s.fail(c, challenge(c, err))
		return
	}
	c.Set(callerName, caller)
}

// recognizeTimeout limits how long a public call waits for the keys of a token.
const recognizeTimeout = 200 * time.Millisecond

// recognize records who makes a public call that shows more to some callers. An invalid token is
// ignored; the reason is kept for cases in which only a valid token would have helped.
func (s *Server) recognize(c *gin.Context, r rule) {
	c.Writer.Header().Add("Vary", "Authorization")
	ctx, cancel := context.WithTimeout(c.Request.Context(), recognizeTimeout)
	defer cancel()
	caller, err := s.identify(c.Request.WithContext(ctx))
	switch {
	case errors.Is(err, errNoToken):
	case err != nil && ctx.Err() != nil:
		c.Set(unrecognizedName, fmt.Errorf("%w: %w", identity.ErrUnjudged, ctx.Err()))
	case err != nil:
		c.Set(unrecognizedName, err)
	default:
		if caller = r.as(caller); len(caller.Roles) > 0 {
			c.Set(callerName, caller)
		}
	}
}

// unrecognizedName is the key under which a request stores why its optional token is invalid.
const unrecognizedName = "unrecognized"

// unrecognized returns why the optional token of a public call is invalid, or nil if there is no
// token or it is valid.
func unrecognized(c *gin.Context) error {
	found, _ := c.Get(unrecognizedName)
	err, _ := found.(error)
	return err
}

// challenge adds to a refusal how a caller without a valid token can authenticate.
func challenge(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, identity.ErrInvalid):
		p := *problemOf(err)
		p.Detail = err.Error() // it contains nothing of the token
		c.Header("WWW-Authenticate", `Bearer realm="holdfast", error="invalid_token", error_description="`+err.Error()+`"`)
		return &p
	case errors.Is(err, errNoToken):
		c.Header("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	return err
}

// identify returns the caller whose token a request has. With authentication off every other caller
// than a guest, or one with a token for development, is an operator, which is why New then only listens on loopback.
func (s *Server) identify(r *http.Request) (Caller, error) {
	token, err := bearerOf(r)
	switch {
	case err == nil && s.cfg.Guests != nil && s.cfg.Guests.Claims(token):
		return s.cfg.Guests.Verify(r.Context(), token)
	case s.cfg.Identity == nil && err == nil && s.cfg.Development != nil && s.cfg.Development.Claims(token):
		return s.cfg.Development.Verify(r.Context(), token)
	case s.cfg.Identity == nil:
		return Caller{Subject: order.ActorOperator, Roles: []Role{RoleOperator}}, nil
	case err != nil:
		return Caller{}, err
	}
	return s.cfg.Identity.Verify(r.Context(), token)
}

// bearerOf returns the token of a request.
func bearerOf(r *http.Request) (string, error) {
	given := r.Header["Authorization"]
	if len(given) > 1 {
		return "", fmt.Errorf("%w: %w", identity.ErrInvalid, errTwoProof)
	}
	if len(given) == 0 {
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoToken
	}
	return strings.TrimSpace(token), nil
}

// callerFrom returns the caller that authenticate found.
func callerFrom(c *gin.Context) Caller {
	found, _ := c.Get(callerName)
	caller, _ := found.(Caller)
	return caller
}
