package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/audit"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/pricebooks"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
	"holdfast/version"
	"holdfast/worker"
)

// startAudits audits the books now and then, as a scheduled `holdfast audit --store` does.
func (s *Stack) startAudits(ctx context.Context) (func(context.Context) error, error) {
	if s.opts.WithoutHoldfast || s.opts.AuditEvery == 0 {
		return nothing, nil
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if err := s.audit(run); err != nil && run.Err() == nil {
				s.log().WarnContext(run, "the audit failed", "error", err)
			}
			select {
			case <-run.Done():
				return
			case <-time.After(s.opts.AuditEvery):
			}
		}
	}()
	return func(context.Context) error {
		stop()
		<-done
		return nil
	}, nil
}

// audit audits the books once, and stores the report.
func (s *Stack) audit(ctx context.Context) error {
	cold, err := s.coldOrders(ctx)
	if err != nil {
		return err
	}
	ran := audit.Ran{BegunAt: time.Now().UTC(), Version: version.String()}
	report, err := audit.Run(ctx, audit.Config{
		Books: audit.NewRedisBooks(s.redis), Orders: sagaclient.New(s.Temporal, s.Namespace), Cold: cold,
		Numbers: tracking.New(s.redis, time.Now), Adapters: worker.Carriers(),
		PriceBooks: pricebooks.New(s.redis, customers.New(s.redis)), Coupons: coupons.New(s.redis),
	})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	ran.EndedAt = time.Now().UTC()
	return audits.New(s.redis).Put(ctx, report.Stored(ran))
}

// coldOrders returns nil if there is no complete view of the orders.
func (s *Stack) coldOrders(ctx context.Context) (audit.ColdOrders, error) {
	if s.Index == nil {
		return nil, nil //nolint:nilnil // no view is not an error
	}
	stale, err := s.Index.Stale(ctx)
	if errors.Is(err, search.ErrUnavailable) || slices.Contains(stale, search.ViewOrders) {
		return nil, nil //nolint:nilnil // as without one
	}
	return s.Index, err
}
