// Package api is the gateway: it speaks REST as openapi.yaml says, turns bad
// requests away, answers "sold out" from one cheap read, and hands everything
// that is to be decided to Temporal. It never decides about an order or a unit
// itself, and keeps nothing between two requests but the counts of its limits and
// what saves a question to others.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"holdfast/api/openapi"
	"holdfast/identity"
	"holdfast/order"
)

// Config is what a gateway is made of.
type Config struct {
	// Addr to listen on, such as 127.0.0.1:8080. Listener takes its place where
	// it is given; the server closes it.
	Addr     string
	Listener net.Listener
	// TLS is what the gateway proves itself by, nil where it speaks plain HTTP.
	TLS *tls.Config
	// Identity tells callers by their tokens. Without it nobody is asked who he is,
	// everybody is an operator, and the gateway listens on loopback alone.
	Identity identity.Verifier
	// Limits of calls in a second.
	Limits Limits
	// TrustedProxies are the addresses or networks whose X-Forwarded-For is believed.
	TrustedProxies []string
	// Origins are those of other sites whose pages may call, such as https://shop.example.
	Origins []string
	// MetricsApart: /metrics is shown by Operation alone.
	MetricsApart bool

	Products Products
	Orders   Documents
	Sagas    Sagas
	// Webhooks are the merchants' endpoints. CheckURL refuses a URL that can't be one, as
	// a *webhook.RefusedURLError.
	Webhooks Webhooks
	CheckURL func(ctx context.Context, url string) error
	// Index answers searches and lists. Without one, these calls alone answer 503.
	Index Index
	// Providers by the name in their callback's path; DefaultProvider is the one of
	// buyers who name none.
	Providers       map[string]Provider
	DefaultProvider string
	// Pages of providers, by the path that they are under, such as /sandbox/. They go
	// through the same guard and bounds as the gateway's own calls.
	Pages map[string]http.Handler
	// Checks say whether a dependency answers, by its name in /readyz. Temporal
	// and the index are checked without being named here. Each is asked once a second at
	// most. An error that wraps ErrDegraded leaves the gateway ready.
	Checks map[string]Check

	// Money that the providers take; empty without any. An order is paid by the money of
	// the gateway that took it, and by no other.
	Money order.Money
	// PaymentWindow is how long an order's stock is held for its payment, from
	// MinPaymentWindow to MaxPaymentWindow; 0 is DefaultPaymentWindow.
	PaymentWindow time.Duration
	// MaxOpenOrders is how many orders of one customer may hold stock and wait for their
	// payment, MaxUnits how many units of one product an order may have, and
	// MaxCustomerUnits how many all unpaid orders of a customer may hold together; 0 is
	// without a limit. An order keeps the limits under which it was placed.
	MaxOpenOrders, MaxUnits, MaxCustomerUnits int64
	// MaxLines is how many lines an order may have, at most order.MaxLines; 0 is that.
	MaxLines int
	// MaxSearches is how many searches and lists are answered at a time, at most
	// MostSearches; 0 is DefaultMaxSearches. Further ones wait for a moment, and are refused
	// then.
	MaxSearches int
	// BodyBytes bound the memory of the bodies of all requests in flight; 0 is
	// DefaultBodyBytes.
	BodyBytes int64
	// DrainDelay is how long a stopping gateway still takes requests after
	// /readyz said no, so that load balancers can hear of it.
	DrainDelay time.Duration

	Log *slog.Logger
	// Metrics is the registry that /metrics shows and the gateway's own metrics
	// go to.
	Metrics *prometheus.Registry
	// Now is the clock for callbacks' timestamps; nil is time.Now.
	Now func() time.Time
}

// Check asks one dependency whether it can be used.
type Check func(context.Context) error

const (
	// DefaultPaymentWindow is how long the stock of an order waits for its payment.
	DefaultPaymentWindow = 15 * time.Minute
	// MinPaymentWindow is the shortest that a gateway takes.
	MinPaymentWindow = time.Second
	// MaxPaymentWindow is the longest. For as long, stock is kept from other buyers, and
	// Redis remembers each order that was cancelled: providers whose payments take days
	// extend the deadlines of their own orders.
	MaxPaymentWindow = 24 * time.Hour
	// DefaultMaxSearches is what one Elasticsearch answers at a time without its queries
	// queueing up, and keeps the memory of what they find bounded.
	DefaultMaxSearches = 32
	// MostSearches is what has memory for a whole document each: see listBytes.
	MostSearches = 128
)

// Bounds of a connection. Writing has to outlast the longest ?wait=.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = requestTimeout + maxWait + 5*time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// ShutdownTimeout bounds a stop, after Config.DrainDelay: whoever stops a gateway gives it
// longer than that before killing it.
const ShutdownTimeout = readTimeout + requestTimeout + 5*time.Second

// Server is the gateway.
type Server struct {
	cfg     Config
	engine  *gin.Engine
	log     *slog.Logger
	metrics *metrics
	// parameters that a call knows, by its route, where it is strict about them.
	parameters map[string]map[string]bool
	access     access
	limits     limits
	payLimits  payLimits
	checkouts  *checkouts
	// successes are the messages of payments that were delivered lately, proven the networks
	// whose callbacks were signed by a provider.
	successes, proven lately
	prober            *prober
	// crossOrigin tells requests that pages of other origins sent.
	crossOrigin *http.CrossOriginProtection
	// draining is closed when the gateway begins to stop: it ends waits.
	draining      chan struct{}
	stopOnce      sync.Once
	waits, bodies *shares
	problemTypes  map[string]openapi.ProblemType
	// searchSlots are taken by searches and lists while the index is asked.
	searchSlots chan struct{}
}

