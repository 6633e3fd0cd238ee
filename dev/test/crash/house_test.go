package crash_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"holdfast/api"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	"holdfast/command/commandtest"
	"holdfast/commands"
	"holdfast/coupons"
	customerstore "holdfast/customers"
	"holdfast/dev/stack"
	"holdfast/dev/test/crash"
	"holdfast/dev/test/shoptest"
	"holdfast/inventory"
	"holdfast/payment/sandbox"
	"holdfast/pricebooks"
	"holdfast/product"
	"holdfast/quoting"
	"holdfast/quoting/reader"
	"holdfast/records"
	"holdfast/redisdb"
	sagaclient "holdfast/saga/client"
	"holdfast/webhook/registry"
)

const (
	// taskTimeout is after how long Temporal gives a dead worker's task to another one;
	// stickyTimeout after how long it no longer reserves the next one for it.
	taskTimeout   = 2 * time.Second
	stickyTimeout = 500 * time.Millisecond
)

// house is one Temporal and one Redis that all cases share.
type house struct {
	stack *stack.Stack
	rdb   redis.UniversalClient
	// names of the scripts that write, by hash.
	names map[string]string
	// workers run until the house is closed: an audit may query any order.
	ctx     context.Context
	workers errgroup.Group
}

func openHouse(t *testing.T) *house {
	t.Helper()
	st, err := stack.Start(t.Context(), stack.Options{WithoutUI: true, WithoutHoldfast: true})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, st.Stop(ctx))
	})
	rdb, err := redisdb.Open(t.Context(), st.RedisURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	ctx, stop := context.WithCancel(context.Background())
	h := &house{stack: st, rdb: rdb, names: map[string]string{}, ctx: ctx}
	t.Cleanup(func() {
		stop()
		require.NoError(t, h.workers.Wait())
	})
	h.loadScripts(t)
	return h
}

// loadScripts loads every script into Redis beforehand, so that each run of one is one
// write, and learns the names of those that write.
func (h *house) loadScripts(t *testing.T) {
	t.Helper()
	read := func(file string) string {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		return string(b)
	}
	load := func(name, source string) {
		hash, err := h.rdb.ScriptLoad(t.Context(), source).Result()
		require.NoError(t, err, name)
		h.names[hash] = name
	}
	for name, script := range map[string]string{"document": "put", "payment": "asked", "refund": "refund"} {
		load(name, read(filepath.FromSlash("../../../records/lua/shared.lua"))+read(filepath.FromSlash("../../../records/lua/"+script+".lua")))
	}
	for name, script := range map[string]string{"pay-open": "create", "pay-end": "cancel", "pay-back": "refund"} { // the provider's
		load(name, read(filepath.FromSlash("../../../payment/sandbox/lua/shared.lua"))+
			read(filepath.FromSlash("../../../payment/sandbox/lua/"+script+".lua")))
	}
	for _, name := range []string{"claim", "leave", "extend"} {
		load(name, read(filepath.FromSlash("../../../quota/lua/"+name+".lua")))
	}
	files, err := filepath.Glob(filepath.FromSlash("../../../inventory/lua/*.lua"))
	require.NoError(t, err)
	common := read(filepath.FromSlash("../../../redisdb/lua/entity.lua")) + read(filepath.FromSlash("../../../inventory/lua/shared.lua"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".lua")
		if name != "shared" { // those that only read do without it, so that their hashes are others
			load(name, common+read(file))
		}
	}
}

// room is one case in the house: a task queue of its own, and a gateway that sends its
// orders there.
type room struct {
	*shoptest.Shop
	*house
	name string // also names its products
}

// roomOptions say how a scenario's gateway differs from the usual one.
type roomOptions struct {
	window time.Duration
	// hopeful means that the gateway doesn't see what is sold out: the saga decides.
	hopeful bool
	// limited counts the customers' open orders.
	limited bool
}

