package api_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"holdfast/api"
)

func TestTheDependenciesAreAskedOnceASecondHoweverManyAsk(t *testing.T) {
	var asked atomic.Int64
	g := newGateway(t, func(c *api.Config) {
		c.Checks = map[string]api.Check{"redis": func(context.Context) error { asked.Add(1); return nil }}
	})
	began := time.Now()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 20 {
				if a := g.send(t.Context(), call{method: http.MethodGet, path: "/readyz"}); a.status != http.StatusOK {
					t.Errorf("%d %s", a.status, a.body)
				}
				if a := g.operation(t, "/readyz"); a.status != http.StatusOK {
					t.Errorf("%d %s", a.status, a.body)
				}
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, asked.Load(), 1+int64(time.Since(began)/time.Second), "2,000 have asked")
	before := asked.Load()
	require.Eventually(t, func() bool { g.get("/readyz"); return asked.Load() > before },
		10*time.Second, 10*time.Millisecond, "but it is asked again")
}

func TestADependencyThatHangsHoldsUpNoOneAndIsNotAskedAgain(t *testing.T) {
	leave := make(chan struct{})
	var asked atomic.Int64
	g := newGateway(t, func(c *api.Config) {
		c.Checks = map[string]api.Check{"stuck": func(context.Context) error { // heeds no context
			asked.Add(1)
			<-leave
			return nil
		}}
	})
	before := runtime.NumGoroutine()
	for range 3 { // a round each
		began := time.Now()
		a := g.get("/readyz")
		require.Equal(t, http.StatusServiceUnavailable, a.status)
		require.JSONEq(t, `{"status":"unavailable","checks":{"stuck":"unavailable","search":"ok","temporal":"ok"}}`, string(a.body))
		require.Less(t, time.Since(began), 10*time.Second)
		require.Eventually(t, func() bool { return time.Since(began) > 1100*time.Millisecond }, 10*time.Second, 50*time.Millisecond)
	}
	require.Equal(t, int64(1), asked.Load(), "as long as it has not answered")
	require.LessOrEqual(t, runtime.NumGoroutine(), before+1)
	close(leave)
	require.Eventually(t, func() bool { return g.get("/readyz").status == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
}

func TestACheckThatCannotFindOutIsShownAlone(t *testing.T) {
	g := newGateway(t, func(c *api.Config) {
		c.Checks["durability"] = func(context.Context) error { return fmt.Errorf("%w: CONFIG is refused", api.ErrUnknown) }
	})
	a := g.get("/readyz")
	require.Equal(t, http.StatusOK, a.status)
	require.JSONEq(t, `{"status":"ok","checks":{"durability":"unknown","redis":"ok","search":"ok","temporal":"ok"}}`, string(a.body))
}

func TestACheckMayDegradeAlone(t *testing.T) {
	g := newGateway(t, func(c *api.Config) {
		c.Checks["durability"] = func(context.Context) error { return fmt.Errorf("no append-only file: %w", api.ErrDegraded) }
	})
	a := g.get("/readyz")
	require.Equal(t, http.StatusOK, a.status)
	require.JSONEq(t, `{"status":"degraded","checks":{"durability":"unavailable","redis":"ok","search":"ok","temporal":"ok"}}`, string(a.body))
}

func TestAClientThatLeavesReadinessWaitsForNothing(t *testing.T) {
	leave := make(chan struct{})
	defer close(leave)
	g := newGateway(t, func(c *api.Config) {
		c.Checks = map[string]api.Check{"stuck": func(context.Context) error { <-leave; return nil }}
	})
	ctx, gone := context.WithCancel(t.Context())
	gone()
	require.Equal(t, 499, g.send(ctx, call{method: http.MethodGet, path: "/readyz"}).status)
}

func TestAGatewayOfANamespaceThatTemporalDoesNotHaveIsNotReady(t *testing.T) {
	g := newGateway(t)
	g.temporal.set(func(f *fakeTemporal) { f.namespace = serviceerror.NewNamespaceNotFound("nope") })
	a := g.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	require.NotContains(t, string(a.body), `"temporal":"ok"`)
}