// New builds a gateway. With authentication off it refuses to listen where others
// can reach it.
func New(cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	local, err := cfg.checkAddress()
	if err != nil {
		return nil, err
	}
	access, err := contractAccess()
	if err != nil {
		return nil, err
	}
	if local { // who reaches it there may see what the machine does
		access = maps.Clone(access)
		access[metricsRoute] = map[string]rule{http.MethodGet: {public: true}}
	}
	limits, err := newLimits(cfg.Limits)
	if err != nil {
		return nil, err
	}
	payLimits, err := newPayLimits(cfg.Limits.Payments)
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Log, metrics: m, crossOrigin: http.NewCrossOriginProtection(),
		parameters: listParameters(), access: access, limits: limits,
		payLimits: payLimits, checkouts: newCheckouts(cfg.Now),
		draining: make(chan struct{}), waits: newShares(maxWaiters),
		bodies: newShares(cfg.BodyBytes), problemTypes: problemTypes(),
		searchSlots: make(chan struct{}, cfg.MaxSearches),
	}
	s.prober = newProber(s.checks(), cfg.Log)
	for _, origin := range cfg.Origins {
		if err := s.crossOrigin.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("gateway: %w", err)
		}
	}
	s.engine, err = s.router()
	return s, err
}

func (c *Config) complete() error {
	if c.Products == nil || c.Orders == nil || c.Sagas == nil || c.Webhooks == nil || c.CheckURL == nil || c.Log == nil || c.Metrics == nil {
		return errors.New("gateway: products, orders, sagas, webhooks, log and metrics are needed")
	}
	if c.PaymentWindow == 0 {
		c.PaymentWindow = DefaultPaymentWindow
	}
	if c.PaymentWindow < MinPaymentWindow || c.PaymentWindow > MaxPaymentWindow {
		return fmt.Errorf("gateway: a payment window has to be %s to %s long, not %s", MinPaymentWindow, MaxPaymentWindow, c.PaymentWindow)
	}
	if c.MaxOpenOrders < 0 || c.MaxUnits < 0 || c.MaxCustomerUnits < 0 {
		return errors.New("gateway: a limit of orders or units must not be negative")
	}
	if c.BodyBytes == 0 {
		c.BodyBytes = DefaultBodyBytes
	}
	if c.BodyBytes < MinBodyBytes {
		return fmt.Errorf("gateway: %d bytes for the bodies of all requests (HOLDFAST_BODY_BYTES) are too few: one caller "+
			"may have an eighth of them, which has to fit a body of %d; at least %d are needed", c.BodyBytes, maxBodyBytes, MinBodyBytes)
	}
	if c.MaxLines == 0 {
		c.MaxLines = order.MaxLines
	}
	if c.MaxLines < 1 || c.MaxLines > order.MaxLines {
		return fmt.Errorf("gateway: an order has to be allowed 1 to %d lines, not %d", order.MaxLines, c.MaxLines)
	}
	if c.MaxSearches == 0 {
		c.MaxSearches = DefaultMaxSearches
	}
	if c.MaxSearches < 1 || c.MaxSearches > MostSearches {
		return fmt.Errorf("gateway: the number of searches at a time has to lie between 1 and %d, not %d", MostSearches, c.MaxSearches)
	}
	if len(c.Providers) == 1 && c.DefaultProvider == "" {
		for name := range c.Providers {
			c.DefaultProvider = name
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// checkAddress tells whether the gateway listens on loopback alone, and refuses
// another address where nobody is asked who he is.
func (c *Config) checkAddress() (local bool, err error) {
	addr := c.Addr
	if c.Listener != nil {
		addr = c.Listener.Addr().String()
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Errorf("gateway: listen address: %w", err)
	}
	ip := net.ParseIP(host)
	local = host == "localhost" || (ip != nil && ip.IsLoopback())
	if !local && c.Identity == nil {
		return false, fmt.Errorf("gateway: with authentication off, %s would let anybody be the operator: "+
			"listen on 127.0.0.1", addr)
	}
	return local, nil
}

// Handler is the gateway without its listener.
func (s *Server) Handler() http.Handler { return s.engine }

// Run serves until ctx ends, then stops in order: /readyz says no, waiting
// requests are answered, those in flight end; what still runs after a bound is
// cut off.
func (s *Server) Run(ctx context.Context) error {
	l := s.cfg.Listener
	if l == nil {
		var err error
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Addr); err != nil {
			return fmt.Errorf("gateway: listen: %w", err)
		}
	}
	srv := &http.Server{
		Handler: s.engine, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn), TLSConfig: s.cfg.TLS,
	}
	serve := srv.Serve
	if s.cfg.TLS != nil {
		serve = func(l net.Listener) error { return srv.ServeTLS(l, "", "") } // the certificate is in TLSConfig
	}
	served := make(chan error, 1)
	go func() { served <- serve(l) }()
	s.log.InfoContext(ctx, "gateway listens", "addr", l.Addr().String())
	select {
	case err := <-served:
		return fmt.Errorf("gateway: serve: %w", err)
	case <-ctx.Done():
	}
	return s.stop(context.WithoutCancel(ctx), srv, served)
}

func (s *Server) stop(ctx context.Context, srv *http.Server, served <-chan error) error {
	s.drain()
	if s.cfg.DrainDelay > 0 {
		select {
		case <-time.After(s.cfg.DrainDelay):
		case err := <-served:
			return fmt.Errorf("gateway: serve: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, ShutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("gateway: requests were cut off: %w", err), srv.Close())
	}
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("gateway: serve: %w", serveErr))
	}
	s.prober.rounds.Wait()
	return errors.Join(err, s.limits.close(ctx), s.payLimits.close(ctx))
}

// drain makes /readyz say no and ends all waits.
func (s *Server) drain() { s.stopOnce.Do(func() { close(s.draining) }) }

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}
