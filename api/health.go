package api

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/api/openapi"
	"holdfast/search"
	"holdfast/version"
)

// ErrDegraded is wrapped by a Check whose failure doesn't affect orders: /readyz then reports
// degraded, and is still 200.
var ErrDegraded = errors.New("orders go on without it")

// ErrUnknown is wrapped by a Check that couldn't find out: /readyz shows it, without any effect on
// the status.
var ErrUnknown = errors.New("it doesn't say")

var errNoAnswer = errors.New("it did not answer in time")

// indexName is the index's name in /readyz. Orders don't need it, so its failure only degrades the
// gateway.
const indexName = "search"

const (
	healthOK = "ok"
	// healthDegraded means that the unavailable dependencies aren't needed for orders.
	healthDegraded    = "degraded"
	healthUnavailable = "unavailable"
	healthUnknown     = "unknown"
	healthStopping    = "stopping"
)

// Healthz implements ServerInterface: the process is alive.
func (s *Server) Healthz(c *gin.Context) { c.JSON(http.StatusOK, openapi.Health{Status: healthOK}) }

// Version implements ServerInterface.
func (s *Server) Version(c *gin.Context) {
	c.JSON(http.StatusOK, openapi.Version{Version: version.String()})
}

// Readyz implements ServerInterface. It reports the result of the last probe of the dependencies,
// which is at most a second old. What is wrong with a dependency is only logged.
func (s *Server) Readyz(c *gin.Context) {
	health, err := openapi.Health{Status: healthStopping}, error(nil)
	if !s.isDraining() {
		health, err = s.prober.health(c.Request.Context())
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	if !ready(health) {
		c.Header("Retry-After", askAgain)
		c.JSON(http.StatusServiceUnavailable, health)
		return
	}
	c.JSON(http.StatusOK, health)
}

func ready(h openapi.Health) bool { return h.Status == healthOK || h.Status == healthDegraded }

// checks returns the configured checks and those that every gateway has.
func (s *Server) checks() map[string]Check {
	all := map[string]Check{"temporal": s.cfg.Sagas.CheckHealth}
	maps.Copy(all, s.cfg.Checks)
	if s.cfg.Index != nil {
		all[indexName] = s.checkIndex
	}
	return all
}

// healthOf combines the results of all checks.
func healthOf(found map[string]error) openapi.Health {
	health := openapi.Health{Status: healthOK, Checks: make(map[string]string, len(found))}
	for name, err := range found {
		health.Checks[name] = healthUnavailable
		switch {
		case err == nil:
			health.Checks[name] = healthOK
		case errors.Is(err, ErrUnknown):
			health.Checks[name] = healthUnknown
		case name != indexName && !errors.Is(err, ErrDegraded):
			health.Status = healthUnavailable
		case health.Status == healthOK:
			health.Status = healthDegraded
		}
	}
	return health
}

// checkIndex asks each view for a document. Whether it exists doesn't matter, as long as the view
// responds.
func (s *Server) checkIndex(ctx context.Context) error {
	_, err := s.cfg.Index.GetOrder(ctx, indexName)
	if errors.Is(err, search.ErrNotFound) {
		_, err = s.cfg.Index.SearchProducts(ctx, search.ProductQuery{Q: indexName, Limit: new(1)})
	}
	return viewError(ctx, err)
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

// Operation returns a handler for a separate listener for those who run the gateway: /healthz,
// /readyz and /metrics.
func (s *Server) Operation() http.Handler {
	e := gin.New()
	e.Use(s.recover)
	e.GET("/healthz", s.Healthz)
	e.GET("/readyz", s.Readyz)
	e.GET(metricsRoute, s.showMetrics)
	answerHead(e)
	return e
}

func (s *Server) showMetrics(c *gin.Context) {
	promhttp.HandlerFor(s.cfg.Metrics, promhttp.HandlerOpts{}).ServeHTTP(c.Writer, c.Request)
}
