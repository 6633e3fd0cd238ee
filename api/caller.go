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

// Role is what a caller is to the shop.
type Role = identity.Role

// Caller is who sent a request.
type Caller = identity.Caller

// The roles that the contract knows.
const (
	RoleCustomer   = identity.RoleCustomer
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

// CallerOf tells who sent the request. It is nobody where the call is public.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// callerName is where a request keeps its caller until its context does, see bound.
const callerName = "caller"

var (
	errNoToken  = errors.New("this call needs a bearer token")
	errRole     = errors.New("none of the caller's roles may do this")
	errTwoProof = errors.New("there is more than one Authorization header")
)

// authenticate is the one place where a request gets its caller, and where a call is
// refused that none of the caller's roles allows. A token is not needed where anyone may call:
// a shop window must not close because a token has expired.
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
		err = s.limits.callers.take(c, callerKeyOf(caller), 0, costOf(c, rule))
	}
	if err != nil {
		s.fail(c, challenge(c, err))
		return
	}
	c.Set(callerName, caller)
}

// recognizeTimeout bounds how long a public call waits for the keys of a token.
const recognizeTimeout = 200 * time.Millisecond

// recognize notes who makes a public call that shows some callers more. A token that
// proves nothing counts as none; why is kept for what only its owner could see.
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

// unrecognizedName is where a request keeps why its optional token proves nothing.
const unrecognizedName = "unrecognized"

// unrecognized returns why the optional token of a public call proves nothing, nil where
// none came or it is valid.
func unrecognized(c *gin.Context) error {
	found, _ := c.Get(unrecognizedName)
	err, _ := found.(error)
	return err
}

// challenge adds to a refusal what a caller without a valid token has to do.
func challenge(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, identity.ErrInvalid):
		p := *problemOf(err)
		p.Detail = err.Error() // it repeats nothing of the token
		c.Header("WWW-Authenticate", `Bearer realm="holdfast", error="invalid_token", error_description="`+err.Error()+`"`)
		return &p
	case errors.Is(err, errNoToken):
		c.Header("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	return err
}

// identify tells whose token came with a request. With authentication off every caller is
// the operator, which is why New then listens on loopback only.
func (s *Server) identify(r *http.Request) (Caller, error) {
	if s.cfg.Identity == nil {
		return Caller{Subject: order.ActorOperator, Roles: []Role{RoleOperator}}, nil
	}
	given := r.Header["Authorization"]
	if len(given) > 1 {
		return Caller{}, fmt.Errorf("%w: %w", identity.ErrInvalid, errTwoProof)
	}
	if len(given) == 0 {
		return Caller{}, errNoToken
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, errNoToken
	}
	return s.cfg.Identity.Verify(r.Context(), strings.TrimSpace(token))
}

// callerFrom is who authenticate found.
func callerFrom(c *gin.Context) Caller {
	found, _ := c.Get(callerName)
	caller, _ := found.(Caller)
	return caller
}
