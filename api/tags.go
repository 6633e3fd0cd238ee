package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// What caches may do with a response. Nearly all responses are private, or about stock that moves:
// harden forbids storing them, and the few others override it.
const (
	noStore = "no-store"
	// revalidate allows a copy to be used as long as its ETag is current.
	revalidate = "no-cache"
)

// tagBytes of a hash are enough to distinguish the versions of one resource.
const tagBytes = 12

// tagOf returns a strong entity tag of these bytes.
func tagOf(body []byte) string { return `"` + digest(body) + `"` }

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:tagBytes])
}

// writeTagged answers with the body and its tag.
func writeTagged(c *gin.Context, status int, contentType string, body []byte) {
	writeWithTag(c, status, contentType, body, tagOf(body))
}

// writeWithTag answers with the body, or with 304 if the client already has it.
func writeWithTag(c *gin.Context, status int, contentType string, body []byte, tag string) {
	c.Header("ETag", tag)
	reads := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if reads && status == http.StatusOK && hasTag(c.Request.Header.Values("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return
	}
	c.Data(status, contentType, body)
}

// hasTag reports whether If-None-Match contains the tag. It uses weak comparison, as RFC 9110
// requires: a proxy that compresses responses makes their tags weak.
func hasTag(given []string, tag string) bool {
	for _, list := range given {
		for one := range strings.SplitSeq(list, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}
