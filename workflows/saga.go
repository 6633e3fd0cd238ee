package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
)

// orderSaga is the state of one order's workflow.
type orderSaga struct {
	// ctx is disconnected from the workflow's cancellation: a request to cancel is a
	// message like any other, and interrupts no step.
	ctx workflow.Context
	// asked is done once Temporal was asked to cancel the workflow.
	asked workflow.Context

	placement order.Placement
	placedAt  time.Time
	order     order.Order
	// try numbers the attempts to hold.
	try int
	// decided means that the placement can be answered.
	decided bool
	// awaited is the condition that the saga waits for, nil while it works.
	awaited func() bool
	// heldAt is the length of the history when a local activity held the stock. While the
	// length is unchanged, the hold is not in history yet.
	heldAt int

	payments workflow.ReceiveChannel
	delisted workflow.ReceiveChannel
	scans    workflow.ReceiveChannel
	erased   workflow.ReceiveChannel
	requests []*request
	crowd    crowd
	refused  *order.PaymentEvent
	payment  *order.PaymentEvent // the one that the order takes
	sold     bool                // by this run
	// giftsGo means that gifts that aren't packed go with lost units, and delivered ones come back no sooner
	// than with the last of them that the buyer gets. Earlier versions did neither.
	giftsGo   bool
	attempts  map[string]order.Attempt
	unwritten map[string]order.Attempt

	// payable are the payments that a provider may still collect: at most one, unless a
	// provider didn't answer.
	payable []payable
	// numbered counts the attempts.
	numbered int
	// found are successes that no message reported: a provider revealed them when asked.
	found []order.PaymentEvent
	// asksBack counts the requests to cancel the order after it was paid.
	asksBack int
	// served counts the requests to a paid order that an earlier version placed.
	served int
	timer  wakeup
	// waited are scans that arrived before their package; they wait until it is recorded with them.
	waited []saga.Scan
	// heard are scans that a terminated run of the workflow received.
	heard []saga.Scan
	// changesOf makes the change that an update asks for, by the update's name.
	changesOf map[string]func(body []byte) (*change, error)
	// commands are the shop's, for events of this order.
	commands commands
	// ends is how the order will end, once no money can arrive any more.
	ends *ending
	// asking means that providers are asked to end the payments of an unpaid order, or that
	// one of them answered that it is paid and the order isn't sold yet.
	asking bool
	// continued is set once the workflow is to go on as a new run.
	continued *order.Continued
}

// request is an update that waits for the saga's answer.
type request struct {
	cancel  *saga.CancelRequest
	pay     *saga.PayRequest
	deliver *saga.DeliverRequest
	change  *change
	answer  *saga.Answer
}

// ending is how an unpaid order ends, with the request that asked for it, if any.
type ending struct {
	status  order.Status
	reason  order.Reason
	actor   string
	note    string
	request *request
}

func openSaga(ctx workflow.Context, p order.Placement) (*orderSaga, error) {
	own, _ := workflow.NewDisconnectedContext(ctx)
	placedAt := workflow.GetInfo(ctx).WorkflowStartTime
	s := &orderSaga{
		ctx: own, asked: ctx, placement: p, placedAt: placedAt, order: order.New(p, placedAt),
		payments: workflow.GetSignalChannel(ctx, saga.PaymentSignal),
		delisted: workflow.GetSignalChannel(ctx, saga.DelistedSignal),
		scans:    workflow.GetSignalChannel(ctx, saga.ScanSignal),
		erased:   workflow.GetSignalChannel(ctx, saga.ErasedSignal),
		attempts: map[string]order.Attempt{}, unwritten: map[string]order.Attempt{},
		changesOf: map[string]func([]byte) (*change, error){},
	}
	s.show()
	return s, s.listen()
}

