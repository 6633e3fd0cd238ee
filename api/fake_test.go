package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc"

	"holdfast/api"
	"holdfast/coupons"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/records"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// fakeTemporal behaves like Temporal for orders whose sagas are plain calls: it holds, commits and
// releases on the real entities. It exists for answers that a real server can't be made to give.
type fakeTemporal struct {
	client.Client

	stock   *inventory.Store
	docs    *records.Store
	coupons *coupons.Store // nil if no order has coupons

	mu     sync.Mutex
	sagas  map[string]*fakeSaga
	starts []fakeStart
	// down: nothing can be reached. stuck: workflows start, but no worker is
	// there. closedAnswers: an update of a closed workflow finds its answer.
	down, stuck, closedAnswers bool
	// namespace is Temporal's answer to a request for the namespace.
	namespace error
	// lost is how many answers of refunds that were taken don't come back.
	lost int
	// maxSignals is how many signals of a workflow are taken.
	maxSignals int
	// queries counts the queries of workflows, described how often one was described.
	queries, described int
	// mute: workflows are there and can't answer, for this reason.
	mute error
	// beforeClaims runs once an order's stock is held.
	beforeClaims func()
	// updateIDs are those that requests came under.
	updateIDs map[string]bool
	// refunds by workflow id; listed is what a list of them answers.
	refunds map[string]*order.Refund
	// disputes by workflow id: those that have a workflow.
	disputes map[string]*order.Dispute
	// decided are the answers to decisions, by workflow and update id.
	decided map[string]order.Refund
	listed  []*workflowpb.WorkflowExecutionInfo
}

type fakeSaga struct {
	order               order.Order
	placement           order.Placement
	outcome             order.Outcome
	memo                map[string]any
	started             time.Time
	signals             []order.PaymentEvent
	scans               []saga.Scan
	signalled           map[string]bool // by the ids of their requests
	endedByHand, closed bool
	// midStep: the saga is at work, so that its validator lets every request in.
	midStep bool
	// answers of updates that were let in, by id: Temporal remembers them.
	answers map[string]saga.Answer
	// failures of updates, by id.
	failures map[string]error
	// cancels is the saga's answer to a cancellation; nil means that it is done.
	cancels *saga.Answer
	// changes is the saga's answer to a request that changes a paid order.
	changes *saga.Answer
	// pays is the saga's answer to a request for a payment; nil means a new payment.
	pays *saga.Answer
}

// fakeStart is one workflow that was asked for.
type fakeStart struct {
	options client.StartWorkflowOptions
	kind    string
	arg     any
	// signal that it was started with, if it was.
	signal    string
	signalArg any
}

func (fakeStart) Get(context.Context) (client.WorkflowRun, error) { return nil, nil } //nolint:nilnil // not used

func newFake(stock *inventory.Store, docs *records.Store) *fakeTemporal {
	return &fakeTemporal{
		stock: stock, docs: docs, sagas: map[string]*fakeSaga{}, updateIDs: map[string]bool{}, closedAnswers: true,
		refunds: map[string]*order.Refund{}, disputes: map[string]*order.Dispute{}, decided: map[string]order.Refund{}, maxSignals: 10_000,
	}
}

// asSagas is the sagas by way of this Temporal.
func (f *fakeTemporal) asSagas() api.Sagas { return sagaclient.New(f, "") }

var errDown = serviceerror.NewUnavailable("connection refused")

func (f *fakeTemporal) set(change func(*fakeTemporal)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeTemporal) NewWithStartWorkflowOperation(
	o client.StartWorkflowOptions, kind any, args ...any,
) client.WithStartWorkflowOperation {
	return fakeStart{options: o, kind: kind.(string), arg: args[0]}
}

func (f *fakeTemporal) UpdateWithStartWorkflow(
	ctx context.Context, o client.UpdateWithStartWorkflowOptions,
) (client.WorkflowUpdateHandle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(errDown)
	}
	start := o.StartWorkflowOperation.(fakeStart)
	if start.kind == saga.RefundType {
		return f.startRefund(start)
	}
	s, ok := f.sagas[start.options.ID]
	switch {
	case !ok:
		s = &fakeSaga{placement: start.arg.(order.Placement), memo: start.options.Memo, started: time.Now()}
		s.order = order.New(s.placement, s.started)
		f.sagas[start.options.ID] = s
		f.starts = append(f.starts, start)
		if f.mute != nil {
			return nil, f.mute
		}
		if !f.stuck {
			if err := f.place(ctx, s); err != nil {
				return nil, err
			}
		}
	case f.mute != nil:
		return nil, f.mute
	case s.closed && !f.closedAnswers:
		return nil, fmt.Errorf("failed workflow start: %w",
			serviceerror.NewWorkflowExecutionAlreadyStarted("already started", "", ""))
	}
	if s.order.Status == order.StatusReserving {
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
	}
	return fakeHandle{answer: s.outcome}, nil
}

