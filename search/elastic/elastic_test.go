package elastic_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/elastic"
	"holdfast/search/searchtest"
)

func TestSuite(t *testing.T) {
	synonyms, err := search.ParseSynonyms(strings.NewReader(searchtest.Synonyms))
	require.NoError(t, err)
	searchtest.Run(t, func(t *testing.T) search.Index {
		return open(t, elastic.Options{Synonyms: synonyms})
	})
}

// open opens an index of the test's own, which is removed with the test.
func open(t testing.TB, o elastic.Options) *elastic.Index {
	t.Helper()
	if o.URLs == nil {
		o.URLs = []string{server(t)}
	}
	if o.Prefix == "" {
		o.Prefix = ownPrefix(t)
	}
	o.Timeout = 30 * time.Second // the machine may be busy
	x, err := elastic.Open(t.Context(), o)
	require.NoError(t, err, "%v", causeOf(err))
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

// server is the real Elasticsearch at ELASTICSEARCH_URL. Without one the test is skipped,
// unless HOLDFAST_REQUIRE names elasticsearch.
func server(t testing.TB) string {
	t.Helper()
	url := os.Getenv("ELASTICSEARCH_URL")
	if url != "" {
		return url
	}
	if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "elasticsearch") {
		t.Fatal("elasticsearch is required, but ELASTICSEARCH_URL is not set")
	}
	t.Skip("no elasticsearch: ELASTICSEARCH_URL is not set")
	return ""
}

// ownPrefix is a prefix that no other test has. What was created under it is removed when
// the test ends.
func ownPrefix(t testing.TB) string {
	t.Helper()
	prefix := "test-" + strings.ToLower(randomText()) + "-"
	url := server(t)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for index := range strings.Lines(ask(ctx, t, http.MethodGet, url+"/_cat/indices/"+prefix+"*?h=index")) {
			ask(ctx, t, http.MethodDelete, url+"/"+strings.TrimSpace(index))
		}
		// The stream itself stays on a server that lacks the requests for streams: it is
		// created with the first event only, so these are few.
		ask(ctx, t, http.MethodDelete, url+"/_data_stream/"+prefix+"product-events")
		ask(ctx, t, http.MethodDelete, url+"/_index_template/"+prefix+"product-events")
	})
	return prefix
}

func ask(ctx context.Context, t testing.TB, method, url string) string {
	t.Helper()
	return tell(ctx, t, method, url, "")
}

// tell sends a request with a JSON body.
func tell(ctx context.Context, t testing.TB, method, url, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return string(answer)
}

func randomText() string { return rand.Text()[:10] }

// causeOf is the part of an error that its text doesn't show.
func causeOf(err error) error {
	if covered := new(search.UnavailableError); errors.As(err, &covered) {
		return covered.Cause
	}
	return err
}

func isOutdated(err error) bool { return errors.Is(err, search.ErrOutdated) }
