package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// change is a request that changes an order after its payment. It is tried on a copy of the order: by
// the update's validator, which rejects what the order can't do without a trace in history, and again
// in its turn.
type change struct {
	// update is the name of the update; id is what it is about, if that has an id.
	update, id string
	byCustomer bool
	// settles means that it closes or settles the order or a part of it, or makes that possible. Limits
	// leave room for it.
	settles bool
	// unpaid means that the request also makes sense before the order is paid.
	unpaid bool
	// gifts means that it may concern gifts, see orderSaga.giftsGo.
	gifts bool
	// made returns the fingerprint of the request that already made this change, if one did; it
	// is nil for changes that can be made again.
	made func(o *order.Order) (fingerprint string, done bool)
	// fingerprint of the request, to recognize another one under the same id.
	fingerprint string
	// apply makes the change on a copy of the order.
	apply func(o *order.Order, at time.Time) (plan, error)
}

// plan is what has to be done for a change, besides recording it.
type plan struct {
	// packages that the change touched.
	packages []string
	// take takes new units from stock, which may be refused. Nothing else happens then.
	take *units
	// watch adds and removes the owner of tracking numbers.
	watch *activities.WatchPackageParams
	// restock returns units to stock, and refund returns money to the buyer.
	restock *units
	refund  *order.Refund
	// rest means that whatever else is left of the payment goes back, too.
	rest bool
	// unwind means that the order has nothing left: what Redis doesn't know as sold any more is
	// released, too.
	unwind bool
}

// changes makes a change that was requested, in its turn. It decides first: whatever happens to the
// request, the decision is in history before anything else is done.
func (s *orderSaga) changes(r *request) {
	c := r.change
	if c.gifts && s.order.HasGifts() {
		s.giftsGo = workflow.GetVersion(s.ctx, "gifts-go-with-their-causes", workflow.DefaultVersion, 1) != workflow.DefaultVersion
	}
	next, p, refusal := s.tried(c)
	if refusal != nil {
		r.answer = refusal
		return
	}
	if short := s.carryOut(c, &next, p); len(short) > 0 {
		r.answer = s.answerTo(c, saga.VerdictNoStock)
		r.answer.Shortages = short
		return
	}
	s.become(next, p.packages)
	if p.rest {
		s.refundRest()
	}
	s.endWait()
	r.answer = s.answerTo(c, saga.VerdictDone)
}

// refundRest returns what is left of the payment of an order that has nothing left, such as its shipping. The
// parts that were given up have refunds of their own, which the order's document names by now.
func (s *orderSaga) refundRest() {
	if s.payment == nil {
		return
	}
	rest := s.payment.Amount
	for _, part := range s.order.OwedParts() {
		rest -= part.Amount
	}
	if rest > 0 && workflow.GetVersion(s.ctx, "rest-goes-back", workflow.DefaultVersion, 1) != workflow.DefaultVersion {
		s.refund(*s.payment, order.RefundCancelled)
	}
}

// endWait says that the scans that waited for a package are recorded. If that fails, they are passed on
// once more, and dropped.
func (s *orderSaga) endWait() {
	if len(s.waited) == 0 {
		return
	}
	params := activities.TakenScansParams{OrderID: s.order.ID, Scans: s.waited}
	s.waited = nil
	err := workflow.ExecuteLocalActivity(activities.Quick(s.ctx, "end the wait of scans"), activities.NameTakenScans, params).Get(s.ctx, nil)
	if err != nil {
		s.log().Warn("scans still wait although their package has them", "error", err)
	}
}

// tried makes the change on a copy of the order. It returns the answer instead, if the order can't do
// it or has done it before.
func (s *orderSaga) tried(c *change) (order.Order, plan, *saga.Answer) {
	if refusal := s.untimely(c); refusal != nil {
		return order.Order{}, plan{}, refusal
	}
	at, next := s.now(), s.order.Clone()
	if next.Fulfilment == nil && next.Status == order.StatusPaid { // placed before packages existed
		next.Fulfil(at)
	}
	p, err := c.apply(&next, at)
	if err == nil {
		err = next.Fits(c.use())
	}
	if err != nil {
		return order.Order{}, plan{}, s.refusalOf(c, err)
	}
	s.comesToItsEnd(&next, at)
	return next, p, nil
}