// place is the saga's first step, on the real entities.
func (f *fakeTemporal) place(ctx context.Context, s *fakeSaga) error {
	p := s.placement
	holds, err := f.stock.Hold(ctx, p.HoldRequests(1, s.order.PlacedAt))
	if err != nil {
		return nil //nolint:nilerr // the saga would go on trying: undecided
	}
	holding, err := order.Combine(p, holds)
	if err != nil {
		return err
	}
	if f.beforeClaims != nil {
		f.beforeClaims()
	}
	if holding.Held {
		claims, err := f.coupons.Claim(ctx, p.CouponClaims(1, s.order.PlacedAt))
		if err != nil {
			return err
		}
		holding.Claimed(claims)
	}
	if holding.Held {
		err = s.order.Hold(holding, time.Now())
	} else {
		reason := order.Reason(order.Gravest(holding.Shortages))
		if s.order.RefusedCoupons = holding.Coupons; len(holding.Coupons) > 0 {
			reason = order.ReasonCoupon
		}
		s.order.Reject(reason, holding.Shortages, time.Now())
		_, err = f.stock.Release(ctx, s.order.Holder(), 1, s.order.ProductIDs(), "rejected")
		s.closed = true
	}
	if err != nil {
		return err
	}
	s.outcome = order.Outcome{
		Status: s.order.Status, Version: s.order.Version, Reason: s.order.CancelReason,
		Shortages: s.order.Shortages, Coupons: s.order.RefusedCoupons, Fingerprint: p.Fingerprint,
	}
	return f.record(ctx, s)
}

func (f *fakeTemporal) record(ctx context.Context, s *fakeSaga) error {
	rec, err := order.NewRecord(&s.order, nil)
	if err != nil {
		return err
	}
	rec.Network = s.placement.Network
	return f.docs.Put(ctx, rec)
}

func (f *fakeTemporal) UpdateWorkflow(ctx context.Context, o client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.UpdateName == saga.PlaceUpdate {
		return f.placedBefore(o.WorkflowID)
	}
	if d, decides := o.Args[0].(saga.Decision); decides && !f.down {
		return f.decideRefund(o, d)
	}
	if d := f.disputes[o.WorkflowID]; d != nil && !f.down {
		return f.dismiss(ctx, d, o.Args[0].(saga.Dismissal))
	}
	s, ok := f.sagas[o.WorkflowID]
	switch {
	case f.down:
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(errDown)
	case ok && s.closed && f.closedAnswers && s.answers[o.UpdateID].Verdict != "":
		return fakeHandle{answer: s.answers[o.UpdateID]}, nil
	case !ok || s.closed || s.endedByHand:
		return nil, serviceerror.NewNotFound("workflow execution already completed")
	case f.stuck:
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
	case f.mute != nil:
		return nil, f.mute
	}
	f.updateIDs[o.UpdateID] = true
	if err, ok := s.failures[o.UpdateID]; ok {
		return fakeHandle{err: err}, nil
	}
	if known, ok := s.answers[o.UpdateID]; ok {
		return fakeHandle{answer: known}, nil
	}
	answer, err := f.decide(ctx, s, o.Args[0])
	if err != nil {
		return nil, err
	}
	if answer.Verdict != saga.VerdictDone && !s.midStep {
		return fakeHandle{err: temporal.NewApplicationError("refused", saga.RefusedError, answer)}, nil
	}
	if s.answers == nil {
		s.answers = map[string]saga.Answer{}
	}
	s.answers[o.UpdateID] = answer
	return fakeHandle{answer: answer}, nil
}

// placedBefore is the answer to a placement that starts nothing.
func (f *fakeTemporal) placedBefore(id string) (client.WorkflowUpdateHandle, error) {
	s, ok := f.sagas[id]
	switch {
	case f.down:
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(errDown)
	case !ok || (s.closed && !f.closedAnswers):
		return nil, serviceerror.NewNotFound("workflow execution already completed")
	case f.mute != nil:
		return nil, f.mute
	case s.order.Status == order.StatusReserving:
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
	}
	return fakeHandle{answer: s.outcome}, nil
}

