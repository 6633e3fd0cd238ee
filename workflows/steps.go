package workflows

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// maxTries bounds the attempts to hold: two in this run, plus those of runs before a reset.
const maxTries = 16

// hold asks for the stock: first quickly, and if that fails patiently, until the payment
// window ends.
func (s *orderSaga) hold(at time.Time) (order.Holding, error) {
	params := activities.HoldParams{
		Placement: s.placement, PlacedAt: s.placedAt, Try: s.try, InTurn: s.try > 1, At: at,
	}
	summary := "hold " + saga.Plural(len(s.order.Lines), "line") + ", try " + fmt.Sprint(s.try)
	var h order.Holding
	err := workflow.ExecuteLocalActivity(activities.Quick(s.ctx, summary), activities.NameHoldStock, params).Get(s.ctx, &h)
	if err == nil {
		s.heldAt = s.historyLength()
	}
	if err == nil || isBug(err) {
		return h, err
	}
	left := s.order.Payment.Deadline.Sub(s.now())
	if left <= 0 {
		return h, err
	}
	err = workflow.ExecuteActivity(activities.PatientUntil(s.ctx, left, summary), activities.NameHoldStock, params).Get(s.ctx, &h)
	return h, err
}

// historyLength is the history's length at the current task; it is the same in a replay.
func (s *orderSaga) historyLength() int { return workflow.GetInfo(s.ctx).GetCurrentHistoryLength() }

// isBug reports whether an error is one that no retry can fix.
func isBug(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.NonRetryable()
}

// release gives back everything that the order's tries so far hold. The event that
// schedules it makes the decision durable.
func (s *orderSaga) release(reason string) {
	s.must(workflow.ExecuteActivity(activities.Patient(s.ctx, "release: "+reason), activities.NameReleaseStock,
		activities.ReleaseParams{
			OrderID: s.order.ID, PlacedAt: s.placedAt, ProductIDs: s.order.ProductIDs(), Coupons: s.order.CouponCodes(),
			Try: s.try, Reason: reason,
		}).Get(s.ctx, nil), activities.NameReleaseStock)
}

// commit sells what the order holds and records it as paid. It returns what the order had lost;
// in that case nothing was recorded.
func (s *orderSaga) commit(paid order.Order) activities.CommitResult {
	var res activities.CommitResult
	summary := "commit, paid " + saga.Money(paid.Amounts[order.AmountPaid], paid.Currency)
	payments := maps.Clone(s.unwritten)
	if s.payment != nil {
		payments[s.payment.Key()] = order.NewAttempt(*s.payment, true)
	}
	params := activities.CommitParams{Order: paid, Payments: payments, Try: s.try, Network: s.placement.Network}
	s.quickThenPatient(summary, activities.NameCommitStock, params, &res)
	if !res.Any() {
		s.unwritten = map[string]order.Attempt{}
	}
	return res
}

// markTaken notes that the order's units are sold for its payment. That is stored together
// with the sale or, if some units had to be held again first, with the next record.
func (s *orderSaga) markTaken() {
	if s.payment == nil {
		return
	}
	taken := order.NewAttempt(*s.payment, true)
	s.attempts[taken.Key()] = taken
	if _, due := s.unwritten[taken.Key()]; due {
		s.unwritten[taken.Key()] = taken
	}
}

// reclaim holds and sells again what a paid order lost, whatever the current listing and
// price, and uses its coupons, whatever their limits. It returns the products that can't be
// had.
func (s *orderSaga) reclaim(lost activities.CommitResult) []string {
	s.try++
	reqs := make([]product.HoldRequest, 0, len(lost.Lost))
	for _, id := range lost.Lost {
		r := product.HoldRequest{
			ProductID: id, OrderID: s.order.ID, PlacedAt: s.placedAt, Try: s.try,
			Deadline: s.order.Payment.Deadline, Force: true,
		}
		for _, it := range s.order.Items(id) {
			r.Lines = append(r.Lines, product.HoldLine{SKU: it.SKU, Quantity: it.Quantity, Price: product.AnyPrice})
		}
		reqs = append(reqs, r)
	}
	params := activities.ReclaimParams{OrderID: s.order.ID, Requests: reqs}
	if len(lost.LostCoupons) > 0 {
		params.Coupons, params.PlacedAt, params.Try = s.order.Sale(s.try).Coupons, s.placedAt, s.try
	}
	var res activities.CommitResult
	s.must(workflow.ExecuteActivity(activities.Patient(s.ctx, "hold again what was lost"), activities.NameReclaimStock,
		params).Get(s.ctx, &res), activities.NameReclaimStock)
	return res.Lost
}

