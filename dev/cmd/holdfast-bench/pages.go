package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/client"
	"holdfast/dev/await"
	"holdfast/dev/bench/load"
	"holdfast/web"
	"holdfast/web/session"
	"holdfast/web/site"
)

// pagesBench asks for pages, and then for the calls that they make, by turns. Then it opens many pages
// that follow orders.
type pagesBench struct {
	Data     string `help:"Folder for the stack's files." type:"path" required:""`
	Program  string `help:"The stack's program." type:"path" default:"bin/holdfast-dev"`
	Products int    `help:"Products of the shop." default:"1000"`
	N        int    `help:"Pages of each round." default:"400"`
	Rounds   int    `help:"Rounds; pages and calls take turns." default:"5"`
	C        int    `help:"Visitors at a time." default:"8"`
	Streams  int    `help:"Pages that follow orders, each of a visitor and an order of its own." default:"1000"`
}

// Run measures the list of products and an order's page, and then the streams.
func (b *pagesBench) Run(ctx context.Context, out report) error {
	stack, err := newChild(b.Program, b.Data)
	if err != nil {
		return err
	}
	if _, err := stack.start(ctx); err != nil {
		return err
	}
	defer stack.kill()
	s, err := newShop(stack.url(), "", 64)
	if err != nil {
		return err
	}
	if err := b.offer(ctx, s); err != nil {
		return err
	}
	buyer, err := newVisitor(stack.url(), 0)
	if err != nil {
		return err
	}
	order, err := buyer.order(ctx)
	if err != nil {
		return err
	}
	out.printf("| page, c = %d, %d products | p50 | p99 | its calls, p50 | p99 | ratio of the p99 |\n|---|---:|---:|---:|---:|---:|\n", b.C, b.Products)
	for _, p := range []struct{ name, path string }{{"list of products", "/"}, {"an order", "/orders/" + order}} {
		if err := b.compare(ctx, out, stack, buyer, p.name, p.path); err != nil {
			return err
		}
	}
	return b.follow(ctx, out, stack, s)
}