// use returns how much room the change has to leave in the order's document.
func (c *change) use() order.Use {
	switch {
	case c.settles:
		return order.UseSettling
	case c.byCustomer:
		return order.UseExtra
	}
	return order.UseWork
}

// untimely answers a change that the order's status doesn't allow, or that was made before.
func (s *orderSaga) untimely(c *change) *saga.Answer {
	if c.made != nil {
		if fingerprint, done := c.made(&s.order); done && fingerprint != c.fingerprint {
			return s.answerTo(c, saga.VerdictKeyReused)
		} else if done {
			return s.answerTo(c, saga.VerdictDone)
		}
	}
	switch {
	case s.order.Closed():
		return s.answerTo(c, saga.VerdictTooLateClosed)
	case s.order.Status.Unpaid() && !c.unpaid:
		return s.answerTo(c, saga.VerdictNotPaid)
	}
	return nil
}

func (s *orderSaga) answerTo(c *change, v saga.Verdict) *saga.Answer {
	return &saga.Answer{Verdict: v, Status: s.order.Status, Version: s.order.Version, ID: c.id, Fingerprint: c.fingerprint}
}

// refusalOf returns the answer to a change that the order refused.
func (s *orderSaga) refusalOf(c *change, err error) *saga.Answer {
	a := s.answerTo(c, "")
	a.Detail = err.Error()
	if short, ok := errors.AsType[*order.UnitsError](err); ok {
		a.Verdict, a.Lines = saga.VerdictUnits, short.Lines
		return a
	}
	for _, known := range refusals {
		if errors.Is(err, known.err) {
			a.Verdict = known.verdict
			return a
		}
	}
	panic("an order refused a change for a reason without an answer: " + err.Error())
}

var refusals = []struct {
	err     error
	verdict saga.Verdict
}{
	{order.ErrOnHold, saga.VerdictOnHold},
	{order.ErrUnknownPackage, saga.VerdictUnknown},
	{order.ErrUnknownEvent, saga.VerdictUnknown},
	{order.ErrUnknownReturn, saga.VerdictUnknown},
	{order.ErrUnknownAlert, saga.VerdictUnknown},
	{order.ErrPackageLeft, saga.VerdictPackageLeft},
	{order.ErrTooManyPackages, saga.VerdictLimit},
	{order.ErrTooManyUndone, saga.VerdictLimit},
	{order.ErrTooManyReturns, saga.VerdictLimit},
	{order.ErrTooManyReturnLines, saga.VerdictLimit},
	{order.ErrTooManyAddresses, saga.VerdictLimit},
	{order.ErrTooManyRemovals, saga.VerdictLimit},
	{order.ErrDocumentTooLarge, saga.VerdictLimit},
	{order.ErrUnresolved, saga.VerdictUnresolved},
	{order.ErrNothingResolved, saga.VerdictResolved},
	{order.ErrUnitsReturned, saga.VerdictReturned},
	{order.ErrDelivered, saga.VerdictDelivered},
	{order.ErrErased, saga.VerdictErased},
	{order.ErrOtherRegion, saga.VerdictOtherRegion},
	{order.ErrWindowOver, saga.VerdictWindowOver},
	{order.ErrReturnOver, saga.VerdictReturnOver},
	{order.ErrReturnNotApproved, saga.VerdictNotApproved},
	{errOtherVersion, saga.VerdictChanged},
}

// errOtherVersion means that the order isn't at the version that the caller saw.
var errOtherVersion = errors.New("the order has changed")

// carryOut does what a change needs, and returns the shortages if new units can't be had. Units move
// before the order says so, and each step can be repeated.
func (s *orderSaga) carryOut(c *change, next *order.Order, p plan) []order.Shortage {
	if p.take != nil {
		if short := s.take(*p.take); len(short) > 0 {
			return short
		}
	}
	switch {
	case p.watch != nil:
		s.watch(next, *p.watch)
	case p.unwind:
		var refused []activities.RestockRefusal
		for _, part := range activities.SplitItems(p.restock.items) {
			refused = append(refused, s.unsellItems(activities.UnwindParams{Return: "cancel", Items: part}, "take back the sale")...)
		}
		s.notRestocked(next, p.restock.id, refused)
	case p.restock != nil:
		s.restock(next, *p.restock)
	case p.take == nil:
		s.patiently(c.update, activities.NameDecide, activities.Decision{OrderID: s.order.ID, Step: c.update, ID: c.id}, nil)
	}
	if p.refund != nil {
		s.startRefund(*p.refund)
	}
	return nil
}

