package api_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// fakeChange is a request that changes a paid order, on the real order.
type fakeChange struct {
	id, fingerprint, actor string
	made                   func(o *order.Order) (fingerprint string, done bool)
	apply                  func(f *order.Fulfilment) error
	// whole changes the order itself.
	whole func(o *order.Order) error
}

var fakeVerdicts = map[error]saga.Verdict{
	order.ErrOnHold: saga.VerdictOnHold, order.ErrUnknownPackage: saga.VerdictUnknown, order.ErrUnknownEvent: saga.VerdictUnknown,
	order.ErrUnknownReturn: saga.VerdictUnknown, order.ErrUnknownAlert: saga.VerdictUnknown, order.ErrPackageLeft: saga.VerdictPackageLeft,
	order.ErrNothingResolved: saga.VerdictResolved, order.ErrUnitsReturned: saga.VerdictReturned, order.ErrDelivered: saga.VerdictDelivered, order.ErrOtherRegion: saga.VerdictOtherRegion,
	order.ErrWindowOver: saga.VerdictWindowOver, order.ErrReturnOver: saga.VerdictReturnOver, order.ErrReturnNotApproved: saga.VerdictNotApproved,
	order.ErrErased: saga.VerdictErased, errVersion: saga.VerdictChanged,
}

var errVersion = errors.New("the order has changed")

// change makes a change, or answers why not, as the saga does.
func (f *fakeTemporal) change(ctx context.Context, s *fakeSaga, c fakeChange) (saga.Answer, error) {
	if s.changes != nil {
		return *s.changes, nil
	}
	answer := func(v saga.Verdict) saga.Answer {
		return saga.Answer{Verdict: v, Status: s.order.Status, Version: s.order.Version, ID: c.id, Fingerprint: c.fingerprint}
	}
	next := s.order.Clone()
	if next.Fulfilment != nil && c.made != nil {
		if first, done := c.made(&next); done && first != c.fingerprint {
			return answer(saga.VerdictKeyReused), nil
		} else if done {
			return answer(saga.VerdictDone), nil
		}
	}
	var err error
	switch {
	case next.Closed():
		return answer(saga.VerdictTooLateClosed), nil
	case c.whole != nil:
		err = c.whole(&next)
	case next.Fulfilment == nil:
		return answer(saga.VerdictNotPaid), nil
	default:
		err = next.Change("changed", c.actor, time.Now(), nil, c.apply)
	}
	if short, ok := errors.AsType[*order.UnitsError](err); ok {
		a := answer(saga.VerdictUnits)
		a.Lines = short.Lines
		return a, nil
	}
	for known, verdict := range fakeVerdicts {
		if errors.Is(err, known) {
			a := answer(verdict)
			a.Detail = err.Error()
			return a, nil
		}
	}
	if err != nil {
		return saga.Answer{}, err
	}
	s.order = next
	f.comesToItsEnd(s)
	return answer(saga.VerdictDone), f.record(ctx, s)
}

func (f *fakeTemporal) comesToItsEnd(s *fakeSaga) {
	o := &s.order
	if o.Fulfilment == nil || o.Closed() {
		return
	}
	if o.SetReturnBy(s.placement.ReturnWindow); o.MayEnd(time.Now()) {
		o.End(order.ReasonOther, order.ActorSystem, time.Now())
		s.closed = true
	}
}

// changeOf returns what a request changes, and false for other requests.
func (s *fakeSaga) changeOf(request any) (fakeChange, bool) {
	now := time.Now()
	switch r := request.(type) {
	case saga.PackRequest:
		return fakeChange{
			id: r.Package.ID, fingerprint: r.Package.Fingerprint,
			made: func(o *order.Order) (string, bool) {
				p := o.Package(r.Package.ID)
				return fingerprintIn(p), p != nil
			},
			apply: func(f *order.Fulfilment) error {
				if f.Brake != nil {
					return order.ErrOnHold
				}
				r.Package.CreatedAt, r.Package.Address = now, s.order.Address
				if err := f.Pack(r.Package); err != nil || r.Node == 0 {
					return err
				}
				f.Report(r.Package.ID, order.PackageEvent{ID: r.Node.String(), Node: r.Node, OccurredAt: now, RecordedAt: now, Actor: r.Actor})
				return nil
			},
		}, true
	case saga.CorrectRequest:
		return fakeChange{id: r.PackageID, apply: func(f *order.Fulfilment) error {
			p := f.Package(r.PackageID)
			if p == nil {
				return order.ErrUnknownPackage
			}
			items := p.Items
			if r.Items != nil {
				items = *r.Items
			}
			return f.Correct(r.PackageID, items, func(p *order.Package) {
				if r.TrackingNumbers != nil {
					p.TrackingNumbers = *r.TrackingNumbers
				}
				if r.Carrier != nil {
					p.Carrier = *r.Carrier
				}
			})
		}}, true
	case saga.UndoRequest:
		return fakeChange{id: r.PackageID, apply: func(f *order.Fulfilment) error { return f.RemovePackage(r.PackageID, now) }}, true
	case saga.StrikeRequest:
		return fakeChange{id: r.PackageID, apply: func(f *order.Fulfilment) error { return f.Strike(r.PackageID, r.EventID) }}, true
	case saga.ResolveRequest:
		return fakeChange{
			id: r.PackageID, fingerprint: r.Fingerprint,
			made: func(o *order.Order) (string, bool) {
				p := o.Package(r.PackageID)
				if p == nil || p.Resolution == nil || p.Resolution.ID != r.ID {
					return "", false
				}
				return p.Resolution.Fingerprint, true
			},
			apply: func(f *order.Fulfilment) error {
				return f.Resolve(r.PackageID, order.Resolution{ID: r.ID, Action: r.Action, Actor: r.Actor, Note: r.Note, At: now, Fingerprint: r.Fingerprint})
			},
		}, true
	case saga.CancelUnitsRequest:
		return fakeChange{
			id: r.ID, fingerprint: r.Fingerprint,
			made: func(o *order.Order) (string, bool) {
				i := slices.IndexFunc(o.Removals, func(m order.Removal) bool { return m.ID == r.ID })
				if i < 0 {
					return "", false
				}
				return o.Removals[i].Fingerprint, true
			},
			apply: func(f *order.Fulfilment) error {
				return f.CancelUnits(order.Removal{ID: r.ID, Lines: r.Lines, Reason: r.Reason, Actor: r.Actor, Note: r.Note, At: now, Fingerprint: r.Fingerprint})
			},
		}, true
	}
	return s.otherChangeOf(request, now)
}

