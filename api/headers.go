package api

import "github.com/gin-gonic/gin"

// harden sets security headers for every response. A page that needs more permissions overrides
// them, see documentation.
func harden(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", noStore) // a response that may be stored overrides it
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if c.Request.TLS != nil { // browsers ignore it over plain HTTP
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
