package crash_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"holdfast/audit"
	restclient "holdfast/client"
	"holdfast/cmd/holdfast/replay"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

var (
	kills = flag.Int("kills", 3, "how often the whole stack is killed under load")
	seed  = flag.Uint64("seed", 0, "of the moments of the kills and of the orders' fates; 0 takes a new one")
)

const (
	goods     = 20
	customers = 8
	// patience of the customers with one call: includes a restart under load.
	patience = 2 * time.Minute
)

// story is what goes on while the stack is killed.
type story struct {
	// orders are placed between two kills; acks is how many calls about them are acknowledged,
	// at least.
	orders, acks int
	shares       replay.Shares
	// outcomes are how at least a third of the orders end.
	outcomes []string
	// through has orders paid at the provider, so that its books can be compared.
	through bool
	// prepare is called before the first order, after at the end; both may be nil.
	prepare, after func(t *testing.T, redisURL string)
}

// Customers order, pay, cancel and leave; most orders are left open.
func TestKilledStackKeepsItsWord(t *testing.T) {
	keepsItsWord(t, story{
		orders: 130, acks: 130, outcomes: []string{string(order.StatusAwaitingPayment)},
		shares: replay.Shares{Paid: 0.3, Delivered: 0.5, Refused: 0.05, Abandoned: 0.6, Cancelled: 0.05, Adjusted: 0.1},
	})
}

// Orders go out in packages, whose scans come late, repeatedly and out of order. Some are redirected or
// cancelled in part, and some units come back.
func TestKilledStackKeepsItsPackages(t *testing.T) {
	keepsItsWord(t, story{
		orders: 30, acks: 200, outcomes: []string{"delivered/packaged"}, through: true,
		shares: replay.Shares{
			Paid: 1, Delivered: 1, Packaged: 0.9, Readdressed: 0.3, CancelledInPart: 0.3, Returned: 0.4,
			LateScans: 0.1, RepeatedScans: 0.1, OutOfOrderScans: 0.1,
		},
	})
}

// keepsItsWord kills everything without warning during a story, starts it again on the same
// folder, several times, and then checks everything that was ever acknowledged.
func keepsItsWord(t *testing.T, st story) {
	t.Parallel()
	redistest.Program(t)
	seed := *seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -args -seed=%d -kills=%d", seed, seed, *kills)
	random := rand.New(rand.NewPCG(seed, 0))
	d := newDevStack(t)
	d.start(t)
	offerGoods(t, d.url())
	if st.prepare != nil {
		st.prepare(t, d.redisURL)
	}

	acks := &acknowledged{}
	load := startLoad(t, d.url(), acks, st, seed)
	for n := range *kills {
		// The kill falls somewhere into the share of this round.
		acks.await(t, n*st.acks+st.acks/4+random.IntN(st.acks/2))
		wait(t, time.Duration(random.IntN(int(50*time.Millisecond))))
		before := acks.count()
		d.kill(t)
		t.Logf("killed with %d acknowledged calls", before)
		d.start(t)
	}
	report := load.end(t)
	t.Logf("%d orders: %v, %d calls repeated", report.Orders, report.Outcomes, report.Repeats)
	ended := 0
	for _, outcome := range st.outcomes {
		ended += report.Outcomes[outcome]
	}
	require.GreaterOrEqual(t, ended, *kills*st.orders/3, st.outcomes)
	require.GreaterOrEqual(t, acks.count(), *kills*st.acks, "else the last kills came after everything")
	d.kill(t) // once more, with all those that are still open
	d.start(t)

	all, err := replay.ReadJournal(bytes.NewReader(acks.bytes()))
	require.NoError(t, err)
	gateway, err := restclient.New(restclient.Config{URL: d.url(), Connections: customers})
	require.NoError(t, err)
	result, err := replay.Verify(t.Context(), replay.VerifyConfig{
		Gateway: gateway, Concurrency: customers, Patience: patience,
	}, all)
	require.NoError(t, err)
	for _, v := range result.Violations {
		t.Errorf("%s of order %s %s at %s: %s", v.Ack.Call, v.Ack.OrderID, v.Ack.ProductID, v.Ack.At, v.Detail)
	}
	t.Logf("%d acknowledged calls of %d orders", result.Acks, result.Orders)
	temporal := d.temporal(t)
	books := shoptest.Books{RedisURL: d.redisURL, Orders: sagaclient.New(temporal, "default")}.RequireClean(t)
	require.GreaterOrEqual(t, books.Orders, result.Orders)
	if st.through {
		requireMoneyClean(t, d.redisURL)
	}
	if st.after != nil {
		st.after(t, d.redisURL)
	}
	views := compareViews(t, temporal)
	require.Empty(t, views.Findings)
	require.Equal(t, goods, views.Products)
	require.Equal(t, books.Orders, views.Orders)
}