// offer fills the shop, and waits until its search has all products.
func (b *pagesBench) offer(ctx context.Context, s *shop) error {
	_, err := load.Run(ctx, b.Products, 16, func(ctx context.Context, i int) (time.Duration, error) {
		p := made(i)
		body := fmt.Sprintf(`{"title": %q, "description": %q, "brand": %q, "category": %q, "currency": %q, "variants": [{"sku": "%s-1", "price": %d, "stock": 1000000}]}`,
			p.Title, p.Description, p.Brand, p.Category, p.Currency, p.ID, p.MinPrice)
		_, err := s.PutProduct(ctx, p.ID, []byte(body))
		return 0, err
	}, nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return await.Success(ctx, func(ctx context.Context) error {
		found, err := s.Search(ctx, client.Search{Limit: 1})
		if err == nil && found.Total < int64(b.Products) {
			err = errors.New("the search hasn't all products yet")
		}
		return err
	})
}

// compare measures a page against the calls that it makes.
func (b *pagesBench) compare(ctx context.Context, out report, stack *child, v *visitor, name, path string) error {
	calls, err := v.callsOf(ctx, stack.url(), path)
	if err != nil {
		return err
	}
	var pages, direct load.Result
	for i := range b.Rounds {
		p, err := load.Run(ctx, b.N, b.C, func(ctx context.Context, _ int) (time.Duration, error) {
			begun := time.Now()
			_, err := v.get(ctx, path)
			return time.Since(begun), err
		}, nil)
		if err != nil {
			return err
		}
		d, err := load.Run(ctx, b.N, b.C, func(ctx context.Context, _ int) (time.Duration, error) {
			begun := time.Now()
			for _, c := range calls {
				if err := c.send(ctx, v.http.Transport); err != nil {
					return 0, err
				}
			}
			return time.Since(begun), nil
		}, nil)
		if err != nil {
			return err
		}
		if i == 0 {
			pages, direct = p, d
			continue
		}
		pages.Latency.Merge(p.Latency)
		direct.Latency.Merge(d.Latency)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	out.printf("| %s, of %d calls | %.1f ms | %.1f ms | %.1f ms | %.1f ms | %.2f |\n", name, len(calls),
		ms(pages.P(50)), ms(pages.P(99)), ms(direct.P(50)), ms(direct.P(99)), ms(pages.P(99))/ms(direct.P(99)))
	return nil
}

// settle is how long the stack gets before its memory is read.
const settle = 10 * time.Second

// follow opens a page that follows an order for each of many visitors, and measures what that costs.
func (b *pagesBench) follow(ctx context.Context, out report, stack *child, s *shop) error {
	visitors := make([]*visitor, b.Streams)
	streams := make([]string, b.Streams)
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range visitors {
		group.Go(func() (err error) {
			if visitors[i], err = newVisitor(stack.url(), i); err != nil {
				return err
			}
			id, err := visitors[i].order(gctx)
			if err != nil {
				return fmt.Errorf("visitor %d: %w", i, err)
			}
			streams[i], err = visitors[i].stream(gctx, id)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	place := func() (load.Result, error) {
		return load.Run(ctx, b.N, 1, func(ctx context.Context, _ int) (time.Duration, error) {
			begun := time.Now()
			_, err := s.placeAny(ctx, made(0).ID)
			return time.Since(begun), err
		}, nil)
	}
	out.printf("\n| pages that follow orders | memory of the stack | place p50, c = 1 |\n|---:|---:|---:|\n")
	var before usage
	for _, open := range []int{0, b.Streams, 0, b.Streams} {
		end, err := openStreams(ctx, visitors[:open], streams[:open])
		if err != nil {
			return err
		}
		select {
		case <-time.After(settle):
		case <-ctx.Done():
			end()
			return ctx.Err()
		}
		u, err := stack.usage()
		if err != nil {
			return err
		}
		placed, err := place()
		end()
		if err != nil {
			return err
		}
		if before.resident == 0 {
			before = u
		}
		out.printf("| %d | %.0f MiB (%+.0f) | %.1f ms |\n", open, float64(u.resident)/(1<<20),
			float64(u.resident-before.resident)/(1<<20), float64(placed.P(50).Microseconds())/1000)
	}
	return nil
}

// openStreams opens a stream for each visitor. Each has sent something when it returns.
func openStreams(ctx context.Context, visitors []*visitor, paths []string) (end func(), err error) {
	ctx, stop := context.WithCancel(ctx)
	var readers sync.WaitGroup
	end = func() { stop(); readers.Wait() }
	for i, v := range visitors {
		res, err := v.do(ctx, http.MethodGet, paths[i], nil)
		if err != nil {
			end()
			return nil, fmt.Errorf("open stream %d: %w", i, err)
		}
		readers.Go(func() {
			_, _ = io.Copy(io.Discard, res.Body) // until it is ended
			_ = res.Body.Close()
		})
	}
	return end, nil
}

// visitor is a browser without scripts.
type visitor struct {
	base string
	http *http.Client
}

// ofNetwork is how many visitors come from one address: those of one network share a number of streams.
const ofNetwork = 100

// newVisitor returns the n-th visitor, who comes from an address of 127.0.0.0/8.
func newVisitor(base string, n int) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("127.0.%d.1", 1+n/ofNetwork))}}
	return &visitor{base: base, http: &http.Client{Jar: jar, Transport: &http.Transport{
		MaxIdleConnsPerHost: 64, DialContext: from.DialContext,
	}}}, nil
}

func (v *visitor) do(ctx context.Context, method, path string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.http.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= http.StatusBadRequest {
		_ = res.Body.Close()
		return nil, fmt.Errorf("%s %s: status %d", method, path, res.StatusCode)
	}
	return res, nil
}

func (v *visitor) read(res *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer res.Body.Close() //nolint:errcheck // it is read to its end
	page, err := io.ReadAll(res.Body)
	return string(page), err
}

func (v *visitor) get(ctx context.Context, path string) (string, error) {
	return v.read(v.do(ctx, http.MethodGet, path, nil))
}

func (v *visitor) post(ctx context.Context, path string, form url.Values) (string, error) {
	return v.read(v.do(ctx, http.MethodPost, path, form))
}

var (
	hidden  = regexp.MustCompile(`name="(key|total)" value="([^"]*)"`)
	ordered = regexp.MustCompile(`data-order="([^"]+)"`)
	follows = regexp.MustCompile(`hx-sse:connect="([^"]+)"`)
)

// order orders one unit through the pages, and returns the order's id.
func (v *visitor) order(ctx context.Context) (string, error) {
	if _, err := v.post(ctx, "/basket/add", url.Values{"product": {made(0).ID}}); err != nil {
		return "", err
	}
	review, err := v.post(ctx, "/checkout", url.Values{"recipient": {"B"}, "line1": {"1"}, "city": {"London"}, "postalCode": {"SW1Y 4LB"}, "country": {"GB"}})
	if err != nil {
		return "", err
	}
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(review, -1) {
		form.Set(m[1], m[2])
	}
	for {
		page, err := v.post(ctx, "/checkout/order", form)
		if err != nil {
			return "", err
		}
		if m := ordered.FindStringSubmatch(page); m != nil {
			return m[1], nil
		}
		if err := ctx.Err(); err != nil {
			return "", err
		}
	}
}

// stream is the path of the stream that an order's page follows.
func (v *visitor) stream(ctx context.Context, id string) (string, error) {
	page, err := v.get(ctx, "/orders/"+id)
	if err != nil {
		return "", err
	}
	m := follows.FindStringSubmatch(page)
	if m == nil {
		return "", fmt.Errorf("the page of order %s follows no stream", id)
	}
	path := strings.ReplaceAll(m[1], "&amp;", "&")
	at := strings.LastIndex(path, "v=")
	return path[:at] + "v=0", nil // so that each stream sends the order at once
}

// call is a request that a page made of the gateway.
type call struct {
	method, url string
	header      http.Header
	body        []byte
}

func (c call) send(ctx context.Context, through http.RoundTripper) error {
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	req.Header = c.header
	res, err := through.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it is read to its end
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: status %d", c.method, c.url, res.StatusCode)
	}
	return nil
}

