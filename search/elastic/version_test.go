package elastic_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/elastic"
)

// A server that is too old would refuse every event, without a visible reason.
func TestAServerThatIsTooOld(t *testing.T) {
	for number, want := range map[string]string{
		"7.17.9":         "open the search index: this is Elasticsearch 7.17.9, and at least 8.13 is needed",
		"8.12.2":         "open the search index: this is Elasticsearch 8.12.2, and at least 8.13 is needed",
		"8.9.0":          "open the search index: this is Elasticsearch 8.9.0, and at least 8.13 is needed",
		"8.13.0":         "",
		"8.19.13":        "",
		"9.0.0-SNAPSHOT": "",
	} {
		written := false
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
			switch {
			case r.URL.Path == "/":
				said(w, `{"version":{"number":"`+number+`"}}`)
			case r.Method == http.MethodGet:
				said(w, `{"there":{}}`)
			default:
				written = true
				said(w, `{}`)
			}
		}))
		x, err := elastic.Open(t.Context(), elastic.Options{URLs: []string{s.URL}})
		if want == "" {
			require.NoError(t, err, number)
			require.NoError(t, x.Close())
		} else {
			require.EqualError(t, err, want)
			require.NotErrorIs(t, err, search.ErrUnavailable)
			require.False(t, written, number)
		}
		s.Close()
	}
}
