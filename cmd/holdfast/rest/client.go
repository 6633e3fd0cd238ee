// Package rest speaks to Holdfast's gateway as any client would: over REST
// alone. The tools and the measurements use it; the product itself never does.
package rest

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

// maxAnswer bounds what is read of an answer: an order's document is at most 1 MiB.
const maxAnswer = 4 << 20

// Client calls one gateway.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// Config of a Client.
type Config struct {
	// URL of the gateway, such as http://127.0.0.1:8080.
	URL string
	// Token is the bearer token of the caller; empty where authentication is off.
	Token string
	// Connections that are kept open: the number of callers at a time.
	Connections int
}

// New returns a client of the gateway at cfg.URL.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is no URL of a gateway such as http://127.0.0.1:8080", cfg.URL)
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

// Answer is what the gateway said, where it said that it is well.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the answer's JSON.
func (a Answer) Decode(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("read the gateway's answer: %w", err)
	}
	return nil
}

// call is one request.
type call struct {
	method, path string
	// elsewhere is the whole address of what is no call of the gateway's; nobody there
	// is told the caller's token.
	elsewhere string
	query     url.Values
	header    http.Header
	body      []byte
}

// do sends one request and returns its answer, or a *Problem where the gateway
// refused it.
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
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" && r.elsewhere == "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
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

// withoutURL drops the method and address that net/http puts before its errors.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// RetryAfter is how long the gateway asked to wait, and zero where it did not.
func RetryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
