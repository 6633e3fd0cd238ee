package workflows

import (
	"slices"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// returnGrace is how long after its window a return still counts, because it may meet the timer.
const returnGrace = time.Minute

// cancellation cancels everything that isn't packed yet. If all of the order is open, that ends it.
func (s *orderSaga) cancellation(r saga.CancelRequest) *change {
	return &change{
		update: saga.CancelUpdate, fingerprint: r.Fingerprint, settles: true,
		made: func(o *order.Order) (string, bool) {
			if part, done := partCancelled(o, r.PartID); done {
				return part, true
			}
			return r.Fingerprint, o.Status == order.StatusCancelled || (o.Fulfilment != nil && o.Nothing())
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			if r.Reason == order.ReasonCustomer && o.Contested() {
				return plan{}, order.ErrUnresolved
			}
			if packed := o.PackedUnits(); len(packed) > 0 {
				return plan{}, &order.UnitsError{Lines: packed}
			}
			return s.removed(o, order.Removal{
				ID: saga.RemovalID(o.ID, saga.CancelUpdate), Lines: o.OpenUnits(), Reason: r.Reason, Actor: r.Actor, Note: r.Note, At: at,
			})
		},
	}
}

// partCancellation cancels some units that aren't packed yet.
func (s *orderSaga) partCancellation(r saga.CancelUnitsRequest) *change {
	return &change{
		update: saga.CancelUnitsUpdate, id: r.ID, fingerprint: r.Fingerprint, byCustomer: r.ByCustomer,
		made: func(o *order.Order) (string, bool) { return partCancelled(o, r.ID) },
		apply: func(o *order.Order, at time.Time) (plan, error) {
			if r.ByCustomer && o.Contested() {
				return plan{}, order.ErrUnresolved
			}
			return s.removed(o, order.Removal{
				ID: r.ID, Lines: r.Lines, Reason: r.Reason, Actor: r.Actor, Note: r.Note, At: at, Fingerprint: r.Fingerprint,
			})
		},
	}
}

// partCancelled returns the fingerprint of the request that cancelled a part of the order, if one did.
func partCancelled(o *order.Order, id string) (fingerprint string, done bool) {
	if o.Fulfilment == nil {
		return "", false
	}
	i := slices.IndexFunc(o.Removals, func(m order.Removal) bool { return m.ID == id })
	if i < 0 {
		return "", false
	}
	return o.Removals[i].Fingerprint, true
}

// removed takes open units out of the order, back to stock, and refunds them.
func (s *orderSaga) removed(o *order.Order, m order.Removal) (plan, error) {
	m = o.Cancelled(m)
	m.Refund = o.RefundFor(m.Lines)
	err := o.Change("units_cancelled", m.Actor, m.At, noted(m.Note, "removalId", m.ID, "reason", string(m.Reason)),
		func(f *order.Fulfilment) error { return f.CancelUnits(m) })
	if err != nil {
		return plan{}, err
	}
	todo := plan{
		restock: &units{id: order.PartID(order.RefundPartCancelled, m.ID), items: o.ItemsOf(m.Lines)},
		refund:  s.partRefund(o, order.RefundPartCancelled, m.ID, m.Refund),
	}
	todo.unwind = o.Nothing()
	if todo.unwind && s.payment != nil { // whatever is left of the payment goes back with the last unit
		o.Removals[len(o.Removals)-1].Refund = 0
		paid := *s.payment
		paid.OrderID = o.ID
		whole := order.RefundOf(paid, order.RefundCancelled)
		todo.refund = &whole
	}
	return todo, nil
}

// partRefund returns the refund of a part of the order's payment; nil if the part costs nothing.
func (s *orderSaga) partRefund(o *order.Order, reason order.RefundReason, id string, amount int64) *order.Refund {
	if s.payment == nil || amount == 0 {
		return nil
	}
	paid := *s.payment
	paid.OrderID = o.ID
	r := order.RefundOfPart(paid, reason, id, amount)
	return &r
}

// opening announces that units are sent back.
func (s *orderSaga) opening(r saga.OpenReturnRequest) *change {
	return &change{
		update: saga.OpenReturnUpdate, id: r.ID, fingerprint: r.Fingerprint, byCustomer: !r.Approved, gifts: true,
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil || o.Return(r.ID) == nil {
				return "", false
			}
			return o.Return(r.ID).Fingerprint, true
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			if s.placement.ReturnWindow == 0 || (!o.ReturnBy.IsZero() && at.After(o.ReturnBy.Add(returnGrace))) {
				return plan{}, order.ErrWindowOver
			}
			back := order.Return{
				ID: r.ID, Status: order.ReturnRequested, Lines: r.Lines, Actor: r.Actor, Note: r.Note, CreatedAt: at, Fingerprint: r.Fingerprint,
			}
			if r.Approved {
				back.Status = order.ReturnApproved
			}
			back = o.SentBack(back, !s.giftsGo)
			return plan{}, o.Change("return_opened", r.Actor, at, noted(r.Note, "returnId", r.ID), func(f *order.Fulfilment) error {
				return f.OpenReturn(back, r.ByCustomer)
			})
		},
	}
}

