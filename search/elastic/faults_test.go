package elastic_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/elastic"
)

// pretended is an Elasticsearch with answers that no real one can be made to give.
func pretended(t *testing.T, bulk func(w http.ResponseWriter, lines []string)) *elastic.Index {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch {
		case r.URL.Path == "/":
			said(w, `{"version":{"number":"8.13.0"}}`)
		case r.URL.Path == "/_bulk":
			bulk(w, strings.Split(strings.TrimSpace(string(body)), "\n"))
		case strings.HasPrefix(r.URL.Path, "/_alias/"):
			said(w, `{"there":{}}`)
		case strings.HasSuffix(r.URL.Path, "/_search"):
			w.WriteHeader(http.StatusInternalServerError)
			said(w, `{"error":{"type":"secret_exception","reason":"shard of node es-17 failed"},"status":500}`)
		default:
			said(w, `{}`)
		}
	}))
	t.Cleanup(s.Close)
	return open(t, elastic.Options{URLs: []string{s.URL}, Prefix: "x"})
}

func items(w io.Writer, each ...string) {
	said(w, `{"items":[{"index":`+strings.Join(each, `},{"index":`)+`}]}`)
}

// said writes an answer; a caller that is gone won't receive it.
func said(w io.Writer, answer string) { _, _ = io.WriteString(w, answer) }

const (
	ok       = `{"status":201}`
	conflict = `{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"newer"}}`
	busy     = `{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue"}}`
	broken   = `{"status":503,"error":{"type":"unavailable_shards_exception","reason":"primary"}}`
	blocked  = `{"status":403,"error":{"type":"cluster_block_exception","reason":"read-only"}}`
	bad      = `{"status":400,"error":{"type":"document_parsing_exception","reason":"failed to parse field [createdAt]"}}`
	unknown  = `{"status":404,"error":{"type":"index_not_found_exception","reason":"is not an alias"}}`
)

func three() search.Batch {
	return search.Batch{Products: []search.Product{vase("a", 1), vase("b", 1), vase("c", 1)}}
}

func TestOutcomesOfABulkRequest(t *testing.T) {
	answers := []string{ok, conflict, bad}
	x := pretended(t, func(w http.ResponseWriter, _ []string) { items(w, answers...) })
	results, err := x.Put(t.Context(), three())
	require.NoError(t, err)
	require.Equal(t, []search.Result{
		{ID: "a", Outcome: search.OutcomeStored},
		{ID: "b", Outcome: search.OutcomeIgnored},
		{ID: "c", Outcome: search.OutcomePoisoned, Reason: "the index refused it: document_parsing_exception: failed to parse field [createdAt]"},
	}, results.Products)
	for _, fault := range []string{busy, broken, blocked, unknown} {
		answers = []string{ok, fault, ok}
		results, err := x.Put(t.Context(), three())
		require.ErrorIs(t, err, search.ErrUnavailable, fault)
		require.Equal(t, fault == unknown, isOutdated(err), fault)
		require.Empty(t, results.Products, "nothing is known")
	}
	answers = answers[:2]
	_, err = x.Put(t.Context(), three())
	require.ErrorIs(t, err, search.ErrUnavailable, "an answer too few")
}

// TestOneDocumentDoesntPoisonItsRequest: if the whole request is refused, the document at
// fault is found.
func TestOneDocumentDoesntPoisonItsRequest(t *testing.T) {
	x := pretended(t, func(w http.ResponseWriter, lines []string) {
		if strings.Contains(strings.Join(lines, ""), `"_id":"b"`) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		items(w, strings.Split(strings.Repeat(ok+" ", len(lines)/2-1)+ok, " ")...)
	})
	results, err := x.Put(t.Context(), three())
	require.NoError(t, err, "%v", causeOf(err))
	require.Equal(t, search.OutcomeStored, results.Products[0].Outcome)
	require.Equal(t, search.OutcomePoisoned, results.Products[1].Outcome)
	require.Equal(t, search.OutcomeStored, results.Products[2].Outcome)
}

func TestABusyServerIsAskedAgain(t *testing.T) {
	var asked atomic.Int64
	x := pretended(t, func(w http.ResponseWriter, _ []string) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		items(w, ok, ok, ok)
	})
	_, err := x.Put(t.Context(), three())
	require.NoError(t, err)
	require.EqualValues(t, 2, asked.Load())
}

// TestALargeBatchIsCut: no request is much larger than 8 MB.
func TestALargeBatchIsCut(t *testing.T) {
	var requests atomic.Int64
	x := pretended(t, func(w http.ResponseWriter, lines []string) {
		requests.Add(1)
		items(w, strings.Split(strings.Repeat(ok+" ", len(lines)/2-1)+ok, " ")...)
	})
	var b search.Batch
	for i := range 20 {
		p := vase(fmt.Sprintf("p-%d", i), 1)
		p.Description = strings.Repeat("x", 1<<20-100)
		b.Products = append(b.Products, p)
	}
	results, err := x.Put(t.Context(), b)
	require.NoError(t, err, "%v", causeOf(err))
	require.EqualValues(t, 3, requests.Load())
	for _, r := range results.Products {
		require.Equal(t, search.OutcomeStored, r.Outcome)
	}
}

