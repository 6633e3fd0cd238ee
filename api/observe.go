package api

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/product"
)

// observe assigns an id to every request, measures it and logs it. The log contains the route but
// no body, header or query, because these may contain personal data.
func (s *Server) observe(c *gin.Context) {
	start := time.Now()
	id := nameRequest(c)
	c.Next()
	took := time.Since(start)
	route, status := c.FullPath(), c.Writer.Status()
	if route == "" {
		route = "none" // else callers could create any number of time series
	}
	method := c.Request.Method
	if !knownMethod[method] {
		method = "other"
	}
	s.metrics.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	s.metrics.durations.WithLabelValues(route, method).Observe(took.Seconds())

	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case quietRoute[route]:
		level = slog.LevelDebug
	}
	ctx := c.Request.Context()
	if !s.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", id), slog.String("method", c.Request.Method), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took), slog.String("client", c.ClientIP()),
	}
	if target := c.Param("id"); product.ValidID(target) { // else it may be of any length
		attrs = append(attrs, slog.String("target", target))
	}
	if len(c.Errors) > 0 {
		attrs = append(attrs, slog.String("error", c.Errors.Last().Error()))
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}

var knownMethod = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true,
	http.MethodPatch: true, http.MethodDelete: true, http.MethodOptions: true,
}

// quietRoute lists routes that machines call every few seconds.
var quietRoute = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}
