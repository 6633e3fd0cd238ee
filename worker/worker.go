// Package worker builds a Temporal worker: it registers the workflows and the activities
// with their real parts.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/carrier/easypost"
	"holdfast/carrier/sandbox"
	"holdfast/carrier/tracking"
	"holdfast/command"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/records"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
	"holdfast/setup"
	"holdfast/worker/views"
	"holdfast/workflows"
)

// Config is what a worker needs.
type Config struct {
	Temporal client.Client
	Redis    redis.UniversalClient
	// Metrics registers the worker's own counters; nil registers none.
	Metrics prometheus.Registerer
	// Index stores the views, and orders that were closed long ago leave Redis for it. Nil
	// means that there are no views, and all orders stay.
	Index search.Index
	// Namespace of the workflows, for listing them; empty is Temporal's default.
	Namespace string
	// KeepOrders is how long closed orders stay in Redis. It must exceed the namespace's
	// retention by KeepBeyond. Defaults to DefaultKeepOrders.
	KeepOrders time.Duration
	// KeepForGood means that no order ever leaves Redis, for an index that may be recreated
	// without what only the old one had. The worker then takes no part in Forget.
	KeepForGood bool
	// Log is the log of the views' projector; nil disables it.
	Log *slog.Logger
	// Providers take and return money, by name. Without any, orders are paid only by
	// callbacks, and refunds stay due.
	Providers activities.Providers
	// Money is the kind that they take: the worker holds nothing for orders that are paid
	// with another kind. Empty takes any.
	Money order.Money
	// WebhooksAllow names networks that webhooks may reach although they are not public:
	// see deliver.NewGuard.
	WebhooksAllow string
	// OwnServices lists the host:port of services that webhooks may never reach; nil means
	// none.
	OwnServices func(context.Context) []string
	// WithoutWebhooks means that another process delivers webhooks.
	WithoutWebhooks bool
	// Box runs the shop's scripts; nil runs none.
	Box command.Box
	// EraseWithin replaces activities.EraseWithin, for tests.
	EraseWithin time.Duration
	// TaskQueue to poll. Defaults to saga.TaskQueue.
	TaskQueue string
	// Options are the SDK's; the zero value suits most shops.
	Options sdk.Options
	// Stock replaces the entities' commands, and Records the documents, for tests of
	// crashes. Nil means the real ones on Redis.
	Stock   activities.Stock
	Records activities.Records
	// Tracking replaces the tracking numbers for such tests.
	Tracking activities.Tracking

	sagas *sagaclient.Client // on Temporal and Namespace
}

// CachedOrders is how many orders' workflows a process keeps in memory between two of their
// messages; any other is replayed from its history. An order waits minutes for its payment,
// and a busy shop has more open orders than memory should hold: with 2,000, it stays below
// 200 MB.
const CachedOrders = 2000

// KeepBeyond is how much longer an order must stay in Redis than Temporal keeps its closed
// workflow: as long as Temporal knows an order, an audit may have to restore in Redis what
// its workflow recorded.
const KeepBeyond = 24 * time.Hour

// DefaultKeepOrders fits the retention that setup gives the namespace.
const DefaultKeepOrders = setup.Retention + KeepBeyond

// Worker polls Temporal for the sagas' tasks, and keeps the views up to date.
type Worker struct {
	sdk.Worker
	views    *views.Keeper
	commands sdk.Worker
	webhooks *webhooks // nil if another process delivers them
}

// New returns a worker that is not running yet.
func New(c Config) (*Worker, error) {
	w, err := newWorker(&c)
	if err != nil || c.WithoutWebhooks {
		return w, err
	}
	w.webhooks, err = newWebhooks(c, records.New(c.Redis))
	return w, err
}

