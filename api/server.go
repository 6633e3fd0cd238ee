// Package api is the gateway. It implements the REST API of openapi.yaml, rejects invalid requests,
// refuses sold-out orders after one cheap read, and leaves every decision to Temporal. It never
// decides about an order or a unit itself. Between requests it keeps only the counters of its
// limits and caches.
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
	"holdfast/carrier"
	"holdfast/identity"
	"holdfast/order"
)

// Config configures a gateway.
type Config struct {
	// Addr to listen on, such as 127.0.0.1:8080. A Listener takes precedence; the server
	// closes it.
	Addr     string
	Listener net.Listener
	// TLS is nil for plain HTTP.
	TLS *tls.Config
	// Identity verifies callers' tokens. Without it authentication is off: every caller is an
	// operator, and the gateway only listens on loopback.
	Identity identity.Verifier
	// Guests signs the tokens of guests. Without it there are none.
	Guests *identity.Guests
	// Development recognizes callers by the tokens that it signs, with authentication off. All other
	// callers are operators, with any token or none.
	Development *identity.Development
	// Front receives the requests of the listener and passes on those that are the gateway's. It is
	// for programs that serve more at the gateway's address; nil serves the gateway alone.
	Front func(gateway http.Handler) http.Handler
	// Limits of calls.
	Limits Limits
	// TrustedProxies are the addresses or networks whose X-Forwarded-For is trusted.
	TrustedProxies []string
	// Origins of other sites whose pages may call the gateway, such as https://shop.example.
	Origins []string
	// MetricsApart serves /metrics only in Operation.
	MetricsApart bool

	Products  Products
	Quoting   Quoting
	Orders    Documents
	Customers Customers
	Coupons   Coupons
	Sagas     Sagas
	Tracking  Tracking
	// PriceBooks are the versions of the shop's price book.
	PriceBooks PriceBooks
	// Commands are the shop's commands and the chains of its scenarios.
	Commands Commands
	// Audits are the reports that audits have stored.
	Audits Audits
	// Webhooks are the merchants' endpoints. CheckURL returns a *webhook.RefusedURLError for a
	// URL that can't be one.
	Webhooks Webhooks
	CheckURL func(ctx context.Context, url string) error
	// Index answers searches and lists. Without it, only these calls are 503.
	Index Index
	// Providers by the name in their callback's path; DefaultProvider is used if a buyer names
	// none.
	Providers       map[string]Provider
	DefaultProvider string
	// Carriers by the name in their callbacks' path.
	Carriers map[string]carrier.Carrier
	// Pages of providers by their path, such as /sandbox/. They are subject to the same guard
	// and limits as the gateway's own calls.
	Pages map[string]http.Handler
	// Checks of dependencies, by their names in /readyz. Temporal and the index are checked
	// without being named here. Each check runs at most once a second. An error that wraps
	// ErrDegraded leaves the gateway ready.
	Checks map[string]Check

	// Money that the providers handle; empty without any. An order can be paid only with the
	// money of the gateway that placed it.
	Money order.Money
	// PaymentWindow is how long an order's stock is held while it waits for payment, from
	// MinPaymentWindow to MaxPaymentWindow; 0 means DefaultPaymentWindow.
	PaymentWindow time.Duration
	// ReturnWindow is how long after its delivery an order takes returns, and stays open, at most
	// MaxReturnWindow. 0 means that the shop takes no returns, and that an order closes when it is
	// delivered.
	ReturnWindow time.Duration
	// MaxOpenOrders is how many of a customer's orders may hold stock and wait for payment,
	// MaxUnits is how many units of one product an order may contain, and MaxCustomerUnits is
	// how many units of it all unpaid orders of a customer may hold together; 0 means no limit.
	// An order keeps the limits under which it was placed.
	MaxOpenOrders, MaxUnits, MaxCustomerUnits int64
	// MaxNetworkOrders is how many orders of all guests of one network may hold stock and wait for
	// payment; 0 means no limit.
	MaxNetworkOrders int64
	// MaxNetworkUnits is how many units of a product all unpaid orders of a network's guests may hold
	// together, instead of MaxCustomerUnits for each; 0 means no limit.
	MaxNetworkUnits int64
	// MaxLines is how many lines an order may have. Defaults to order.MaxLines, the maximum.
	MaxLines int
	// MaxSearches is how many searches and lists may run at the same time, at most
	// MostSearches; 0 means DefaultMaxSearches. Further ones wait briefly and are then refused.
	MaxSearches int
	// BodyBytes limits the memory of the bodies of all requests in flight; 0 means
	// DefaultBodyBytes.
	BodyBytes int64
	// DrainDelay is how long a stopping gateway continues to accept requests after /readyz has
	// started to fail, so that load balancers notice.
	DrainDelay time.Duration

	Log *slog.Logger
	// Metrics is the registry that /metrics exposes and that the gateway's own metrics are
	// registered with.
	Metrics *prometheus.Registry
	// Now is the clock for callbacks' timestamps; nil is time.Now.
	Now func() time.Time
}

// Check returns an error if a dependency can't be used.
type Check func(context.Context) error

const (
	// DefaultPaymentWindow is how long an order's stock is held by default.
	DefaultPaymentWindow = 15 * time.Minute
	// MinPaymentWindow is the shortest payment window that is allowed.
	MinPaymentWindow = time.Second
	// MaxPaymentWindow is the longest. During this time stock is withheld from other buyers, and
	// Redis remembers each cancelled order. Providers whose payments take days extend the
	// deadlines of their own orders.
	MaxPaymentWindow = 24 * time.Hour
	// DefaultReturnWindow is what the programs use if nothing else is set.
	DefaultReturnWindow = 14 * 24 * time.Hour
	// MaxReturnWindow is the longest. An order's workflow runs until its end.
	MaxReturnWindow = 365 * 24 * time.Hour
	// DefaultMaxSearches is how many queries one Elasticsearch node handles at a time without
	// queueing; it also limits the memory of their results.
	DefaultMaxSearches = 32
	// MostSearches leaves each list enough memory for a whole document: see listBytes.
	MostSearches = 128
)

