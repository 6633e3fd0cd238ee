package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// pages puts the providers' pages behind what every request goes through. They are
// forms that change something: the guard keeps pages of other origins from sending
// them.
func (s *Server) pages(e *gin.Engine) {
	for path, page := range s.cfg.Pages {
		show := func(c *gin.Context) {
			c.Request.Body = io.NopCloser(bytes.NewReader(sent(c))) // it was taken in already
			page.ServeHTTP(c.Writer, c.Request)
		}
		route := strings.TrimSuffix(path, "/") + "/*page"
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			e.Handle(method, route, show)
		}
	}
}