// units are some of the order's units that move, by product, under an id of their own.
type units struct {
	id    string
	actor string
	items map[string][]product.Item
}

// restock returns units to stock.
func (s *orderSaga) restock(next *order.Order, u units) {
	var refused []activities.RestockRefusal
	for _, part := range activities.SplitItems(u.items) {
		var back activities.RestockUnitsResult
		s.patiently("restock "+u.id, activities.NameRestockUnits, activities.RestockUnitsParams{
			OrderID: s.order.ID, PlacedAt: s.placedAt, ReturnID: u.id, Items: part,
		}, &back)
		refused = append(refused, back.Refused...)
	}
	s.notRestocked(next, u.id, refused)
}

// notRestocked leaves the units that the stock refused to an operator.
func (s *orderSaga) notRestocked(next *order.Order, unitsID string, refused []activities.RestockRefusal) {
	for _, r := range refused {
		next.NotRestocked(r.ProductID, r.SKU, r.Units)
		next.Raise(order.Alert{
			Rule: order.RuleRestockRefused, ID: order.AlertID(order.RuleRestockRefused, unitsID, r.ProductID, r.SKU),
			Detail: fmt.Sprintf("%d units of %s %s: %s", r.Units, r.ProductID, r.SKU, r.Reason),
		})
	}
	if len(refused) > 0 {
		next.Step("restock_refused", order.ActorSystem, s.now(), nil)
	}
}

// take takes new units from stock, all or none of them, and returns what is short.
func (s *orderSaga) take(u units) []order.Shortage {
	parts := activities.SplitItems(u.items)
	for i, part := range parts {
		var taken activities.TakeUnitsResult
		s.patiently("take "+u.id, activities.NameTakeUnits, s.taking(u, part), &taken)
		if len(taken.Shortages) == 0 {
			continue
		}
		for _, before := range parts[:i] {
			back := s.taking(u, before)
			back.PutBack = true
			s.patiently("put back "+u.id, activities.NameTakeUnits, back, nil)
		}
		return taken.Shortages
	}
	return nil
}

func (s *orderSaga) taking(u units, part map[string][]product.Item) activities.TakeUnitsParams {
	return activities.TakeUnitsParams{OrderID: s.order.ID, PlacedAt: s.placedAt, TakingID: u.id, Actor: u.actor, Items: part}
}

// patiently runs a regular activity that never gives up.
func (s *orderSaga) patiently(summary, activity string, params, result any) {
	s.must(workflow.ExecuteActivity(activities.Patient(s.ctx, summary), activity, params).Get(s.ctx, result), activity)
}

// become makes the order what it is after a change, and records it with the packages that changed.
func (s *orderSaga) become(next order.Order, packages []string) {
	before := s.order
	s.order = next
	s.recordParts(packages)
	s.tellNodes(&before)
	if saga.ListedStatus(s.order.Status) != saga.ListedStatus(before.Status) {
		s.setStatusAttribute()
	}
	s.show()
}

// recordParts stores the order and the packages that changed. A step whose decision is in history
// gives the same answer when it runs again, so it is a local activity. While the store is away, the
// saga waits between its attempts, because a regular activity would put the whole order into history
// with each change.
func (s *orderSaga) recordParts(packages []string) {
	params := s.recordParams()
	params.Changed = append([]string{}, packages...)
	summary := "record as " + string(s.order.Status)
	for pause := time.Second; ; pause = min(2*pause, maxPause) {
		err := workflow.ExecuteLocalActivity(activities.QuickRecord(s.ctx, summary), activities.NameRecordOrder, params).Get(s.ctx, nil)
		if err == nil {
			s.unwritten = map[string]order.Attempt{}
			return
		}
		s.log().Warn("an order could not be recorded and is recorded again", "error", err)
		if err := workflow.Sleep(s.ctx, pause); err != nil {
			panic("the pause was cancelled: " + err.Error())
		}
	}
}

// maxPause bounds the pause between two attempts to record an order.
const maxPause = time.Minute
