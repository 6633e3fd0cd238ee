package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/payment"
	"holdfast/quota"
	"holdfast/records"
	"holdfast/saga"
	"holdfast/workflows"
)

// registerPayments registers the sagas' activities at payment providers.
func registerPayments(w sdk.Registry, c Config, docs *records.Store, orders *activities.Fates, providers activities.Providers) {
	register(w, activities.NameOpenPayment, (&activities.OpenPayments{Providers: providers, Records: docs}).Execute)
	register(w, activities.NameEndPayments, (&activities.EndPayments{Providers: providers, Open: quota.New(c.Redis)}).Execute)
	register(w, activities.NamePayRefund, (&activities.PayRefund{Providers: providers}).Execute)
	register(w, activities.NameFindRefund, (&activities.FindRefund{Records: allDocuments{warm: docs, cold: c.Index}}).Execute)
	register(w, activities.NameFitRefund, (&activities.FitRefund{Records: allDocuments{warm: docs, cold: c.Index}}).Execute)
	w.RegisterWorkflowWithOptions(workflows.Dispute, workflow.RegisterOptions{Name: saga.DisputeType})
	register(w, activities.NameFindDispute, (&activities.FindDispute{
		OrderOf: orderOf(providers), Records: allDocuments{warm: docs, cold: c.Index},
	}).Execute)
	register(w, activities.NameRecordDispute, (&activities.DisputeRecord{Records: docs}).Execute)
	register(w, activities.NameAssignPayment, (&activities.Assign{Signal: c.sagas.AssignPayment, Orders: orders}).Execute)
}

// countedProviders returns the providers with their answers counted.
func countedProviders(c Config, m *metrics) activities.Providers {
	providers := make(activities.Providers, len(c.Providers))
	for name, p := range c.Providers {
		providers[name] = countedProvider{p, name, m.providerCalls}
	}
	return providers
}

// orderOf finds a payment's order in a provider's books.
func orderOf(all activities.Providers) func(context.Context, string, string) (string, bool, error) {
	return func(ctx context.Context, name, paymentID string) (string, bool, error) {
		provider, there := all[name]
		if !there {
			return "", false, fmt.Errorf("this worker has no payment provider %q: its settings are missing", name)
		}
		p, err := provider.LookUp(ctx, paymentID)
		if errors.Is(err, payment.ErrNoPayment) {
			return "", true, nil // an alert without an order is better than none
		}
		return p.OrderID, p.OrderID != "", err
	}
}

// countedProvider counts what a provider answers.
type countedProvider struct {
	activities.Provider
	name  string
	calls *prometheus.CounterVec
}

func (p countedProvider) Create(ctx context.Context, r order.PaymentRequest) (string, error) {
	id, err := p.Provider.Create(ctx, r)
	p.count("create", "created", err)
	return id, err
}

func (p countedProvider) Cancel(ctx context.Context, paymentID string, r order.PaymentRequest) (order.Cancellation, error) {
	c, err := p.Provider.Cancel(ctx, paymentID, r)
	p.count("cancel", string(c.Outcome), err)
	return c, err
}

func (p countedProvider) Refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error) {
	a, err := p.Provider.Refund(ctx, r)
	p.count("refund", string(a.Status), err)
	return a, err
}

func (p countedProvider) LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error) {
	found, err := p.Provider.LookUp(ctx, paymentID)
	p.count("look_up", string(found.Status), err)
	return found, err
}

func (p countedProvider) count(call, outcome string, err error) {
	if err != nil {
		outcome = "unavailable"
		if _, no := errors.AsType[*order.RefusalError](err); no {
			outcome = "refused"
		}
	}
	p.calls.WithLabelValues(p.name, call, outcome).Inc()
}
