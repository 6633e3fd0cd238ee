package assets_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/web/assets"
)

var vendored = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*`([0-9a-f]{64})` \\|$")

// A vendored file that was edited, or fetched anew, no longer is what its row says.
func TestVendoredFilesAreWhatTheirListSays(t *testing.T) {
	list, err := os.ReadFile("vendor/README.md")
	require.NoError(t, err)
	rows := vendored.FindAllSubmatch(list, -1)
	require.Len(t, rows, 2)
	for _, row := range rows {
		file, err := os.ReadFile("vendor/" + string(row[1]))
		require.NoError(t, err)
		sum := sha256.Sum256(file)
		require.Equal(t, string(row[2]), hex.EncodeToString(sum[:]), "%s", row[1])
	}
}

func TestAssetsMayBeKeptForGood(t *testing.T) {
	server := httptest.NewServer(assets.Handler())
	t.Cleanup(server.Close)
	for _, name := range []string{"style.css", "app.js", "stripe.js", "htmx.min.js", "hx-sse.min.js", "favicon.svg"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+assets.URL(name), nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Encoding", "gzip") // else the client would unpack it
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode, name)
		require.Contains(t, res.Header.Get("Cache-Control"), "immutable")
		require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
		z, err := gzip.NewReader(res.Body)
		require.NoError(t, err)
		b, err := io.ReadAll(z)
		require.NoError(t, err)
		require.NotEmpty(t, b)
		require.NoError(t, res.Body.Close())
	}
	res, err := http.Get(server.URL + strings.Replace(assets.URL("style.css"), "style.", "style.0", 1)) //nolint:noctx // a test
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusNotFound, res.StatusCode, "an older version has another name")
}

// Inline styles and scripts would be blocked by the policy.
func TestTheStylesheetLoadsNothingFromElsewhere(t *testing.T) {
	css, err := os.ReadFile("style.css")
	require.NoError(t, err)
	require.NotContains(t, string(css), "url(")
	require.NotContains(t, string(css), "@import")
}
