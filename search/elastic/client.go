package elastic

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/elastic/go-elasticsearch/v8"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// How the client talks to the cluster. Connections are kept, so a gateway that answers 32
// searches at a time opens no new ones.
const (
	connections = 128
	dialWithin  = 2 * time.Second
	idleFor     = 90 * time.Second
	attempts    = 3 // per request, all within the call's own bound
	firstPause  = 50 * time.Millisecond
)

// client sends requests. go-elasticsearch chooses the node, authenticates and retries;
// requests and answers are written here, without its thousand request types.
type client struct {
	es        *elasticsearch.BaseClient
	transport *http.Transport
}

func validURLs(urls []string) error {
	if len(urls) == 0 {
		return errors.New("no URL of Elasticsearch")
	}
	for _, u := range urls {
		parsed, err := url.Parse(u)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
			return errors.New("a URL of Elasticsearch must be http://HOST:PORT or https://HOST:PORT") // it may hold a password
		}
	}
	return nil
}

func newClient(urls []string, authorities *x509.CertPool) (*client, error) {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialWithin, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   2 * dialWithin,
		TLSClientConfig:       &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
		MaxIdleConns:          connections,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       idleFor,
		ExpectContinueTimeout: time.Second,
		// Compressing a page takes both sides longer than sending it within a data centre.
		DisableCompression: true,
	}
	es, err := elasticsearch.NewBaseClient(elasticsearch.Config{
		Addresses: urls,
		Transport: transport,
		// Its own default omits 429 and doesn't wait between tries.
		RetryOnStatus: []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout},
		RetryOnError: func(_ *http.Request, err error) bool {
			return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
		},
		MaxRetries:   attempts - 1,
		RetryBackoff: backoff,
	})
	if err != nil {
		return nil, err
	}
	return &client{es: es, transport: transport}, nil
}

// backoff doubles with each try, half of it random, so that many clients don't come back at
// once.
func backoff(attempt int) time.Duration {
	pause := firstPause << min(attempt, 6)
	return pause/2 + time.Duration(rand.Int64N(int64(pause))) //nolint:gosec // nothing secret is drawn
}

func (c *client) close() { c.transport.CloseIdleConnections() }

// request is one call of Elasticsearch's REST API.
type request struct {
	method string
	path   string
	query  string
	// body is sent as it is if it is []byte, and encoded as JSON otherwise.
	body any
	// lines means that the body is newline-delimited JSON.
	lines bool
}

// call sends a request and reads its answer into out, unless that is nil. An unsuccessful
// answer is a *refusal.
func (c *client) call(ctx context.Context, r request, out any) error {
	answer, err := c.send(ctx, r)
	if err != nil || out == nil {
		return err
	}
	// Twice as fast as encoding/json, and decoding is most of the work here. It is as
	// lenient: one odd document mustn't spoil its page.
	if err := jsonv2.Unmarshal(answer, out, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
	}
	return nil
}

func (c *client) send(ctx context.Context, r request) (answer []byte, err error) {
	req, err := r.build(ctx)
	if err != nil {
		return nil, err
	}
	res, err := c.es.Perform(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	var b bytes.Buffer
	if res.ContentLength > 0 {
		b.Grow(int(res.ContentLength) + bytes.MinRead)
	}
	if _, err := io.Copy(&b, res.Body); err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return nil, newRefusal(r, res.StatusCode, b.Bytes())
	}
	return b.Bytes(), nil
}

func (r request) build(ctx context.Context) (*http.Request, error) {
	body, ready := r.body.([]byte)
	if !ready && r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("%s %s: write the request: %w", r.method, r.path, err)
		}
	}
	req := (&http.Request{
		Method: r.method, URL: &url.URL{Path: r.path, RawQuery: r.query}, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
		req.Header.Set("Content-Type", "application/json")
		if r.lines {
			req.Header.Set("Content-Type", "application/x-ndjson")
		}
	}
	return req, nil
}
