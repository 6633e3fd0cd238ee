package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/client"
	"holdfast/settings"
	"holdfast/web"
	"holdfast/web/session"
	"holdfast/web/signin"
	"holdfast/web/site"
)

// webCommand runs the web pages.
type webCommand struct {
	settings.Web
	settings.Start
}

// Limits of a connection. Streams set the time to write themselves.
const (
	webReadTimeout  = 15 * time.Second
	webWriteTimeout = time.Minute
	webIdleTimeout  = 2 * time.Minute
	webStopTimeout  = 20 * time.Second
	// webConnections to the gateway are kept open.
	webConnections = 256
)

// Run serves until the process is told to stop.
func (c *webCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	if err := c.Check(); err != nil {
		return usagef("%v", err)
	}
	cfg, done, err := c.config(log)
	if err != nil {
		return err
	}
	defer done()
	if err := c.discover(ctx, &cfg, log); err != nil {
		return err
	}
	pages, err := web.New(cfg)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.WebAddr)
	if err != nil {
		return fmt.Errorf("listen (HOLDFAST_WEB_ADDR): %w", err)
	}
	stop, err := serveApart(ctx, c.WebMetricsAddr, healthy(), log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stop()
	log.InfoContext(ctx, "pages running", "address", listener.Addr().String(), "gateway", c.GatewayURL)
	err = servePages(ctx, listener, pages, log)
	log.InfoContext(ctx, "pages stopped")
	return err
}

// config returns the settings of the site, and what closes its connections.
func (c *webCommand) config(log *slog.Logger) (cfg site.Config, done func(), err error) {
	gateway, err := client.New(client.Config{URL: c.GatewayURL, Connections: webConnections})
	if err != nil {
		return cfg, nil, usagef("--gateway-url (HOLDFAST_GATEWAY_URL): %v", err)
	}
	cfg = site.Config{
		Gateway: gateway, Secret: c.WebSecret, LinkSecret: c.LinkSecret, Sessions: session.NewMemory(), Secure: c.Secure(), Log: log,
		WorkflowsURL: c.WorkflowsURL, StripeKey: c.StripeKey,
	}
	if cfg.Zone, err = c.Zone(); err != nil {
		return cfg, nil, err
	}
	if cfg.TrustedProxies, err = c.Proxies(); err != nil {
		return cfg, nil, err
	}
	if c.SessionsURL == "" {
		return cfg, func() {}, nil
	}
	options, err := redis.ParseURL(c.SessionsURL)
	if err != nil {
		return cfg, nil, usagef("--sessions-url (HOLDFAST_SESSIONS_URL) is not a URL of a Redis, such as redis://127.0.0.1:6379/1")
	}
	rdb := redis.NewClient(options)
	cfg.Sessions = session.NewRedis(rdb)
	return cfg, func() { _ = rdb.Close() }, nil // the process ends
}

// discover asks the OpenID provider how it is used, if visitors sign in. It may start at the same time.
func (c *webCommand) discover(ctx context.Context, cfg *site.Config, log *slog.Logger) error {
	provider := c.Provider(log)
	if provider == nil {
		return nil
	}
	cfg.SessionLifetime = c.SessionsLimit
	err := waitFor(ctx, "OpenID provider", c.Wait, log, func(ctx context.Context) error {
		found, err := signin.Discover(ctx, *provider)
		if err == nil {
			cfg.SignIn = found
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("discover the OpenID provider (HOLDFAST_OIDC_ISSUER): %w", err)
	}
	return nil
}

// healthy answers health checks: the process runs. Pages say themselves if the gateway is away.
func healthy() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok") // a caller that is gone
	})
	return mux
}

// servePages serves until ctx ends; requests in flight are then completed, and streams ended.
func servePages(ctx context.Context, listener net.Listener, pages *web.Server, log *slog.Logger) error {
	server := &http.Server{
		Handler: pages, ReadHeaderTimeout: webReadTimeout, ReadTimeout: webReadTimeout, WriteTimeout: webWriteTimeout,
		IdleTimeout: webIdleTimeout, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the pages: %w", err)
	case <-ctx.Done():
	}
	pages.Close()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), webStopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return fmt.Errorf("stop the pages: %w", err)
	}
	return nil
}