// listen registers the handlers. None of them changes the order.
func (s *orderSaga) listen() error {
	if err := workflow.SetQueryHandler(s.ctx, saga.OrderQuery, func() (order.Order, error) {
		return s.order, nil
	}); err != nil {
		return fmt.Errorf("register a query: %w", err)
	}
	if err := workflow.SetQueryHandler(s.ctx, saga.PaymentsQuery, func() (map[string]order.Attempt, error) {
		return s.attempts, nil
	}); err != nil {
		return fmt.Errorf("register a query: %w", err)
	}
	if err := workflow.SetUpdateHandler(s.ctx, saga.PlaceUpdate, func(ctx workflow.Context) (order.Outcome, error) {
		awaitIn(ctx, func() bool { return s.decided })
		return s.outcome(), nil
	}); err != nil {
		return fmt.Errorf("register the placement: %w", err)
	}
	if err := workflow.SetUpdateHandlerWithOptions(s.ctx, saga.CancelUpdate,
		func(ctx workflow.Context, c saga.CancelRequest) (saga.Answer, error) {
			return s.ask(ctx, &request{cancel: &c}), nil
		}, workflow.UpdateHandlerOptions{
			Validator: func(c saga.CancelRequest) error { return s.refuse(&request{cancel: &c}) },
		}); err != nil {
		return fmt.Errorf("register the cancellation: %w", err)
	}
	if err := workflow.SetUpdateHandlerWithOptions(s.ctx, saga.PayUpdate,
		func(ctx workflow.Context, p saga.PayRequest) (saga.Answer, error) {
			return s.ask(ctx, &request{pay: &p}), nil
		}, workflow.UpdateHandlerOptions{
			Validator: func(p saga.PayRequest) error { return s.refuse(&request{pay: &p}) },
		}); err != nil {
		return fmt.Errorf("register the payment request: %w", err)
	}
	if err := workflow.SetUpdateHandlerWithOptions(s.ctx, saga.DeliverUpdate,
		func(ctx workflow.Context, d saga.DeliverRequest) (saga.Answer, error) {
			return s.ask(ctx, &request{deliver: &d}), nil
		}, workflow.UpdateHandlerOptions{
			Validator: func(d saga.DeliverRequest) error { return s.refuse(&request{deliver: &d}) },
		}); err != nil {
		return fmt.Errorf("register the delivery: %w", err)
	}
	return s.listenToChanges()
}

// ask puts a request in the mail and waits for its answer.
func (s *orderSaga) ask(ctx workflow.Context, r *request) saga.Answer {
	s.crowd.enter(r)
	s.requests = append(s.requests, r)
	awaitIn(ctx, func() bool { return r.answer != nil })
	s.crowd.leave(r)
	return *r.answer
}

// answer sends the order's state to a request; nil stands for no request.
func (s *orderSaga) answer(r *request) {
	if r == nil {
		return
	}
	a := s.judge(r)
	r.answer = &a
}

// judge returns the answer to a request in the order's current state.
func (s *orderSaga) judge(r *request) saga.Answer {
	if r.change != nil {
		if a := s.untimely(r.change); a != nil {
			return *a
		}
		return *s.answerTo(r.change, saga.VerdictEnding)
	}
	a := saga.Answer{Verdict: s.verdict(r), Status: s.order.Status, Version: s.order.Version}
	switch {
	case r.pay != nil && a.Verdict == saga.VerdictDone:
		a.Payment = s.openPayment(r.pay.Provider)
	case r.cancel != nil:
		a.Fingerprint = r.cancel.Fingerprint
	}
	return a
}

// refuse rejects a request that the order's status already answers, or that exceeds a
// limit. What a validator rejects leaves no trace in history. In the middle of a step the
// status is about to change, and documents may show the next one already, so the request
// waits.
func (s *orderSaga) refuse(r *request) error {
	var a saga.Answer
	if refusal := s.refuses(r); refusal != nil {
		a = *refusal
	} else if s.atRest() && !s.concerns(r) {
		a = s.judge(r)
	} else if refusal := s.limit(r); refusal != nil {
		a = *refusal
	} else {
		return nil
	}
	return temporal.NewApplicationError("the order is "+string(a.Status), saga.RefusedError, a)
}

// refuses returns the answer to a change that the order can't make, or made before; nil if it can, and
// while the saga is in the middle of a step.
func (s *orderSaga) refuses(r *request) *saga.Answer {
	c := r.change
	switch {
	case !s.atRest():
		return nil
	case c == nil && s.order.Fulfilment == nil:
		return nil
	case r.deliver != nil:
		c = s.delivery(*r.deliver)
	case r.cancel != nil:
		c = s.cancellation(*r.cancel)
	case c == nil:
		return nil
	}
	_, _, refusal := s.tried(c)
	return refusal
}

