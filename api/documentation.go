package api

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"
	"github.com/swaggest/swgui/v5emb"

	"holdfast/api/openapi"
	"holdfast/docs"
)

// documentation serves the contract, a page that shows it, and the API policy. The page and all its
// assets come from this process: its content security policy allows no other source.
func (s *Server) documentation(e *gin.Engine) {
	contract := openapi.Contract()
	tag := tagOf(contract)
	page := v5emb.New("Holdfast", "/openapi.yaml", "/docs/")
	policyTag := tagOf(docs.APIPolicy)
	show := func(c *gin.Context) {
		if c.Request.URL.Path == policyPath {
			c.Header("Cache-Control", revalidate)
			writeWithTag(c, http.StatusOK, "text/markdown; charset=utf-8", docs.APIPolicy, policyTag)
			return
		}
		if !isPart(strings.TrimPrefix(c.Param("file"), "/")) {
			s.fail(c, errNoRoute)
			return
		}
		c.Header("Content-Security-Policy",
			"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "+
				"img-src 'self' data:; frame-ancestors 'none'")
		c.Header("Cache-Control", revalidate)
		page.ServeHTTP(c.Writer, c.Request)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Handle(method, "/openapi.yaml", func(c *gin.Context) {
			c.Header("Cache-Control", revalidate)
			writeWithTag(c, http.StatusOK, "application/yaml", contract, tag)
		})
		e.Handle(method, "/docs", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "/docs/") })
		e.Handle(method, "/docs/*file", show)
	}
}

// isPart reports whether the file is part of the page; "" is the page itself.
func isPart(name string) bool {
	for _, file := range []string{name, name + ".gz"} {
		if info, err := fs.Stat(static.FS, file); err == nil && !info.IsDir() {
			return true
		}
	}
	return name == ""
}
