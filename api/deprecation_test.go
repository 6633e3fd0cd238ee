package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/docs"
)

const deprecating = `
paths:
  /v1/old/{id}:
    parameters:
      - {name: id, in: path}
    get:
      operationId: old
      security: []
      deprecated: true
      x-deprecated-at: 2026-01-01
      x-sunset: 2026-07-01
    post: {operationId: new, security: []}
  /v1/partly:
    parameters:
      - $ref: "#/components/parameters/Shared"
      - {name: kept, in: query}
    get:
      operationId: partly
      security: []
      parameters:
        - {name: X-Old, in: header, deprecated: true, x-deprecated-at: "2026-02-01", x-sunset: "2027-02-01"}
components:
  parameters:
    Shared: {name: filter, in: query, deprecated: true, x-deprecated-at: 2026-03-01}
`

func TestDeprecationsAreAnnouncedToTheCallersTheyAffect(t *testing.T) {
	announce, err := api.Announce([]byte(deprecating))
	require.NoError(t, err)
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(announce)
	for _, route := range []string{"/v1/old/:id", "/v1/partly", "/v1/other"} {
		e.Any(route, func(c *gin.Context) { c.AbortWithStatus(http.StatusTeapot) }) // errors have the headers as well
	}
	for name, c := range map[string]struct {
		method, path, header string
		at, sunset           string
	}{
		"an operation":                {"GET", "/v1/old/7", "", "@1767225600", "Wed, 01 Jul 2026 00:00:00 GMT"},
		"the same by HEAD":            {"HEAD", "/v1/old/7", "", "@1767225600", "Wed, 01 Jul 2026 00:00:00 GMT"},
		"another method of its path":  {"POST", "/v1/old/7", "", "", ""},
		"a parameter that isn't used": {"GET", "/v1/partly?kept=1", "", "", ""},
		"a shared parameter":          {"GET", "/v1/partly?filter=", "", "@1772323200", ""},
		"a header":                    {"GET", "/v1/partly", "X-Old", "@1769904000", "Mon, 01 Feb 2027 00:00:00 GMT"},
		"both: the earliest of each":  {"GET", "/v1/partly?filter=1", "X-Old", "@1769904000", "Mon, 01 Feb 2027 00:00:00 GMT"},
		"what the contract lacks":     {"GET", "/v1/other", "", "", ""},
		"nothing":                     {"GET", "/nowhere", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, http.NoBody)
			if c.header != "" {
				r.Header.Set(c.header, "1")
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			require.Equal(t, c.at, w.Header().Get("Deprecation"))
			require.Equal(t, c.sunset, w.Header().Get("Sunset"))
			require.Equal(t, c.at != "", w.Header().Get("Link") == `</docs/api-policy.md>; rel="deprecation"; type="text/markdown"`)
		})
	}
}

func TestADeprecationThatLeavesNoTimeIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ marks, says string }{
		"without a day":            {"deprecated: true", "x-deprecated-at"},
		"a day that is none":       {"deprecated: true, x-deprecated-at: soon", "x-deprecated-at"},
		"a sunset that is none":    {"deprecated: true, x-deprecated-at: 2026-01-01, x-sunset: soon", "x-sunset"},
		"a sunset too soon":        {"deprecated: true, x-deprecated-at: 2026-01-01, x-sunset: 2026-06-29", "at least 180 days"},
		"a sunset before":          {"deprecated: true, x-deprecated-at: 2026-01-01, x-sunset: 2025-01-01", "at least 180 days"},
		"a day without the mark":   {"x-deprecated-at: 2026-01-01", "deprecated: true"},
		"a sunset without a mark":  {"x-sunset: 2026-01-01", "deprecated: true"},
		"of a parameter, likewise": {"parameters: [{name: old, in: query, deprecated: true}]", "old"},
	} {
		contract := "paths: {/v1/x: {get: {operationId: x, security: [], " + c.marks + "}}}"
		_, err := api.Announce([]byte(contract))
		require.ErrorContains(t, err, c.says, name)
	}
	_, err := api.Announce([]byte("paths: {/v1/x: {get: {operationId: x, security: [], deprecated: true, x-deprecated-at: 2026-01-01, x-sunset: 2026-06-30}}}"))
	require.NoError(t, err)
}

func TestTheAPIPolicyIsServedAndShowsTheHeadersAsTheyAre(t *testing.T) {
	g := newGateway(t)
	a := g.send(t.Context(), call{method: http.MethodGet, path: "/docs/api-policy.md"})
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "text/markdown; charset=utf-8", a.header.Get("Content-Type"))
	require.Equal(t, docs.APIPolicy, a.body)
	for _, line := range []string{
		"Deprecation: @1767225600", "Sunset: Wed, 01 Jul 2026 00:00:00 GMT", `Link: </docs/api-policy.md>; rel="deprecation"; type="text/markdown"`,
	} {
		require.Contains(t, string(a.body), line)
	}
	for _, c := range contractCalls(t) {
		if c.method == http.MethodGet && !strings.Contains(c.path, "{") {
			require.Empty(t, g.get(c.path).header.Get("Deprecation"), c.path)
		}
	}
}