func newWorker(of *Config) (*Worker, error) {
	c := *of
	if c.Temporal == nil || c.Redis == nil {
		return nil, errors.New("a worker needs Temporal and Redis")
	}
	c.TaskQueue = cmp.Or(c.TaskQueue, saga.TaskQueue)
	c.sagas = sagaclient.New(c.Temporal, c.Namespace)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, err
	}
	stock, docs, claims := inventory.New(c.Redis), records.New(c.Redis).CountingAlerts(m.raised), coupons.New(c.Redis)
	if c.Stock == nil {
		c.Stock = stock
	}
	if c.Records == nil {
		c.Records = docs
	}
	if c.Tracking == nil {
		c.Tracking = tracking.New(c.Redis, time.Now)
	}
	c.Stock, c.Records = countedStock{c.Stock, m}, countedRecords{c.Records, m}
	*of = c
	sdk.SetStickyWorkflowCacheSize(CachedOrders) // of the whole process; must be set before its first worker starts
	c.Options = WithPollers(c.Options)
	w := sdk.New(c.Temporal, c.TaskQueue, c.Options)
	registerWorkflows(w)
	registerOrderActivities(w, c)

	fates := &activities.Fates{Workflows: c.sagas, Records: docs}
	providers := countedProviders(c, m)
	settler := &activities.Settler{
		Providers: providers,
		Stock:     c.Stock, Holds: stock, Claims: claims, Orders: fates, Documents: docs, Records: c.Records,
		Refund: c.sagas.StartRefund,
	}
	register(w, activities.NameDelistProduct, (&activities.Delist{Products: stock}).Execute)
	register(w, activities.NameCancelHolders, (&activities.CancelAll{
		Holds: stock, Settler: settler, Signal: c.sagas.TellDelisting, Runs: c.sagas.Runs,
	}).Execute)
	ever := *fates // the sweeper doesn't need them: a hold is never that old
	ever.Records = allDocuments{warm: docs, cold: c.Index}
	register(w, activities.NameLookUpPayment, (&activities.LookUp{Orders: &ever}).Execute)
	register(w, activities.NameRecordRefund, (&activities.RefundRecord{Records: docs}).Execute)
	registerPayments(w, c, docs, &ever, providers)
	register(w, activities.NameSweepHolds, (&activities.Sweeper{
		Holds: overdue{stock, claims}, Waiting: c.sagas, Ended: c.sagas, Settler: settler, Found: m.swept, Failed: m.notSwept, Now: time.Now,
		Erasures: &activities.Erasures{Customers: customers.New(c.Redis), Workflows: c.sagas, Now: time.Now},
	}).Execute)
	registerErasure(w, c, docs)
	if c.Index != nil && !c.KeepForGood {
		if err := registerForget(w, c, docs); err != nil {
			return nil, err
		}
	}
	keeper, err := views.NewKeeper(views.Config{
		Index: c.Index, Redis: c.Redis, Sagas: c.sagas, TaskQueue: c.TaskQueue, Log: c.Log, Metrics: c.Metrics,
	})
	if err != nil {
		return nil, err
	}
	registerViews(w, keeper)
	scripts, err := newCommands(c, docs)
	return &Worker{Worker: w, views: keeper, commands: scripts}, err
}

// How many polls for workflow tasks a worker keeps open: the minimum, the initial number,
// and the maximum of each kind.
const (
	fewestPollers  = 2
	pollersAtFirst = 4
	mostPollers    = 16
)

// WithPollers returns options that poll separately for new orders and for those that the
// worker has in memory, unless they already say how to poll. The SDK's two pollers
// alternate between both, and prefer the second kind for as long as any of them waits: on a
// busy worker a new order then isn't seen for seconds.
func WithPollers(o sdk.Options) sdk.Options {
	if o.MaxConcurrentWorkflowTaskPollers == 0 && o.WorkflowTaskPollerBehavior == nil {
		o.WorkflowTaskPollerBehavior = sdk.NewPollerBehaviorAutoscaling(sdk.PollerBehaviorAutoscalingOptions{
			MinimumNumberOfPollers: fewestPollers, InitialNumberOfPollers: pollersAtFirst, MaximumNumberOfPollers: mostPollers,
		})
	}
	return o
}

