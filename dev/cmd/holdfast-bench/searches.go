package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/search"
	"holdfast/search/elastic"
)

// searchBench searches through the gateway, and sends the gateway's requests straight to
// Elasticsearch.
type searchBench struct {
	Elasticsearch string `help:"URL of Elasticsearch." env:"ELASTICSEARCH_URL" required:""`
	Products      int    `default:"20000" help:"Products in the index."`
	C             []int  `name:"concurrency" default:"1,8,32" help:"Concurrencies to measure at."`
	N             int    `default:"2000" help:"Searches in a round."`
	Rounds        int    `default:"4" help:"Rounds of each, by turns."`
}

// sent is one request from the gateway to Elasticsearch.
type sent struct {
	path, contentType string
	body              []byte
	// renamed is the body for another index.
	renamed []byte
}

// Run fills the index and measures.
func (b *searchBench) Run(ctx context.Context, out report) error {
	requests, err := b.record(ctx)
	if err != nil {
		return err
	}
	st, err := stack.Start(ctx, stack.Options{WithoutUI: true, ElasticsearchURL: b.Elasticsearch, ElasticsearchPrefix: benchPrefix})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, DisableCompression: true}}
	throughGateway := func(ctx context.Context, i int) (time.Duration, error) {
		q := queries()[i%len(queries())]
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, st.URL+"/v1/products?q="+url.QueryEscape(q), http.NoBody)
		if err != nil {
			return 0, err
		}
		return timed(client, req)
	}
	straight := func(ctx context.Context, i int) (time.Duration, error) {
		// A query that the tolerant search answers takes both requests.
		var sum time.Duration
		for _, r := range requests[queries()[i%len(queries())]] {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Elasticsearch+r.path, bytes.NewReader(r.body))
			if err != nil {
				return 0, err
			}
			req.Header.Set("Content-Type", r.contentType)
			took, err := timed(client, req)
			if err != nil {
				return 0, err
			}
			sum += took
		}
		return sum, nil
	}
	for range 2 { // warm up: caches and the server's JIT compiler
		for _, call := range []func(context.Context, int) (time.Duration, error){throughGateway, straight} {
			if _, err := load.Run(ctx, b.N, 8, call, nil); err != nil {
				return err
			}
		}
	}
	out.printf("%d products, %d queries, %d rounds of %d searches each, by turns.\n\n", b.Products, len(queries()), b.Rounds, b.N)
	out.printf("| c | gateway p50 | p99 | straight p50 | p99 | ratio p50 | p99 |\n|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, c := range b.C {
		gateway, direct, err := byTurns(ctx, b.Rounds, b.N, c, throughGateway, straight)
		if err != nil {
			return err
		}
		out.printf("| %d | %.2f ms | %.2f ms | %.2f ms | %.2f ms | %.2f | %.2f |\n", c,
			ms(gateway.P(50)), ms(gateway.P(99)), ms(direct.P(50)), ms(direct.P(99)),
			ms(gateway.P(50))/ms(direct.P(50)), ms(gateway.P(99))/ms(direct.P(99)))
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// byTurns runs two loads by turns, so that changes in the machine's speed affect both.
func byTurns(ctx context.Context, rounds, n, c int, first, second func(context.Context, int) (time.Duration, error)) (a, b load.Result, err error) {
	for round := range rounds {
		for _, one := range []struct {
			call func(context.Context, int) (time.Duration, error)
			into *load.Result
		}{{first, &a}, {second, &b}} {
			res, err := load.Run(ctx, n, c, one.call, nil)
			if err != nil {
				return a, b, err
			}
			if round == 0 {
				*one.into = res
				continue
			}
			one.into.Latency.Merge(res.Latency)
		}
	}
	return a, b, nil
}

func timed(client *http.Client, req *http.Request) (time.Duration, error) {
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s %s: %s", req.Method, req.URL.Path, res.Status)
	}
	return time.Since(start), nil
}

const benchPrefix = "bench-"

// record fills the index and records what is sent to Elasticsearch for each query, as a
// proxy for one search each.
func (b *searchBench) record(ctx context.Context) (map[string][]sent, error) {
	proxy, err := newRecorder(ctx, b.Elasticsearch, "search")
	if err != nil {
		return nil, err
	}
	defer proxy.close()
	x, err := elastic.Open(ctx, elastic.Options{URLs: []string{proxy.url}, Prefix: benchPrefix})
	if err != nil {
		return nil, err
	}
	defer x.Close() //nolint:errcheck,contextcheck // nothing is under way
	if _, err := fill(ctx, x, b.Products); err != nil {
		return nil, err
	}
	requests := map[string][]sent{}
	for _, q := range queries() {
		proxy.take()
		page, err := x.SearchProducts(ctx, search.ProductQuery{Q: q})
		if err != nil {
			return nil, err
		}
		if page.Total == 0 {
			return nil, fmt.Errorf("nothing is found for %q", q)
		}
		if requests[q] = proxy.take(); len(requests[q]) == 0 {
			return nil, errors.New("nothing was sent")
		}
	}
	return requests, nil
}

// recorder is a reverse proxy that records requests to paths with one ending.
type recorder struct {
	url    string
	server *http.Server
	mu     sync.Mutex
	seen   []sent
}

func newRecorder(ctx context.Context, target, path string) (*recorder, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	forward := httputil.NewSingleHostReverseProxy(to)
	r := &recorder{url: "http://" + listener.Addr().String()}
	r.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, path) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			req.Body = io.NopCloser(bytes.NewReader(body))
			r.mu.Lock()
			r.seen = append(r.seen, sent{path: req.URL.RequestURI(), contentType: req.Header.Get("Content-Type"), body: body})
			r.mu.Unlock()
		}
		forward.ServeHTTP(w, req)
	})}
	go r.server.Serve(listener) //nolint:errcheck // ends with close
	return r, nil
}

func (r *recorder) take() []sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.seen
	r.seen = nil
	return all
}

func (r *recorder) close() { _ = r.server.Close() }
