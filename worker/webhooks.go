package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/saga"
	"holdfast/webhook"
	"holdfast/webhook/deliver"
	"holdfast/webhook/dispatch"
	"holdfast/webhook/registry"
	"holdfast/workflows"
)

// webhooks delivers events to merchants' endpoints. It has workers of its own, so that no
// order waits for a third party's server.
type webhooks struct {
	worker     sdk.Worker
	dispatcher *dispatch.Dispatcher
	streams    redis.UniversalClient
	cancel     context.CancelFunc
	running    sync.WaitGroup
}

// streamConnections is the size of the dispatcher's own connection pool.
const streamConnections = 4

// webhookPollers poll for tasks; a shop without webhooks pays for them with idle calls.
const webhookPollers = 2

func newWebhooks(c Config, docs *records.Store) (*webhooks, error) {
	guard, err := deliver.NewGuard(c.WebhooksAllow)
	if err != nil {
		return nil, fmt.Errorf("parse the networks that webhooks may reach: %w", err)
	}
	guard.RefuseOwn(c.OwnServices)
	streams, err := redisdb.Sibling(c.Redis, streamConnections)
	if err != nil {
		return nil, fmt.Errorf("open a client for webhooks: %w", err)
	}
	merchants := registry.New(c.Redis)
	endpoints, err := countEndpoints(merchants, c.Metrics)
	if err != nil {
		return nil, errors.Join(err, streams.Close())
	}
	d, err := dispatch.New(dispatch.Options{
		Redis: streams, Endpoints: merchants, Orders: docs, Log: c.Log, Metrics: c.Metrics,
		Start: c.sagas.DeliverWebhook,
	})
	if err != nil {
		return nil, errors.Join(err, streams.Close())
	}
	w := sdk.New(c.Temporal, saga.WebhookQueue, sdk.Options{
		MaxConcurrentActivityExecutionSize: activities.WebhookSlots,
		MaxConcurrentActivityTaskPollers:   webhookPollers, MaxConcurrentWorkflowTaskPollers: webhookPollers,
		WorkerStopTimeout: c.Options.WorkerStopTimeout,
	})
	w.RegisterWorkflowWithOptions(workflows.Webhook, workflow.RegisterOptions{Name: saga.WebhookType})
	register(w, activities.NameDeliverWebhook, (&activities.Deliver{
		Endpoints: endpoints, Sender: deliver.NewSender(guard), Slots: &activities.EndpointSlots{}, Now: time.Now,
	}).Execute)
	register(w, activities.NameSettleWebhook, (&activities.WebhookSettler{Endpoints: endpoints}).Execute)
	return &webhooks{worker: w, dispatcher: d, streams: streams, cancel: func() {}}, nil
}

func (h *webhooks) start() error {
	if err := h.worker.Start(); err != nil {
		return fmt.Errorf("start the worker of webhooks: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	h.running.Go(func() { h.dispatcher.Run(ctx) })
	return nil
}

func (h *webhooks) stop() {
	h.cancel()
	h.running.Wait()
	h.worker.Stop()
	_ = h.streams.Close() // it is no longer used
}

// countedEndpoints counts the deliveries by their status after each try.
type countedEndpoints struct {
	activities.Endpoints
	deliveries *prometheus.CounterVec
}

func countEndpoints(e activities.Endpoints, to prometheus.Registerer) (countedEndpoints, error) {
	c := countedEndpoints{e, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "holdfast_webhook_deliveries_total",
		Help: "Webhook delivery attempts, by the delivery's status afterwards: delivered, pending, failed for good, or dropped.",
	}, []string{"status"})}
	for _, s := range []webhook.DeliveryStatus{webhook.DeliveryDelivered, webhook.DeliveryPending, webhook.DeliveryFailed, webhook.DeliveryDropped} {
		c.deliveries.WithLabelValues(string(s)) // alerts need the zero
	}
	if to == nil {
		return c, nil
	}
	if err := to.Register(c.deliveries); err != nil {
		return c, fmt.Errorf("register the metrics of webhooks: %w", err)
	}
	return c, nil
}

// Log implements activities.Endpoints.
func (c countedEndpoints) Log(ctx context.Context, endpointID string, e webhook.Event, t webhook.Tried) error {
	c.deliveries.WithLabelValues(string(t.Status)).Inc()
	return c.Endpoints.Log(ctx, endpointID, e, t)
}

// Settle implements activities.Endpoints.
func (c countedEndpoints) Settle(ctx context.Context, endpointID, eventID string, s webhook.DeliveryStatus) error {
	err := c.Endpoints.Settle(ctx, endpointID, eventID, s)
	if err == nil {
		c.deliveries.WithLabelValues(string(s)).Inc()
	}
	return err
}