// judging approves or declines a return.
func (s *orderSaga) judging(r saga.DecideReturnRequest) *change {
	wanted, step := order.ReturnDeclined, "return_declined"
	if r.Approve {
		wanted, step = order.ReturnApproved, "return_approved"
	}
	return &change{
		update: saga.DecideReturnUpdate, id: r.ReturnID, settles: true,
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil {
				return "", false
			}
			back := o.Return(r.ReturnID)
			return "", back != nil && back.Status == wanted
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			return plan{}, o.Change(step, r.Actor, at, noted(r.Note, "returnId", r.ReturnID), func(f *order.Fulfilment) error {
				return f.DecideReturn(r.ReturnID, r.Approve, at)
			})
		},
	}
}

// receiving records which units of a return arrived: their money is due now, and those in order go back
// to stock.
func (s *orderSaga) receiving(r saga.ReceiveReturnRequest) *change {
	return &change{
		update: saga.ReceiveReturnUpdate, id: r.ReturnID, fingerprint: r.Fingerprint, settles: true,
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil {
				return "", false
			}
			back := o.Return(r.ReturnID)
			if back == nil || back.Status != order.ReturnReceived || back.Receipt != r.ID { // another request is too late
				return "", false
			}
			return back.ReceiptFingerprint, true
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			var todo plan
			restocked, all := order.SplitReceived(r.Lines)
			amount := o.RefundFor(all)
			err := o.Change("return_received", r.Actor, at, noted("", "returnId", r.ReturnID), func(f *order.Fulfilment) error {
				return f.ReceiveReturn(r.ReturnID, r.Lines, amount, r.Fingerprint, at)
			})
			if err != nil {
				return plan{}, err
			}
			o.Return(r.ReturnID).Receipt = r.ID
			if len(restocked) > 0 {
				todo.restock = &units{id: order.PartID(order.RefundReturned, r.ReturnID), items: o.ItemsOf(restocked)}
			}
			todo.refund = s.partRefund(o, order.RefundReturned, r.ReturnID, o.Return(r.ReturnID).Refund)
			return todo, nil
		},
	}
}

// holding keeps the order from being packed.
func (s *orderSaga) holding(r saga.HoldRequest) *change {
	return &change{
		update: saga.HoldUpdate,
		made: func(o *order.Order) (string, bool) {
			return "", o.Fulfilment != nil && o.Brake != nil && o.Brake.Actor != order.ActorCommands
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			return plan{}, o.Change("held", r.Actor, at, noted(r.Note), func(f *order.Fulfilment) error {
				f.Hold(order.Brake{At: at, Actor: r.Actor, Note: r.Note})
				return nil
			})
		},
	}
}

// releasing allows the order to be packed again.
func (s *orderSaga) releasing(r saga.HoldRequest) *change {
	return &change{
		update: saga.ReleaseUpdate, settles: true,
		made: func(o *order.Order) (string, bool) { return "", o.Fulfilment != nil && o.Brake == nil },
		apply: func(o *order.Order, at time.Time) (plan, error) {
			return plan{}, o.Change("released", r.Actor, at, noted(r.Note), func(f *order.Fulfilment) error {
				f.Release(at)
				return nil
			})
		},
	}
}

// dismissal takes an alert off the order.
func (s *orderSaga) dismissal(r saga.DismissAlertRequest) *change {
	return &change{
		update: saga.DismissAlertUpdate, id: r.AlertID, settles: true,
		made: func(o *order.Order) (string, bool) {
			return "", o.Fulfilment != nil && slices.Contains(o.Dismissed, r.AlertID)
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			return plan{}, o.Change("alert_dismissed", r.Actor, at, noted("", "alertId", r.AlertID), func(f *order.Fulfilment) error {
				return f.Dismiss(r.AlertID)
			})
		},
	}
}

// redirecting sends the order to another address.
func (s *orderSaga) redirecting(r saga.AddressRequest) *change {
	return &change{
		update: saga.AddressUpdate, unpaid: true, byCustomer: r.ByCustomer,
		made: func(o *order.Order) (string, bool) { return "", o.Address != nil && *o.Address == r.Address },
		apply: func(o *order.Order, at time.Time) (plan, error) {
			if r.Version != 0 && r.Version != o.Version {
				return plan{}, errOtherVersion
			}
			changed, err := o.Readdress(&r.Address, r.Override, r.ByCustomer, r.Actor, r.Note, at)
			var todo plan
			for _, p := range changed {
				todo.packages = append(todo.packages, p.PackageID)
			}
			return todo, err
		},
	}
}