// requireMoneyClean compares all payments and refunds with the sandbox's own books.
func requireMoneyClean(t *testing.T, redisURL string) {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), redisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }() // it was read only
	money, err := audit.Money(t.Context(), audit.MoneyConfig{
		Providers: map[string]audit.MoneyBooks{sandbox.Name: sandbox.NewProvider(nil, sandbox.NewBooks(rdb), sandbox.Options{})},
		Records:   audit.NewRedisBooks(rdb),
	})
	require.NoError(t, err)
	require.Empty(t, money.Findings)
	require.NotZero(t, money.Payments)
}

// compareViews asks the stack's worker whether its views match the entities.
func compareViews(t *testing.T, temporal client.Client) saga.CompareResult {
	t.Helper()
	run, err := temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: saga.AuditViewsWorkflowID, TaskQueue: saga.TaskQueue,
	}, saga.AuditViewsType, saga.CompareParams{})
	require.NoError(t, err)
	var res saga.CompareResult
	require.NoError(t, run.Get(t.Context(), &res))
	t.Logf("views: %d products, %d orders, %d looked at again", res.Products, res.Orders, res.Suspects)
	return res
}

func offerGoods(t *testing.T, url string) {
	t.Helper()
	shop, err := shoptest.At(url)
	require.NoError(t, err)
	defer shop.Close()
	for i := range goods {
		shop.Offer(t, goodsID(i), 1_000)
	}
}

func goodsID(i int) string { return fmt.Sprintf("goods-%02d", i) }

// load is customers who place, pay, cancel and abandon orders.
type load struct {
	done   chan error
	report replay.Report
}

func startLoad(t *testing.T, url string, acks *acknowledged, st story, seed uint64) *load {
	t.Helper()
	gateway, err := restclient.New(restclient.Config{URL: url, Connections: customers})
	require.NoError(t, err)
	provider, err := sandbox.New(stack.DefaultSecret)
	require.NoError(t, err)
	l := &load{done: make(chan error, 1)}
	cfg := replay.Config{
		Gateway: gateway, Provider: sandbox.Name, Seed: seed, Concurrency: customers, Patience: patience,
		Journal: replay.NewJournal(acks), Shares: st.shares, Through: st.through,
		Sign: func(e order.PaymentEvent) (http.Header, []byte, error) {
			e.OccurredAt = time.Now()
			c, err := provider.NewCallback(e)
			return c.Header, c.Body, err
		},
	}
	go func() {
		var err error
		l.report, err = replay.Run(t.Context(), cfg, bytes.NewReader(requests(*kills*st.orders)))
		l.done <- err
	}()
	return l
}

// requests are orders of one or two products each.
func requests(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		second := ""
		if i%3 == 0 {
			second = fmt.Sprintf(`,{"productId":%q,"quantity":1}`, goodsID((i+7)%goods))
		}
		fmt.Fprintf(&b, `{"key":"order-%d","customerId":"customer-%d","lines":[{"productId":%q,"quantity":%d}%s]}`+"\n",
			i, i%50, goodsID(i%goods), 1+i%3, second)
	}
	return b.Bytes()
}

func (l *load) end(t *testing.T) replay.Report {
	t.Helper()
	require.NoError(t, <-l.done)
	require.Zero(t, l.report.Failed, "%+v", l.report.Failures)
	return l.report
}

// acknowledged is the journal of everything that the gateway acknowledged.
type acknowledged struct {
	mu    sync.Mutex
	lines int
	all   bytes.Buffer
}

// Write takes one line.
func (a *acknowledged) Write(line []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines++
	return a.all.Write(line)
}

func (a *acknowledged) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lines
}

func (a *acknowledged) bytes() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return bytes.Clone(a.all.Bytes())
}

func (a *acknowledged) await(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for a.count() < n {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			require.NoError(t, context.Cause(ctx), "%d calls acknowledged, not %d", a.count(), n)
		}
	}
}

// wait lets the load continue for a while.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		require.NoError(t, context.Cause(t.Context()))
	}
}
