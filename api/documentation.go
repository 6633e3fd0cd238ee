package api

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5emb"
)

//go:embed openapi.yaml
var contract []byte

// Contract is openapi.yaml, as it is served.
func Contract() []byte { return contract }

// documentation serves the contract and a page that shows it. The page and all
// its parts come from this process: its policy lets it fetch from nowhere else.
func (s *Server) documentation(e *gin.Engine) {
	e.GET("/openapi.yaml", func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml", contract) })
	page := v5emb.New("Holdfast", "/openapi.yaml", "/docs/")
	show := func(c *gin.Context) {
		c.Header("Content-Security-Policy",
			"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:")
		c.Header("X-Content-Type-Options", "nosniff")
		page.ServeHTTP(c.Writer, c.Request)
	}
	e.GET("/docs", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "/docs/") })
	e.GET("/docs/*file", show)
}
