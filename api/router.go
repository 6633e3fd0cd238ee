package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
)

// requestTimeout limits a request, not including a ?wait= or the reading of its body, which
// readTimeout limits.
const requestTimeout = 15 * time.Second

var _ openapi.ServerInterface = (*Server)(nil)

// router registers the contract's calls and the middleware for every request.
func (s *Server) router() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode) // else gin writes its routes to stdout
	e := gin.New()
	// A client's address is that of the connection, unless a trusted proxy names another one:
	// any client can send the header.
	e.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := e.SetTrustedProxies(s.cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("gateway: trusted proxies: %w", err)
	}
	crossOrigins, err := crossOrigins(s.cfg.Origins)
	if err != nil {
		return nil, err
	}
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.Use(s.observe, s.recover, harden, crossOrigins, s.access.announce, s.guard, s.limitAddress, s.authenticate,
		s.checkQuery, s.readBody, bound)
	e.NoRoute(func(c *gin.Context) { s.fail(c, errNoRoute) })
	e.NoMethod(func(c *gin.Context) { s.fail(c, errNoMethod) })
	openapi.RegisterHandlersWithOptions(e, s, openapi.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { s.fail(c, parameterProblem(err)) },
		Middlewares:  []openapi.MiddlewareFunc{s.checkIDs},
	})
	s.documentation(e)
	s.pages(e)
	answerHead(e)
	return e, nil
}

// answerHead registers HEAD wherever there is GET, with the same handler: the server omits the body.
func answerHead(e *gin.Engine) {
	known := e.Routes()
	has := map[string]bool{}
	for _, r := range known {
		if r.Method == http.MethodHead {
			has[r.Path] = true
		}
	}
	for _, r := range known {
		if r.Method == http.MethodGet && !has[r.Path] {
			e.HEAD(r.Path, r.HandlerFunc)
		}
	}
}

const badID = "must match [A-Za-z0-9._~-]{1,64}, and be neither . nor .."

// checkIDs refuses invalid ids in the path.
func (s *Server) checkIDs(c *gin.Context) {
	for _, p := range c.Params {
		if p.Key == "scanId" { // longer, too
			if !scanIDs.MatchString(p.Value) {
				s.fail(c, malformed(p.Key, "must be the id of a scan in the list"))
				return
			}
			continue
		}
		if p.Key == "refundId" { // contains colons, and is longer
			if !order.ValidName(p.Value) {
				s.fail(c, malformed(p.Key, "must be 1 to 255 visible ASCII characters"))
				return
			}
			continue
		}
		if !product.ValidID(p.Value) {
			s.fail(c, malformed(p.Key, badID))
			return
		}
	}
}

// bound sets a request's timeout and its caller, with one copy of the request for both.
func bound(c *gin.Context) {
	timeout := requestTimeout
	if c.Request.URL.RawQuery != "" && c.Query("wait") != "" {
		timeout += maxWait
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), timeout)
	defer cancel()
	c.Request = c.Request.WithContext(WithCaller(ctx, callerFrom(c)))
	c.Next()
}

// recover answers a panic without details; the log has the stack.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(r)
		}
		s.log.ErrorContext(c.Request.Context(), "panic", "request_id", requestID(c),
			"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			c.Abort()
			return
		}
		s.fail(c, errPanic)
	}()
	c.Next()
}

const requestIDHeader = "X-Request-Id"

// nameRequest returns the request's id: the caller's, if it is valid, or else a new one.
func nameRequest(c *gin.Context) string {
	id := c.GetHeader(requestIDHeader)
	if !product.ValidID(id) {
		id = strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // a name, not a secret
	}
	c.Header(requestIDHeader, id)
	return id
}

func requestID(c *gin.Context) string { return c.Writer.Header().Get(requestIDHeader) }