// decide does what the request asks for, where the order's status lets it.
func (f *fakeTemporal) decide(ctx context.Context, s *fakeSaga, request any) (saga.Answer, error) {
	if c, ok := s.changeOf(request); ok {
		var by struct{ Actor string }
		if err := copyJSON(request, &by); err != nil {
			return saga.Answer{}, err
		}
		c.actor = by.Actor
		return f.change(ctx, s, c)
	}
	verdict, err := saga.VerdictDone, error(nil)
	switch arg := request.(type) {
	case saga.CancelRequest:
		if s.cancels != nil {
			return *s.cancels, nil
		}
		if o := &s.order; o.Fulfilment != nil && slices.ContainsFunc(o.Removals, func(r order.Removal) bool { return r.ID == arg.PartID }) {
			return saga.Answer{Verdict: saga.VerdictKeyReused}, nil
		}
		if s.order.Fulfilment != nil && len(s.order.PackedUnits()) > 0 {
			return saga.Answer{Verdict: saga.VerdictUnits, Lines: s.order.PackedUnits()}, nil
		}
		if s.order.Status.TookPayment() {
			s.order.CancelPaid(arg.Reason, arg.Actor, time.Now())
			s.order.Remark(arg.Note)
			s.closed = true
			break
		}
		s.order.Close(order.StatusCancelled, arg.Reason, arg.Actor, time.Now())
		s.order.Remark(arg.Note)
		s.closed = true
		_, err = f.stock.Release(ctx, s.order.Holder(), 1, s.order.ProductIDs(), "cancelled")
	case saga.PayRequest:
		return f.pay(s, arg), nil
	case saga.DeliverRequest:
		if s.order.Status != order.StatusPaid {
			verdict = saga.VerdictNotPaid
			break
		}
		s.order.Deliver(arg.Actor, time.Now())
		s.closed = true
	}
	if err == nil {
		err = f.record(ctx, s)
	}
	answer := saga.Answer{Verdict: verdict, Status: s.order.Status, Version: s.order.Version}
	if c, cancels := request.(saga.CancelRequest); cancels {
		answer.Fingerprint = c.Fingerprint
	}
	return answer, err
}

// WorkflowService is Temporal as far as signals go.
func (f *fakeTemporal) WorkflowService() workflowservice.WorkflowServiceClient {
	return fakeService{fake: f}
}

type fakeService struct {
	workflowservice.WorkflowServiceClient
	fake *fakeTemporal
}

func (s fakeService) DescribeNamespace(
	context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption,
) (*workflowservice.DescribeNamespaceResponse, error) {
	s.fake.mu.Lock()
	defer s.fake.mu.Unlock()
	return &workflowservice.DescribeNamespaceResponse{}, s.fake.namespace
}

func (s fakeService) SignalWorkflowExecution(
	ctx context.Context, r *workflowservice.SignalWorkflowExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.SignalWorkflowExecutionResponse, error) {
	if r.GetSignalName() == saga.ScanSignal {
		var scan saga.Scan
		err := converter.GetDefaultDataConverter().FromPayloads(r.GetInput(), &scan)
		if err == nil {
			err = s.fake.scan(ctx, r.GetWorkflowExecution().GetWorkflowId(), r.GetRequestId(), scan)
		}
		return &workflowservice.SignalWorkflowExecutionResponse{}, err
	}
	var e order.PaymentEvent
	err := converter.GetDefaultDataConverter().FromPayloads(r.GetInput(), &e)
	if err == nil {
		err = s.fake.signal(ctx, r.GetWorkflowExecution().GetWorkflowId(), r.GetRequestId(), e)
	}
	return &workflowservice.SignalWorkflowExecutionResponse{}, err
}

func (f *fakeTemporal) scan(ctx context.Context, id, requestID string, scan saga.Scan) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, known, err := f.take(id, requestID)
	if err != nil || known {
		return err
	}
	s.scans = append(s.scans, scan)
	if f.stuck || s.order.Fulfilment == nil {
		return nil
	}
	s.order.Report(scan.PackageID, scan.Event, time.Now())
	f.comesToItsEnd(s)
	return f.record(ctx, s)
}

// take accepts a signal to a workflow, and reports whether its id is known.
func (f *fakeTemporal) take(id, requestID string) (s *fakeSaga, known bool, err error) {
	s, ok := f.sagas[id]
	switch {
	case f.down:
		return nil, false, errDown
	case ok && s.signalled[requestID]:
		return s, true, nil
	case !ok || s.closed || s.endedByHand:
		return nil, false, serviceerror.NewNotFound("workflow not found for ID: " + id)
	case len(s.signals)+len(s.scans) >= f.maxSignals:
		return nil, false, serviceerror.NewInvalidArgument("exceeded workflow execution limit for signal events")
	}
	if s.signalled == nil {
		s.signalled = map[string]bool{}
	}
	s.signalled[requestID] = true
	return s, false, nil
}

func (f *fakeTemporal) signal(ctx context.Context, id, requestID string, e order.PaymentEvent) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, known, err := f.take(id, requestID)
	if err != nil || known {
		return err
	}
	s.signals = append(s.signals, e)
	if f.stuck {
		return nil
	}
	if e.Type != order.PaymentSucceeded || e.Amount != s.order.Amounts[order.AmountTotal] || !s.order.Status.Unpaid() {
		return nil
	}
	if _, err := f.stock.Commit(ctx, s.order.Holder(), s.order.ProductIDs()); err != nil {
		return err
	}
	s.order.Pay(e, time.Now())
	if s.placement.Saga >= order.SagaVersion {
		s.order.Fulfil(time.Now())
	}
	return f.record(ctx, s)
}