func (h *house) room(t *testing.T, name string, opts roomOptions) *room {
	t.Helper()
	signer, err := sandbox.New(stack.DefaultSecret)
	require.NoError(t, err)
	provider := sandbox.NewProvider(signer, sandbox.NewBooks(h.rdb), sandbox.Options{})
	var look api.Quoting = reader.New(h.rdb, nil)
	if opts.hopeful {
		look = plenty{look}
	}
	limit := int64(0)
	if opts.limited {
		limit = 1_000 // all rooms have the same customer
	}
	gateway, err := api.New(api.Config{
		MaxOpenOrders: limit,
		Addr:          "127.0.0.1:0", Products: inventory.New(h.rdb), Quoting: look, Orders: records.New(h.rdb),
		Customers: customerstore.New(h.rdb), Coupons: coupons.New(h.rdb),
		Tracking: tracking.New(h.rdb, time.Now), PriceBooks: pricebooks.New(h.rdb, customerstore.New(h.rdb)), Commands: commands.New(h.rdb, &commandtest.Box{}), Audits: audits.New(h.rdb),
		Webhooks: registry.New(h.rdb), CheckURL: func(context.Context, string) error { return nil },
		Sagas:     sagaclient.New(elsewhere{Client: h.stack.Temporal, queue: name}, h.stack.Namespace),
		Providers: map[string]api.Provider{sandbox.Name: provider}, PaymentWindow: opts.window,
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	server := httptest.NewServer(gateway.Handler())
	t.Cleanup(server.Close)
	shop, err := shoptest.At(server.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	return &room{Shop: shop, house: h, name: name}
}

// elsewhere is Temporal with workflows on another queue, whose worker's death is noticed
// soon.
type elsewhere struct {
	client.Client
	queue string
}

func (e elsewhere) there(o client.StartWorkflowOptions) client.StartWorkflowOptions {
	o.TaskQueue, o.WorkflowTaskTimeout = e.queue, taskTimeout
	return o
}

func (e elsewhere) NewWithStartWorkflowOperation(o client.StartWorkflowOptions, workflow any, args ...any) client.WithStartWorkflowOperation {
	return e.Client.NewWithStartWorkflowOperation(e.there(o), workflow, args...)
}

func (e elsewhere) ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	return e.Client.ExecuteWorkflow(ctx, e.there(o), workflow, args...)
}

// plenty is a read, a moment ago, that saw plenty of everything.
type plenty struct{ api.Quoting }

func (p plenty) Look(ctx context.Context, a quoting.Ask) (quoting.Seen, error) {
	seen, err := p.Quoting.Look(ctx, a)
	for i := range seen.Products {
		for j := range seen.Products[i].SKUs {
			seen.Products[i].SKUs[j].Stock = product.Stock{OnHand: product.MaxStock}
		}
	}
	return seen, err
}

// startHealthy runs a worker that doesn't crash.
func (r *room) startHealthy() *crash.Failpoint {
	point := &crash.Failpoint{Names: r.names}
	r.workers.Go(func() error { return work(r.ctx, r.stack.Temporal, r.name, r.stack.RedisURL, point) })
	return point
}

// startVictim runs a worker in a process of its own, which dies at its failpoint. The
// returned channel receives the signal that ended it, 0 for none.
func (r *room) startVictim(t *testing.T, kill int, after bool) (died <-chan syscall.Signal, end func()) {
	t.Helper()
	spec, err := json.Marshal(victim{
		Temporal: r.stack.TemporalAddress, Namespace: r.stack.Namespace, Queue: r.name, RedisURL: r.stack.RedisURL,
		Names: r.names, Kill: kill, After: after,
	})
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0]) //nolint:noctx // this very program; it ends with its failpoint or its standard input
	cmd.Env = append(os.Environ(), victimEnv+"="+string(spec))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	ended := make(chan syscall.Signal, 1)
	go func() {
		_ = cmd.Wait() // the state says the same
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if status.Signaled() {
			ended <- status.Signal()
		}
		close(ended)
	}()
	return ended, func() { _ = stdin.Close() }
}