// Limits of a connection. Writing has to outlast the longest ?wait=.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = requestTimeout + maxWait + 5*time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// ShutdownTimeout limits a shutdown, after Config.DrainDelay. A supervisor has to wait longer than
// that before it kills a gateway.
const ShutdownTimeout = readTimeout + requestTimeout + 5*time.Second

// Server is the gateway.
type Server struct {
	cfg     Config
	engine  *gin.Engine
	log     *slog.Logger
	metrics *metrics
	// parameters of the calls that reject unknown parameters, by route.
	parameters map[string]map[string]bool
	access     access
	limits     limits
	payLimits  payLimits
	guestLimit *allowance
	codeLimits codeLimits
	checkouts  *checkouts
	// successes are recently delivered messages about payments; proven are networks that
	// recently sent a callback with a valid signature.
	successes, proven recentNames
	prober            *prober
	// crossOrigin detects requests sent by pages of other origins.
	crossOrigin *http.CrossOriginProtection
	// draining is closed when the gateway starts to stop, which ends all waits.
	draining chan struct{}
	stopOnce sync.Once
	// forwarded warns once that X-Forwarded-For isn't used.
	forwarded             sync.Once
	waits, bodies, chains *shares
	problemTypes          map[string]openapi.ProblemType
	// searchSlots are occupied by searches and lists while they query the index.
	searchSlots chan struct{}
}

// New returns a gateway. With authentication off, it refuses any address that isn't loopback.
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
	if local { // callers on the same machine may see its metrics
		access = maps.Clone(access)
		access[metricsRoute] = map[string]rule{http.MethodGet: {public: true}}
	}
	limits, err := newLimits(cfg.Limits)
	if err != nil {
		return nil, err
	}
	codeLimits, err := newCodeLimits(cfg.Limits.Coupons)
	if err != nil {
		return nil, err
	}
	payLimits, err := newPayLimits(cfg.Limits.Payments)
	if err != nil {
		return nil, err
	}
	guestLimit, err := newGuestLimit(cfg.Limits.Guests)
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
		payLimits: payLimits, codeLimits: codeLimits, guestLimit: guestLimit, checkouts: newCheckouts(cfg.Now),
		draining: make(chan struct{}), waits: newShares(maxWaiters), chains: newChainShares(),
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
	if c.Products == nil || c.Orders == nil || c.Customers == nil || c.Coupons == nil || c.Sagas == nil || c.Tracking == nil || c.PriceBooks == nil || c.Commands == nil || c.Audits == nil || c.Webhooks == nil || c.CheckURL == nil || c.Log == nil || c.Metrics == nil {
		return errors.New("gateway: products, orders, customers, coupons, sagas, tracking, price books, commands, audits, webhooks, log and metrics are required")
	}
	if c.PaymentWindow == 0 {
		c.PaymentWindow = DefaultPaymentWindow
	}
	if c.PaymentWindow < MinPaymentWindow || c.PaymentWindow > MaxPaymentWindow {
		return fmt.Errorf("gateway: the payment window must be %s to %s, not %s", MinPaymentWindow, MaxPaymentWindow, c.PaymentWindow)
	}
	if c.ReturnWindow < 0 || c.ReturnWindow > MaxReturnWindow {
		return fmt.Errorf("gateway: the return window must be 0 to %s, not %s", MaxReturnWindow, c.ReturnWindow)
	}
	if c.MaxOpenOrders < 0 || c.MaxUnits < 0 || c.MaxCustomerUnits < 0 || c.MaxNetworkOrders < 0 || c.MaxNetworkUnits < 0 {
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
		return fmt.Errorf("gateway: the limit of lines per order must be 1 to %d, not %d", order.MaxLines, c.MaxLines)
	}
	if c.MaxSearches == 0 {
		c.MaxSearches = DefaultMaxSearches
	}
	if c.MaxSearches < 1 || c.MaxSearches > MostSearches {
		return fmt.Errorf("gateway: the number of concurrent searches must be 1 to %d, not %d", MostSearches, c.MaxSearches)
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

// checkAddress reports whether the gateway listens only on loopback. With authentication off, it
// returns an error for any other address.
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
		return false, fmt.Errorf("gateway: with authentication off, %s would make every caller an operator: "+
			"listen on 127.0.0.1", addr)
	}
	return local, nil
}

// Handler returns the gateway's handler, without a listener.
func (s *Server) Handler() http.Handler { return s.engine }

// front returns what the listener's requests go to.
func (s *Server) front() http.Handler {
	if s.cfg.Front == nil {
		return s.engine
	}
	return s.cfg.Front(s.engine)
}

// Run serves until ctx ends, then shuts down gracefully: /readyz fails, waiting requests are
// answered, and requests in flight finish; those that exceed ShutdownTimeout are cut off.
func (s *Server) Run(ctx context.Context) error {
	l := s.cfg.Listener
	if l == nil {
		var err error
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Addr); err != nil {
			return fmt.Errorf("gateway: listen: %w", err)
		}
	}
	srv := &http.Server{
		Handler: s.front(), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
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
	return errors.Join(err, s.cfg.Tracking.Flush(ctx), s.limits.close(ctx), s.payLimits.close(ctx), s.codeLimits.close(ctx), s.guestLimit.close(ctx))
}

// drain makes /readyz fail and ends all waits.
func (s *Server) drain() { s.stopOnce.Do(func() { close(s.draining) }) }

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}
