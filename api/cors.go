package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
)

// crossOrigins allows pages of the given origins to call the gateway and read its responses. Other
// origins get no CORS headers, so browsers hide the responses from them. Cookies are never used: a
// page needs its user's token.
func crossOrigins(origins []string) (gin.HandlerFunc, error) {
	known := make(map[string]bool, len(origins))
	for _, origin := range origins {
		if err := CheckOrigin(origin); err != nil {
			return nil, fmt.Errorf("gateway: %w", err)
		}
		known[origin] = true
	}
	if len(known) == 0 {
		return func(*gin.Context) {}, nil
	}
	answer := cors.New(cors.Config{
		AllowOrigins:  origins,
		AllowMethods:  []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowHeaders:  []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", requestIDHeader},
		ExposeHeaders: []string{"ETag", "Location", "Retry-After", rateLimitHeader, ratePolicyHeader, "Deprecation", "Sunset", "Link", "WWW-Authenticate", requestIDHeader},
		MaxAge:        10 * time.Minute,
	})
	return func(c *gin.Context) {
		if known[c.GetHeader("Origin")] { // to other origins, the library would respond without a problem document
			answer(c)
			return
		}
		c.Writer.Header().Add("Vary", "Origin")
	}, nil
}

// CheckOrigin returns an error if no browser would send this as a page's origin.
func CheckOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Scheme+"://"+u.Host != origin ||
		strings.Contains(origin, "*") {
		return fmt.Errorf("%q is not an origin such as https://shop.example", origin)
	}
	return nil
}
