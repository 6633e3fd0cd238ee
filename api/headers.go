package api

import "github.com/gin-gonic/gin"

// harden tells browsers to make nothing of an answer but what it is. A page that needs
// more says so itself, see documentation.
func harden(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", noStore) // what may be kept says so itself
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if c.Request.TLS != nil { // over plain HTTP browsers pass over it
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