// Start polls until Stop is called.
func (w *Worker) Start() error {
	if err := w.Worker.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	if err := w.commands.Start(); err != nil {
		w.Worker.Stop()
		return fmt.Errorf("start the worker of commands: %w", err)
	}
	if w.webhooks != nil {
		if err := w.webhooks.start(); err != nil {
			w.commands.Stop()
			w.Worker.Stop()
			return err
		}
	}
	w.views.Start()
	return nil
}

// Stop lets running tasks and the projector's round finish.
func (w *Worker) Stop() {
	w.views.Stop()
	if w.webhooks != nil {
		w.webhooks.stop()
	}
	w.commands.Stop()
	w.Worker.Stop()
}

// Run polls until ctx ends, then lets the running tasks finish.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.Start(); err != nil { //nolint:contextcheck // Stop ends what Start began, once ctx has ended
		return err
	}
	<-ctx.Done()
	w.Stop()
	return nil
}

// registerViews registers the work on whole views. Without an index its activities refuse,
// so that no caller waits in vain.
func registerViews(w sdk.Registry, keeper *views.Keeper) {
	w.RegisterWorkflowWithOptions(workflows.Reindex, workflow.RegisterOptions{Name: saga.ReindexType})
	w.RegisterWorkflowWithOptions(workflows.AuditViews, workflow.RegisterOptions{Name: saga.AuditViewsType})
	register(w, activities.NameRebuildView, (&activities.Rebuild{Run: keeper.Rebuild}).Execute)
	register(w, activities.NameCompareViews, (&activities.Compare{Run: keeper.Compare}).Execute)
}

func registerWorkflows(w sdk.Registry) {
	for name, wf := range map[string]any{
		saga.OrderType: workflows.Order, saga.DelistType: workflows.Delist,
		saga.RefundType: workflows.Refund, saga.SweepType: workflows.Sweep,
	} {
		w.RegisterWorkflowWithOptions(wf, workflow.RegisterOptions{Name: name})
	}
}

func registerOrderActivities(w sdk.Registry, c Config) {
	register(w, activities.NameHoldStock, (&activities.Hold{
		Stock: c.Stock, Coupons: coupons.New(c.Redis), Records: c.Records, Money: c.Money,
	}).Execute)
	register(w, activities.NameCommitStock, (&activities.Commit{Stock: c.Stock, Records: c.Records}).Execute)
	register(w, activities.NameReclaimStock, (&activities.Reclaim{Stock: c.Stock}).Execute)
	register(w, activities.NameReleaseStock, (&activities.Release{Stock: c.Stock}).Execute)
	register(w, activities.NameDecide, activities.Decide)
	register(w, activities.NameUnwindSale, (&activities.Unwind{Stock: c.Stock}).Execute)
	register(w, activities.NameRestockUnits, (&activities.RestockUnits{Stock: c.Stock}).Execute)
	register(w, activities.NameTakeUnits, (&activities.TakeUnits{Stock: c.Stock}).Execute)
	register(w, activities.NameRecordOrder, (&activities.Record{Records: c.Records, Stock: c.Stock}).Execute)
	register(w, activities.NameWatchPackage, (&activities.WatchPackage{Tracking: c.Tracking, Adapters: Carriers()}).Execute)
	register(w, activities.NameTakenScans, (&activities.TakenScans{Tracking: c.Tracking}).Execute)
	register(w, activities.NameUnmatchScan, (&activities.UnmatchScan{Tracking: c.Tracking}).Execute)
}

// Carriers returns the adapters whose packages are watched, whether or not a gateway has their secrets.
func Carriers() []string { return []string{easypost.Name, sandbox.Name} }

func register(w sdk.Registry, name string, execute any) {
	w.RegisterActivityWithOptions(execute, activity.RegisterOptions{Name: name})
}
