package crash_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"holdfast/audit"
	"holdfast/dev/test/crash"
	"holdfast/dev/test/shoptest"
	"holdfast/payment/sandbox"
	sagaclient "holdfast/saga/client"
)

// TestWorkerDiesAtEveryWrite plays each scenario once to see its writes, and then
// repeatedly: each time the worker dies before or after another one of them.
func TestWorkerDiesAtEveryWrite(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.dieAtEveryWrite(t, scenarios)
	report := h.books().RequireClean(t)
	t.Logf("audit: %d products, %d holds, %d orders", report.Products, report.Holds, report.Orders)
}

// TestWorkerDiesAtEveryWriteOfMoney does the same for scenarios in which the saga opens
// payments, ends them, and refunds money: the providers' books balance too.
func TestWorkerDiesAtEveryWriteOfMoney(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.dieAtEveryWrite(t, moneyScenarios)
	h.books().RequireClean(t)
	report, err := audit.Money(t.Context(), audit.MoneyConfig{
		Providers: map[string]audit.MoneyBooks{
			sandbox.Name: sandbox.NewProvider(nil, sandbox.NewBooks(h.rdb), sandbox.Options{}),
		},
		Records: audit.NewRedisBooks(h.rdb),
	})
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	t.Logf("audit of the money: %d payments of %d orders", report.Payments, report.Orders)
}

func (h *house) books() shoptest.Books {
	return shoptest.Books{RedisURL: h.stack.RedisURL, Orders: sagaclient.New(h.stack.Temporal, h.stack.Namespace)}
}

func (h *house) dieAtEveryWrite(t *testing.T, scenarios []scenario) {
	t.Helper()
	writes := map[string][]crash.Write{}
	for _, s := range scenarios {
		writes[s.name] = h.writesOf(t, s, s.name)
		s.requireWay(t, writes[s.name])
	}
	t.Run("crash", func(t *testing.T) {
		for _, s := range scenarios {
			for n, w := range writes[s.name] {
				if n++; n < s.from {
					continue
				}
				h.crash(t, s, n, w, false)
				if w.Last { // otherwise it is the same as before the next one
					h.crash(t, s, n, w, true)
				}
			}
		}
	})
}

// writesOf plays a scenario with a worker that doesn't die.
func (h *house) writesOf(t *testing.T, s scenario, room string) []crash.Write {
	t.Helper()
	r := h.room(t, room, s.opts)
	point := r.startHealthy()
	s.play(t, r)
	r.awaitQuiet(t)
	return point.Writes()
}

// requireWay checks that the saga still takes the path that the scenario is about.
func (s scenario) requireWay(t *testing.T, writes []crash.Write) {
	t.Helper()
	require.GreaterOrEqual(t, len(writes), s.from, s.name)
	var names []string
	for _, w := range writes[s.from-1:] {
		names = append(names, w.Name)
	}
	t.Log(s.name, names)
	for _, must := range s.has {
		require.Contains(t, names, must, s.name)
	}
}

// crash is one case.
func (h *house) crash(t *testing.T, s scenario, n int, w crash.Write, after bool) {
	when := "before"
	if after {
		when = "after"
	}
	name := fmt.Sprintf("%s-%s-%d-%s", s.name, when, n, w.Name)
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		r := h.room(t, name, s.opts)
		died, end := r.startVictim(t, n, after)
		defer end()
		heir := make(chan syscall.Signal, 1)
		go func() {
			signal := <-died
			r.startHealthy()
			heir <- signal
		}()
		s.play(t, r)
		select {
		case signal := <-heir:
			require.Equal(t, syscall.SIGKILL, signal, "how the worker ended")
		case <-time.After(shoptest.Patience):
			// On a busy machine a step may time out and be repeated: then the first run had more writes than others.
			again := h.writesOf(t, s, name+"-again")
			require.Less(t, len(again), n, "the worker never came to its failpoint")
			t.Logf("the first run had a write more than two others: write %d is a repetition", n)
		}
		r.awaitQuiet(t)
	})
}

// awaitQuiet waits until no workflow of the room has anything left to do.
func (r *room) awaitQuiet(t *testing.T) {
	t.Helper()
	shoptest.Until(t, "all is done", func(ctx context.Context) error {
		page, err := r.stack.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: r.stack.Namespace, Query: "TaskQueue = '" + r.name + "'",
		})
		if err != nil {
			return err
		}
		if len(page.GetExecutions()) == 0 {
			return fmt.Errorf("no workflow is listed yet")
		}
		for _, e := range page.GetExecutions() {
			id := e.GetExecution().GetWorkflowId()
			d, err := r.stack.Temporal.DescribeWorkflowExecution(ctx, id, "")
			if err != nil {
				return err
			}
			if len(d.GetPendingActivities()) > 0 || d.GetPendingWorkflowTask() != nil {
				return fmt.Errorf("%s is at work", id)
			}
		}
		return nil
	})
}