// concerns reports whether the request would change something. Another cancellation
// doesn't, if the order will be cancelled as soon as its provider answers. Another request
// to pay returns the payment that is open.
func (s *orderSaga) concerns(r *request) bool {
	status := s.order.Status
	switch {
	case r.change != nil:
		return !status.Unpaid() || s.ends == nil
	case r.cancel != nil:
		return !s.order.Closed() && !s.cancelling()
	case r.pay != nil:
		return status.Unpaid() && s.ends == nil && s.openPayment(r.pay.Provider) == nil
	}
	return status.TookPayment() && !s.order.Closed()
}

// cancelling reports whether a cancellation waits for the provider's answer.
func (s *orderSaga) cancelling() bool {
	return s.ends != nil && (s.ends.request != nil ||
		slices.ContainsFunc(s.requests, func(r *request) bool { return r.cancel != nil }))
}

func (s *orderSaga) verdict(r *request) saga.Verdict {
	wanted := order.StatusCancelled
	switch {
	case r.deliver != nil:
		wanted = order.StatusDelivered
	case r.pay != nil && s.order.Status == order.StatusCancelled:
		return saga.VerdictTooLateClosed
	case r.deliver == nil && s.order.Status.Unpaid() && s.ends != nil:
		return saga.VerdictEnding
	case r.pay != nil && s.order.Status.Unpaid():
		return saga.VerdictDone
	}
	switch {
	case s.order.Status == wanted:
		return saga.VerdictDone
	case s.order.Closed():
		return saga.VerdictTooLateClosed
	case r.deliver != nil:
		return saga.VerdictNotPaid
	default:
		return saga.VerdictTooLatePaid
	}
}

// outcome answers the placement. An order that was held stays placed, whatever happened to
// it later.
func (s *orderSaga) outcome() order.Outcome {
	o := order.Outcome{Status: s.order.Status, Version: s.order.Version, Fingerprint: s.placement.Fingerprint}
	if o.Status == order.StatusRejected {
		o.Reason, o.Shortages, o.Coupons = s.order.CancelReason, s.order.Shortages, s.order.RefusedCoupons
	}
	return o
}

func (s *orderSaga) result() order.Result {
	r := order.Result{
		OrderID: s.order.ID, Status: s.order.Status, Version: s.order.Version,
		Reason: s.order.CancelReason, Shortages: s.order.Shortages, Coupons: s.order.RefusedCoupons,
		Fingerprint: s.placement.Fingerprint,
	}
	if s.order.Payment.Status == order.PaymentPaid {
		r.Provider, r.PaymentID = s.order.Payment.Provider, s.order.Payment.ID
	}
	if s.placement.Resumed != nil {
		r.PlacedAt = s.placedAt
	}
	return r
}

// show puts the order's current state on its page in the web UI.
func (s *orderSaga) show() {
	workflow.SetCurrentDetails(s.ctx, saga.OrderDetails(&s.order, s.unresolved()))
}

// setStatusAttribute makes the order searchable by its status. Each call is an event: one
// when paid, one when closed.
func (s *orderSaga) setStatusAttribute() {
	if err := workflow.UpsertTypedSearchAttributes(s.ctx, saga.OrderStatus.ValueSet(saga.ListedStatus(s.order.Status))); err != nil {
		s.log().Error("search attribute was not set", "error", err)
	}
}

func (s *orderSaga) now() time.Time { return workflow.Now(s.ctx) }

func (s *orderSaga) log() log.Logger { return workflow.GetLogger(s.ctx) }

// await blocks the saga until cond is true.
func (s *orderSaga) await(cond func() bool) {
	s.awaited = cond
	awaitIn(s.ctx, cond)
	s.awaited = nil
}

// atRest reports whether the saga waits and nothing that it waits for has arrived. Its
// status is then what it would answer.
func (s *orderSaga) atRest() bool { return s.awaited != nil && !s.awaited() }

// awaitIn blocks the coroutine of ctx until cond is true, whether or not the workflow's
// cancellation was requested.
func awaitIn(ctx workflow.Context, cond func() bool) {
	own, _ := workflow.NewDisconnectedContext(ctx)
	if err := workflow.Await(own, cond); err != nil {
		panic(fmt.Errorf("await ended early: %w", err))
	}
}
