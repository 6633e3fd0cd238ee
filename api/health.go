package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.temporal.io/sdk/client"

	"holdfast/search"
	"holdfast/version"
)

const checkTimeout = time.Second

// indexName is the index's name in /readyz: orders go on without it, so that it
// degrades the gateway and doesn't fail it.
const indexName = "search"

const (
	healthOK = "ok"
	// healthDegraded: what is away is not needed to take orders.
	healthDegraded    = "degraded"
	healthUnavailable = "unavailable"
	healthStopping    = "stopping"
)

// Healthz implements ServerInterface: the process is alive.
func (s *Server) Healthz(c *gin.Context) { c.JSON(http.StatusOK, Health{Status: healthOK}) }

// Version implements ServerInterface.
func (s *Server) Version(c *gin.Context) { c.JSON(http.StatusOK, Version{Version: version.String()}) }

// Readyz implements ServerInterface: it asks every dependency at once. What is
// wrong with one is for the log alone.
func (s *Server) Readyz(c *gin.Context) {
	health := Health{Status: healthStopping}
	if !s.isDraining() {
		health = s.check(c.Request.Context())
	}
	status := http.StatusOK
	if health.Status != healthOK && health.Status != healthDegraded {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", askAgain)
	}
	c.JSON(status, health)
}

func (s *Server) check(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	checks := map[string]Check{"temporal": s.checkTemporal}
	maps.Copy(checks, s.cfg.Checks)
	if s.cfg.Index != nil {
		checks[indexName] = s.checkIndex
	}
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		health = Health{Status: healthOK, Checks: make(map[string]string, len(checks))}
	)
	for name, ask := range checks {
		wg.Go(func() {
			err := ask(ctx)
			mu.Lock()
			defer mu.Unlock()
			health.Checks[name] = healthOK
			if err == nil {
				return
			}
			s.log.WarnContext(ctx, "dependency is not ready", "dependency", name, "error", err)
			health.Checks[name] = healthUnavailable
			switch {
			case name != indexName:
				health.Status = healthUnavailable
			case health.Status == healthOK:
				health.Status = healthDegraded
			}
		})
	}
	wg.Wait()
	return health
}

// checkIndex asks each view for a document: whether there is one of this name or not,
// the view has answered.
func (s *Server) checkIndex(ctx context.Context) error {
	_, err := s.cfg.Index.GetOrder(ctx, indexName)
	if errors.Is(err, search.ErrNotFound) {
		_, err = s.cfg.Index.SearchProducts(ctx, search.ProductQuery{Q: indexName, Limit: new(1)})
	}
	return viewError(ctx, err)
}

func (s *Server) checkTemporal(ctx context.Context) error {
	_, err := s.cfg.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

const metricsRoute = "/metrics"

// Metrics implements ServerInterface.
func (s *Server) Metrics(c *gin.Context) {
	if s.cfg.MetricsApart {
		s.fail(c, errNoRoute)
		return
	}
	s.showMetrics(c)
}

// Operation shows those who run the gateway how it does, on a listener of their own:
// /healthz, /readyz and /metrics.
func (s *Server) Operation() http.Handler {
	e := gin.New()
	e.Use(s.recover)
	e.GET("/healthz", s.Healthz)
	e.GET("/readyz", s.Readyz)
	e.GET(metricsRoute, s.showMetrics)
	return e
}

func (s *Server) showMetrics(c *gin.Context) {
	promhttp.HandlerFor(s.cfg.Metrics, promhttp.HandlerOpts{}).ServeHTTP(c.Writer, c.Request)
}