// unwind ends a paid order whose units are gone: sold units are restocked, the payment is
// refunded, and no other payment can be made.
func (s *orderSaga) unwind(lost []string) {
	s.order.Close(order.StatusCancelled, order.ReasonNoStock, order.ActorSystem, s.now())
	if s.payment != nil {
		s.refund(*s.payment, order.RefundNoStock) // first, so that the buyer doesn't wait for the restock
	}
	others := s.endOthersOfUnsold()
	s.unsell(activities.UnwindParams{Lost: lost}, "take back a sale without stock")
	s.recordClosed()
	if others != nil {
		s.follow(others)
		s.record() // the outcome of the other payments
	}
}

// unsell restocks what the order bought.
func (s *orderSaga) unsell(p activities.UnwindParams, summary string) {
	p.Items = make(map[string][]product.Item)
	for _, id := range s.order.ProductIDs() {
		p.Items[id] = s.order.Items(id)
	}
	s.unsellItems(p, summary)
}

// unsellItems restocks the given part of what the order bought, and returns what the stock refused.
func (s *orderSaga) unsellItems(p activities.UnwindParams, summary string) []activities.RestockRefusal {
	p.OrderID, p.PlacedAt, p.Try = s.order.ID, s.placedAt, s.try
	var res activities.UnwindResult
	s.patiently(summary, activities.NameUnwindSale, p, &res)
	return res.Refused
}

// record stores the order's document and its payments.
func (s *orderSaga) record() {
	if s.order.Fulfilment != nil {
		s.recordParts(nil)
		return
	}
	s.quickThenPatient("record as "+string(s.order.Status), activities.NameRecordOrder,
		s.recordParams(), nil)
	s.unwritten = map[string]order.Attempt{}
}

// recordParams are those of every record of the order.
func (s *orderSaga) recordParams() activities.RecordParams {
	return activities.RecordParams{Order: s.order, Payments: s.unwritten, Try: s.try, Network: s.placement.Network}
}

// recordClosed stores the order's last document and makes it searchable by its outcome.
func (s *orderSaga) recordClosed() {
	s.record()
	s.setStatusAttribute()
	s.show()
}

// recordDurably closes an order because of an update. An update is not in history before
// its task completes: if a local activity wrote the document, a crash of Temporal could
// leave it describing a decision that was lost.
func (s *orderSaga) recordDurably() {
	s.must(workflow.ExecuteActivity(activities.Patient(s.ctx, "record as "+string(s.order.Status)), activities.NameRecordOrder,
		s.recordParams()).Get(s.ctx, nil), activities.NameRecordOrder)
	s.unwritten = map[string]order.Attempt{}
	s.setStatusAttribute()
	s.show()
}

// quickThenPatient runs a step that gives the same answer whenever it runs again: as a
// local activity and, if that fails, as a regular one that keeps retrying. In the task that
// held the stock, history doesn't record the hold yet: if the task ran again while Redis
// was away, the order could be rejected instead. So what follows there, such as the sale of
// a free order, is a regular activity from the start. So is what follows while providers
// are asked to end an order's payments.
func (s *orderSaga) quickThenPatient(summary, activity string, params, result any) {
	if s.heldAt != s.historyLength() && !s.mayDiffer() {
		err := workflow.ExecuteLocalActivity(activities.Quick(s.ctx, summary), activity, params).Get(s.ctx, result)
		if err == nil {
			return
		}
		s.log().Warn("a quick step failed and is retried patiently", "activity", activity, "error", err)
	}
	s.must(workflow.ExecuteActivity(activities.Patient(s.ctx, summary), activity, params).Get(s.ctx, result), activity)
}

// mayDiffer reports whether the next step could be another one if its task ran again. While
// a provider is asked to end payments, the task that runs again may have received its
// answer, or one more callback, and handle that first: the provider's answer that a payment
// was cancelled makes its callback a repeated one, and a payment that arrived overtakes the
// note that none did. A document that the lost run wrote under a version would then keep
// the document that history produces under the same version from being stored.
func (s *orderSaga) mayDiffer() bool {
	return s.asking && workflow.GetVersion(s.ctx, "ending-durably", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// must stops the workflow if a step that never gives up gave up, which is a bug. The task
// fails and is retried until the code is fixed; nothing is lost.
func (s *orderSaga) must(err error, activity string) {
	if err != nil {
		panic(fmt.Errorf("activity %s gave up: %w", activity, err))
	}
}

// refund starts the workflow that returns a payment. Its id is made of the payment, so that
// any other code that finds the payment starts the same one.
func (s *orderSaga) refund(p order.PaymentEvent, reason order.RefundReason) {
	p.OrderID = s.order.ID
	s.startRefund(order.RefundOf(p, reason))
}

func (s *orderSaga) startRefund(r order.Refund) { s.must(startRefund(s.ctx, r), saga.RefundType) }
