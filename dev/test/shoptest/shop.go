// Package shoptest plays everyone around a Holdfast in its end-to-end tests: the merchant,
// the customers, the operator and the payment provider. It uses only REST, with a client of
// its own: a mistake that the tools' client shared with the gateway would not show. Its
// auditor reads the books behind the gateway's back, but changes nothing.
package shoptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/stack"
	"holdfast/payment/sandbox"
)

const (
	// callTimeout is longer than the longest answer that a test waits for.
	callTimeout = 40 * time.Second
	// Patience is how long a test waits for a consequence.
	Patience = time.Minute
	// connections is how many are kept open: the number of callers in the busiest test.
	connections = 64
)

// Shop is one gateway, seen from outside.
type Shop struct {
	URL      string
	http     *http.Client
	provider *sandbox.Signer
}

// At is the shop behind the gateway at url, whose callbacks are signed with the stack's own
// secret.
func At(url string) (*Shop, error) {
	provider, err := sandbox.New(stack.DefaultSecret)
	if err != nil {
		return nil, fmt.Errorf("act as the payment provider: %w", err)
	}
	return &Shop{URL: url, provider: provider, http: &http.Client{
		Timeout:   callTimeout,
		Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections},
	}}, nil
}

// Close closes idle connections.
func (s *Shop) Close() { s.http.CloseIdleConnections() }

// Answer is the gateway's response, whatever it was.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Call is one request; Body is JSON or nil.
type Call struct {
	Method, Path string
	Key          string // the Idempotency-Key
	Header       http.Header
	Body         []byte
}

// Do sends one request. Its error is a network error: a refusal is an answer.
func (s *Shop) Do(ctx context.Context, c Call) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, c.Method, s.URL+c.Path, bytes.NewReader(c.Body))
	if err != nil {
		return Answer{}, fmt.Errorf("make the request: %w", err)
	}
	maps.Copy(req.Header, c.Header)
	switch {
	case req.Header.Get("Content-Type") != "":
	case c.Method == http.MethodPatch:
		req.Header.Set("Content-Type", "application/merge-patch+json")
	case len(c.Body) > 0:
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Key != "" {
		req.Header.Set("Idempotency-Key", c.Key)
	}
	res, err := s.http.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", c.Method, c.Path, err)
	}
	defer func() { _ = res.Body.Close() }() // it was read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: read the answer: %w", c.Method, c.Path, err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// Must sends one request and requires this status.
func (s *Shop) Must(t testing.TB, status int, c Call) Answer {
	t.Helper()
	a, err := s.Do(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, status, a.Status, "%s %s: %s", c.Method, c.Path, a.Body)
	return a
}

// Into parses the answer's JSON.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.Body, v), "%s", a.Body)
}

// Problem is the last part of a refusal's type, such as "insufficient-stock".
func (a Answer) Problem(t testing.TB) string {
	t.Helper()
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
	var p struct {
		Type string `json:"type"`
	}
	a.Into(t, &p)
	const prefix = "/problems/"
	require.Contains(t, p.Type, prefix)
	return p.Type[len(prefix):]
}

// JSON encodes a request's body.
func JSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// Until waits for a condition without a notification, and fails the test if it doesn't come
// true.
func Until(t testing.TB, what string, try func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	require.NoError(t, wait(ctx, try), what)
}
