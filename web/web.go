// Package web serves the pages of the shop, and those of its operators: rendered on the server, and usable
// without scripts. Pages talk to the REST API only, through package client, and forward the caller's own
// token: a page may do what its visitor may do, and has no credentials of its own.
//
// Where to find what:
//
//   - site: the frame of every page ([site.Document]), a visit with its caller, language and cookies
//     ([site.Visit]), errors as pages, forms, notices. Both the shop and the console are built on it.
//   - shop: the storefront. Its routes are in shop/routes.go.
//   - console: the operators' pages. Its routes are in console/routes.go.
//   - live: follows orders for pages that show changes as they happen.
//   - signin: signs visitors in at an OpenID provider. The pages of it are in site/signin.go, and
//     site/renew.go keeps them signed in.
//   - session: who a browser speaks for, kept on the server.
//   - text: messages in English and Chinese, money, dates, numbers.
//   - art: drawings of products.
//   - assets: the stylesheet, the scripts, and htmx, which is vendored.
//
// *.templ files are templates; `make generate` makes Go of them, which is committed.
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"holdfast/web/assets"
	"holdfast/web/console"
	"holdfast/web/live"
	"holdfast/web/shop"
	"holdfast/web/signin"
	"holdfast/web/site"
)

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1118 generate -path . -log-level error

// Server serves all pages.
type Server struct {
	handler http.Handler
	orders  *live.Orders
}

// New returns a server of pages. Close it.
func New(cfg site.Config) (*Server, error) {
	s, err := site.New(cfg)
	if err != nil {
		return nil, err
	}
	server := &Server{orders: live.New()}
	mux := http.NewServeMux()
	mux.Handle("GET "+assets.Prefix, assets.Handler())
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, assets.URL("favicon.svg"), http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "User-agent: *\nDisallow: /basket\nDisallow: /checkout\nDisallow: /console\nDisallow: /orders\nDisallow: /o/\nDisallow: /sign-in\n") // a browser that is gone
	})
	mux.Handle("POST /language", s.Handle(s.Language))
	mux.Handle("POST /switch", s.Handle(s.Switch))
	mux.Handle("GET /sign-in", s.HandleEntrance(s.SignIn))
	mux.Handle("GET "+signin.CallbackPath, s.HandleEntrance(s.Callback))
	mux.Handle("POST /sign-out", s.HandleEntrance(s.SignOut))
	shop.Routes(mux, s, server.orders)
	console.Routes(mux, s, server.orders)
	mux.Handle("/", s.Handle(func(*site.Visit) error { return site.ErrNotFound }))

	// Forms are ours only if a page of ours sent them.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(s.Handle(func(*site.Visit) error { return &site.BadRequestError{Reason: "cross-origin"} }))
	server.handler = harden(cfg.Secure, recovered(s.Log(), sameOrigin.Handler(mux)))
	return server, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close ends all streams: a server that stops waits for its requests.
func (s *Server) Close() { s.orders.Close() }

// harden tells browsers what pages may do. A page may widen its own policy ([site.Visit.Allow]).
func harden(secure bool, next http.Handler) http.Handler {
	policy := site.Policy{}.Headers()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, value := range policy {
			h.Set(name, value)
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// recovered answers a panic without details; the log has the stack.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so, too
				panic(p)
			}
			log.ErrorContext(r.Context(), "panic", "pattern", r.Pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			http.Error(w, "This page is broken.", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}
