// Package client calls Holdfast's REST API from Go. The command line tools, the
// measurements and tests use it, and any Go program may.
//
// A call that the gateway refuses returns an error with a [Problem] in its chain, which
// [errors.As] finds: its Kind says why, its Transient whether a retry may succeed. Where a
// call takes an idempotency key, repeating it with the same key is safe: the gateway does
// the work once and repeats its first answer. The client itself never retries.
//
// [Client.Place] and [Client.Cancel] may return before the outcome is known, with status
// 202. [Client.Decided] and [Client.OrderAbove] then wait for it without polling.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer limits how much of a response is read: an order's document is at most 1 MiB.
const maxAnswer = 4 << 20

// Client calls one gateway. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	// behalf is the address of the browser that the program calls for.
	behalf string
	http   *http.Client
}

// Config says which gateway to call, and how.
type Config struct {
	// URL of the gateway, such as http://127.0.0.1:8080.
	URL string
	// Token is the caller's bearer token. Defaults to none, for a gateway without authentication.
	Token string
	// Connections to keep open; set it to the number of concurrent callers. Defaults to 1.
	Connections int
}

// New returns a client for the gateway at cfg.URL. It doesn't connect yet.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("not the URL of a gateway; it looks like http://127.0.0.1:8080") // the value may hold a password
	}
	conns := max(cfg.Connections, 1)
	return &Client{
		base: strings.TrimSuffix(cfg.URL, "/"), token: cfg.Token,
		http: &http.Client{
			// The longest call is a waiting read: 30 s.
			Timeout: 45 * time.Second,
			Transport: &http.Transport{
				Proxy:        http.ProxyFromEnvironment,
				DialContext:  (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
				MaxIdleConns: conns, MaxIdleConnsPerHost: conns,
				IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 5 * time.Second,
			},
		},
	}, nil
}

// Answer is a successful response. Its status tells apart what is done from what is
// still undecided (202).
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode parses the JSON body.
func (a Answer) Decode(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("read the gateway's answer: %w", err)
	}
	return nil
}

// call is one request.
type call struct {
	method, path string
	// elsewhere is an address outside the API, which is called without the token.
	elsewhere string
	query     url.Values
	header    http.Header
	body      []byte
}

// do sends one request. It returns a *Problem as error if the gateway refused it.
func (c *Client) do(ctx context.Context, r call) (Answer, error) {
	target := c.base + r.path
	if r.elsewhere != "" {
		target = r.elsewhere
	}
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return Answer{}, fmt.Errorf("make the request %s %s: %w", r.method, r.path, err)
	}
	maps.Copy(req.Header, r.header)
	if len(r.body) > 0 {
		media := "application/json"
		if r.method == http.MethodPatch {
			media = "application/merge-patch+json"
		}
		req.Header.Set("Content-Type", media)
	}
	if r.elsewhere == "" {
		c.introduce(req)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", r.method, r.path, withoutURL(err))
	}
	defer resp.Body.Close() //nolint:errcheck // nothing is lost: the body was read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if a.Status >= 200 && a.Status < 300 {
		return a, nil
	}
	return a, problem(a)
}

// withoutURL drops the method and address that net/http puts in front of its errors.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// retryAfter is how long the gateway asked to wait, or zero.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