func (s *fakeSaga) otherChangeOf(request any, now time.Time) (fakeChange, bool) {
	switch r := request.(type) {
	case saga.AddressRequest:
		return fakeChange{whole: func(o *order.Order) error {
			if r.Version != 0 && r.Version != o.Version {
				return errVersion
			}
			_, err := o.Readdress(&r.Address, r.Override, r.ByCustomer, r.Actor, r.Note, now)
			return err
		}}, true
	case saga.HoldRequest:
		return fakeChange{apply: func(f *order.Fulfilment) error {
			if f.Brake != nil { // the fake can't tell hold from release by its argument
				f.Release(now)
			} else {
				f.Hold(order.Brake{At: now, Actor: r.Actor, Note: r.Note})
			}
			return nil
		}}, true
	case saga.OpenReturnRequest:
		return fakeChange{
			id: r.ID, fingerprint: r.Fingerprint,
			made: func(o *order.Order) (string, bool) {
				if o.Return(r.ID) == nil {
					return "", false
				}
				return o.Return(r.ID).Fingerprint, true
			},
			apply: func(f *order.Fulfilment) error {
				if s.placement.ReturnWindow == 0 {
					return order.ErrWindowOver
				}
				status := order.ReturnRequested
				if r.Approved {
					status = order.ReturnApproved
				}
				return f.OpenReturn(order.Return{ID: r.ID, Status: status, Lines: r.Lines, Actor: r.Actor, Note: r.Note, CreatedAt: now, Fingerprint: r.Fingerprint}, r.ByCustomer)
			},
		}, true
	case saga.DecideReturnRequest:
		return fakeChange{id: r.ReturnID, apply: func(f *order.Fulfilment) error { return f.DecideReturn(r.ReturnID, r.Approve, now) }}, true
	case saga.ReceiveReturnRequest:
		return fakeChange{
			id: r.ReturnID, fingerprint: r.Fingerprint,
			made: func(o *order.Order) (string, bool) {
				back := o.Return(r.ReturnID)
				if back == nil || back.Receipt != r.ID {
					return "", false
				}
				return back.ReceiptFingerprint, true
			},
			apply: func(f *order.Fulfilment) error {
				if err := f.ReceiveReturn(r.ReturnID, r.Lines, 1, r.Fingerprint, now); err != nil {
					return err
				}
				f.Return(r.ReturnID).Receipt = r.ID
				return nil
			},
		}, true
	case saga.DismissAlertRequest:
		return fakeChange{id: r.AlertID, apply: func(f *order.Fulfilment) error { return f.Dismiss(r.AlertID) }}, true
	case saga.DeliverRequest:
		if s.order.Fulfilment == nil {
			return fakeChange{}, false
		}
		return fakeChange{apply: func(f *order.Fulfilment) error {
			if open := f.OpenUnits(); len(open) > 0 {
				if err := f.Pack(order.Package{ID: "rest", Items: open, CreatedAt: now}); err != nil {
					return err
				}
			}
			for _, p := range f.Packages {
				f.Report(p.ID, order.PackageEvent{ID: "delivered", Node: order.NodeDelivered, OccurredAt: now, RecordedAt: now, Actor: r.Actor})
			}
			return nil
		}}, true
	}
	return fakeChange{}, false
}

func fingerprintIn(p *order.Package) string {
	if p == nil {
		return ""
	}
	return p.Fingerprint
}