// TestNobodyThere: the answer comes soon, and reveals nothing of the internals.
func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	begun := time.Now()
	_, err = elastic.Open(t.Context(), elastic.Options{URLs: []string{"http://" + l.Addr().String()}})
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.EqualError(t, err, "open the search index: the index can't answer")
	require.Less(t, time.Since(begun), 5*time.Second)

	x := pretended(t, func(http.ResponseWriter, []string) {})
	_, err = x.SearchProducts(t.Context(), search.ProductQuery{Q: "vase"})
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.EqualError(t, err, "search products: the index can't answer")
}

// TestAServerThatHangs: a call ends when its time is over.
func TestAServerThatHangs(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer s.Close()
	defer close(release)
	begun := time.Now()
	_, err := elastic.Open(t.Context(), elastic.Options{URLs: []string{s.URL}, Timeout: 50 * time.Millisecond})
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.Less(t, time.Since(begun), 5*time.Second)
}

// TestAViewThatIsGone: deleting the index by hand causes an error, not a crash.
func TestAViewThatIsGone(t *testing.T) {
	prefix := ownPrefix(t)
	x := openShape(t, prefix, 1)
	ask(t.Context(), t, http.MethodDelete, server(t)+"/"+prefix+"products-first")
	_, err := x.SearchProducts(t.Context(), search.ProductQuery{})
	require.ErrorIs(t, err, search.ErrUnavailable)
	_, err = x.GetProduct(t.Context(), "a")
	require.ErrorIs(t, err, search.ErrUnavailable)
	_, err = x.Put(t.Context(), three())
	require.ErrorIs(t, err, search.ErrUnavailable)
	requireStale(t, x, search.ViewProducts, search.ViewOrders)
	fill(t, x, vase("a", 1))
	require.EqualValues(t, 1, found(t, x), "a rebuild mends it")
}

// TestOptionsThatCantBe: a mistake in the settings is reported before any request.
func TestOptionsThatCantBe(t *testing.T) {
	for _, o := range []elastic.Options{
		{}, {URLs: []string{"localhost:9200"}}, {URLs: []string{"ftp://x"}}, {URLs: []string{"http://x"}, Prefix: "A*"},
	} {
		_, err := elastic.Open(t.Context(), o)
		require.Error(t, err)
		require.NotErrorIs(t, err, search.ErrUnavailable)
	}
}

// TestOddIDs: an id leads nowhere else.
func TestOddIDs(t *testing.T) {
	x := open(t, elastic.Options{})
	for _, id := range []string{".", "..", "_mapping", "~", strings.Repeat("x", 5000), "a/b", "\xff"} {
		_, err := x.GetProduct(t.Context(), id)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "elastic")
	}
	found, err := x.Revisions(t.Context(), search.ViewProducts, []string{"..", "", "_search", "a/b"})
	require.NoError(t, err)
	require.Empty(t, found)
}

// TestAnOddDocument: JSON that other readers refuse is returned with the page.
func TestAnOddDocument(t *testing.T) {
	x := open(t, elastic.Options{})
	o := search.Order{
		ID: "o", Revision: 1, Version: 1, CustomerID: "ada", Status: "paid", PlacedAt: time.UnixMilli(1_790_000_000_000).UTC(),
		Document: json.RawMessage(`{"note":"\ud800"}`),
	}
	results, err := x.Put(t.Context(), search.Batch{Orders: []search.Order{o}})
	require.NoError(t, err)
	require.Equal(t, search.OutcomeStored, results.Orders[0].Outcome, results.Orders[0].Reason)
	require.NoError(t, x.Refresh(t.Context()))
	page, err := x.ListOrders(t.Context(), search.OrderQuery{})
	require.NoError(t, err, "%v", causeOf(err))
	require.Len(t, page.Items, 1)
	_, err = x.GetOrder(t.Context(), "o")
	require.NoError(t, err)
}

// A closed index, as during the restore of a snapshot, is not a document's fault.
func TestAClosedIndexPoisonsNothing(t *testing.T) {
	prefix := ownPrefix(t)
	x := openShape(t, prefix, 1)
	put := func(id string) (search.Results, error) {
		return x.Put(t.Context(), search.Batch{Products: []search.Product{vase(id, 1)}})
	}
	_, err := put("a")
	require.NoError(t, err)
	ask(t.Context(), t, http.MethodPost, server(t)+"/"+prefix+"products-first/_close")
	_, err = put("b")
	require.ErrorIs(t, err, search.ErrUnavailable, "it has to be put again")
	ask(t.Context(), t, http.MethodPost, server(t)+"/"+prefix+"products-first/_open")
	require.Eventually(t, func() bool {
		results, err := put("b")
		return err == nil && results.Products[0].Outcome == search.OutcomeStored
	}, 20*time.Second, 100*time.Millisecond)
}
