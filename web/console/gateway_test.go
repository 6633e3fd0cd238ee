package console

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// told is a gateway that answers each call as told: with a body, before which may stand a status. A call
// that nothing is told about is 404.
type told struct {
	mu      sync.Mutex
	answers map[string]string
	calls   []call
}

// call is one that the gateway got.
type call struct{ What, Query, Match, Body string }

func (g *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // of a test
	what := r.Method + " " + r.URL.Path
	g.mu.Lock()
	g.calls = append(g.calls, call{what, r.URL.RawQuery, r.Header.Get("If-Match"), string(body)})
	answer, known := g.answers[what]
	g.mu.Unlock()
	if !known {
		answer = `404 {"type":"/problems/unknown-order","title":"Unknown","status":404}`
	}
	status := http.StatusOK
	if first, rest, ok := strings.Cut(answer, " "); ok {
		if n, err := strconv.Atoi(first); err == nil {
			status, answer = n, rest
		}
	}
	w.Header().Set("ETag", `"tag-of-`+r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]+`"`)
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, answer) // to a test
}

// last returns the last call of a kind.
func (g *told) last(t *testing.T, what string) call {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range slices.Backward(g.calls) {
		if c.What == what {
			return c
		}
	}
	require.Fail(t, "never called", what)
	return call{}
}

// asked returns how often something was called with a query.
func (g *told) asked(what string) (times int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.calls {
		if c.What+"?"+c.Query == what {
			times++
		}
	}
	return times
}

func (g *told) tell(what, answer string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers[what] = answer
}

// staffed is a desk of an operator before such a gateway.
func staffed(t *testing.T, answers map[string]string) (*desk, *told) {
	t.Helper()
	g := &told{answers: answers}
	return newDesk(t, g.ServeHTTP).become("operator"), g
}