func (f *fakeTemporal) SignalWithStartWorkflow(
	_ context.Context, id, signal string, arg any, o client.StartWorkflowOptions, kind any, args ...any,
) (client.WorkflowRun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, errDown
	}
	f.starts = append(f.starts, fakeStart{options: o, kind: kind.(string), arg: args[0], signal: signal, signalArg: arg})
	return fakeRun{}, nil
}

func (f *fakeTemporal) ExecuteWorkflow(
	_ context.Context, o client.StartWorkflowOptions, kind any, args ...any,
) (client.WorkflowRun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, errDown
	}
	for _, s := range f.starts {
		switch {
		case s.options.ID != o.ID:
		case o.WorkflowIDReusePolicy == enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE: // it has closed, say
			return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("already started", "", "")
		case o.WorkflowIDConflictPolicy == enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING:
			return fakeRun{}, nil
		}
	}
	f.starts = append(f.starts, fakeStart{options: o, kind: kind.(string), arg: args[0]})
	return fakeRun{}, nil
}

func (f *fakeTemporal) QueryWorkflow(_ context.Context, id, _, _ string, _ ...any) (converter.EncodedValue, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries++
	s, ok := f.sagas[id]
	refund := f.refunds[id]
	switch {
	case f.down || f.stuck:
		return nil, errDown
	case refund != nil:
		payloads, err := converter.GetDefaultDataConverter().ToPayloads(refund)
		return client.NewValue(payloads), err
	case !ok:
		return nil, serviceerror.NewNotFound("workflow not found")
	case f.mute != nil:
		return nil, f.mute
	}
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(s.order)
	return client.NewValue(payloads), err
}

func (f *fakeTemporal) GetWorkflow(_ context.Context, id, _ string) client.WorkflowRun {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fakeRun{saga: f.sagas[id], refund: f.refunds[id], down: f.down}
}

func (f *fakeTemporal) DescribeWorkflow(_ context.Context, id, _ string) (*client.WorkflowExecutionDescription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.described++
	s, ok := f.sagas[id]
	switch {
	case f.down:
		return nil, errDown
	case !ok:
		return nil, serviceerror.NewNotFound("workflow not found")
	}
	d := &client.WorkflowExecutionDescription{}
	d.Status = enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	switch {
	case s.endedByHand:
		d.Status = enums.WORKFLOW_EXECUTION_STATUS_TERMINATED
	case s.closed:
		d.Status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}
	d.WorkflowStartTime = s.started
	d.Memo = &common.Memo{Fields: map[string]*common.Payload{}}
	for k, v := range s.memo {
		p, err := converter.GetDefaultDataConverter().ToPayload(v)
		if err != nil {
			return nil, err
		}
		d.Memo.Fields[k] = p
	}
	return d, nil
}

func (f *fakeTemporal) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, errDown
	}
	return &client.CheckHealthResponse{}, nil
}

// fakeHandle has its answer already.
type fakeHandle struct {
	answer any
	err    error
}

func (fakeHandle) WorkflowID() string { return "" }
func (fakeHandle) RunID() string      { return "" }
func (fakeHandle) UpdateID() string   { return "" }

func (h fakeHandle) Get(_ context.Context, to any) error {
	if h.err != nil {
		return h.err
	}
	return copyJSON(h.answer, to)
}

// fakeRun is a workflow that has closed, or none.
type fakeRun struct {
	saga   *fakeSaga
	refund *order.Refund
	down   bool
}

func (fakeRun) GetID() string    { return "" }
func (fakeRun) GetRunID() string { return "" }

func (fakeRun) GetFirstExecutionRunID() string { return "" }

func (r fakeRun) GetWithOptions(ctx context.Context, to any, _ client.WorkflowRunGetOptions) error {
	return r.Get(ctx, to)
}

func (r fakeRun) Get(_ context.Context, to any) error {
	switch {
	case r.down:
		return errDown
	case r.refund != nil:
		return copyJSON(*r.refund, to)
	case r.saga == nil:
		return serviceerror.NewNotFound("workflow not found")
	case r.saga.endedByHand:
		return &temporal.WorkflowExecutionError{}
	}
	o := r.saga.order
	return copyJSON(order.Result{
		OrderID: o.ID, Status: o.Status, Version: o.Version, Reason: o.CancelReason, Shortages: o.Shortages,
		Coupons:     o.RefusedCoupons,
		Fingerprint: r.saga.placement.Fingerprint, PaymentID: o.Payment.ID,
	}, to)
}

func copyJSON(from, to any) error {
	b, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, to)
}
