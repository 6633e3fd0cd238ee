package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// pages serves the providers' pages with the same middleware as every other request. They contain
// forms that change something: the guard prevents pages of other origins from submitting them.
func (s *Server) pages(e *gin.Engine) {
	for path, page := range s.cfg.Pages {
		show := func(c *gin.Context) {
			c.Request.Body = io.NopCloser(bytes.NewReader(sent(c))) // it has been read already
			page.ServeHTTP(c.Writer, c.Request)
		}
		route := strings.TrimSuffix(path, "/") + "/*page"
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			e.Handle(method, route, show)
		}
	}
}