// callsOf returns the calls that a page makes of the gateway for a visitor who has ordered. It learns them
// from pages of its own, between which and the gateway something listens.
func (v *visitor) callsOf(ctx context.Context, gateway, path string) ([]call, error) {
	to, err := url.Parse(gateway)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var calls []call
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // an error makes the call fail
		mu.Lock()
		calls = append(calls, call{r.Method, gateway + r.URL.RequestURI(), r.Header.Clone(), body})
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}).ServeHTTP(w, r)
	}))
	defer proxy.Close()
	api, err := client.New(client.Config{URL: proxy.URL, Connections: 8})
	if err != nil {
		return nil, err
	}
	pages, err := web.New(site.Config{Gateway: api, Secret: rand.Text() + rand.Text(), Sessions: session.NewMemory(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer pages.Close()
	server := httptest.NewServer(pages)
	defer server.Close()
	other, err := newVisitor(server.URL, 0)
	if err != nil {
		return nil, err
	}
	id, err := other.order(ctx)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(path, "/orders/") {
		path = "/orders/" + id
	}
	for range 2 { // the first page also asks for what is kept afterwards
		mu.Lock()
		calls = nil
		mu.Unlock()
		if _, err := other.get(ctx, path); err != nil {
			return nil, err
		}
	}
	return calls, nil
}
