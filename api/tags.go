package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// What caches may do with an answer. Nearly all of them are someone's own, or about stock
// that moves: harden forbids to store them, and the few others say so themselves.
const (
	noStore = "no-store"
	// revalidate: a copy is good as long as its ETag is.
	revalidate = "no-cache"
)

// tagBytes of a hash are enough: a tag tells the versions of one resource apart.
const tagBytes = 12

// tagOf is a strong entity tag of exactly these bytes.
func tagOf(body []byte) string { return `"` + digest(body) + `"` }

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:tagBytes])
}

// writeTagged answers with the body and its tag.
func writeTagged(c *gin.Context, status int, contentType string, body []byte) {
	writeWithTag(c, status, contentType, body, tagOf(body))
}

// writeWithTag answers with the body, or with 304 where a reader has it already.
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

// hasTag reports whether If-None-Match names the tag. It compares weakly, as RFC 9110
// wants: a proxy that compresses answers makes their tags weak.
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
