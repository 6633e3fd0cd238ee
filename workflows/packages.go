package workflows

import (
	"slices"
	"strconv"
	"time"

	"holdfast/activities"
	"holdfast/carrier"
	"holdfast/order"
	"holdfast/saga"
)

// packing adds a package to the order.
func (s *orderSaga) packing(r saga.PackRequest) *change {
	id := r.Package.ID
	return &change{
		update: saga.PackUpdate, id: id, fingerprint: r.Package.Fingerprint,
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil || o.Package(id) == nil {
				return "", false
			}
			return o.Package(id).Fingerprint, true
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			p := r.Package
			p.CreatedAt, p.Address = at, o.Address
			return s.packed(o, p, r.Node, r.Actor, at)
		},
	}
}

// packed adds a package that may have left already.
func (s *orderSaga) packed(o *order.Order, p order.Package, n order.Node, actor string, at time.Time) (plan, error) {
	if o.Brake != nil {
		return plan{}, order.ErrOnHold
	}
	err := o.Change("package_added", actor, at, map[string]string{"packageId": p.ID}, func(f *order.Fulfilment) error { return f.Pack(p) })
	if err != nil {
		return plan{}, err
	}
	if n != 0 {
		o.Report(p.ID, order.PackageEvent{ID: n.String(), Node: n, OccurredAt: at, RecordedAt: at, Actor: actor}, at)
	}
	return plan{packages: []string{p.ID}, watch: s.watching(o.Package(p.ID), nil)}, nil
}

// watching returns how to make the package the owner of its tracking numbers and no longer of those that
// it had; nil if it has and had none.
func (s *orderSaga) watching(p, before *order.Package) *activities.WatchPackageParams {
	w := activities.WatchPackageParams{
		OrderID: s.order.ID, PlacedAt: s.placedAt, PackageID: p.ID, CreatedAt: p.CreatedAt, Carrier: p.Carrier,
	}
	if p.RemovedAt.IsZero() && p.Carrier != "" {
		w.Own = p.TrackingNumbers
	}
	if before != nil && before.Carrier != "" {
		for _, n := range before.TrackingNumbers {
			if p.Carrier != before.Carrier || !slices.Contains(w.Own, n) {
				w.Disown = append(w.Disown, carrier.Number{Adapter: before.Carrier, Number: n})
			}
		}
	}
	if len(w.Own) == 0 && len(w.Disown) == 0 {
		return nil
	}
	return &w
}

// watch makes a package the owner of its tracking numbers. Scans that arrived before it are part of the
// same step.
func (s *orderSaga) watch(next *order.Order, p activities.WatchPackageParams) {
	var res activities.WatchPackageResult
	s.patiently("watch package "+p.PackageID, activities.NameWatchPackage, p, &res)
	at := s.now()
	for _, sc := range res.Scans {
		next.Report(p.PackageID, sc.Event, at)
	}
	s.waited = res.Scans
	for _, number := range res.Refused {
		id := order.AlertID(order.RuleNumberRefused, p.PackageID, number)
		next.Raise(order.Alert{Rule: order.RuleNumberRefused, PackageID: p.PackageID, ID: id, Detail: number})
	}
	if len(res.Refused) > 0 {
		next.Step("tracking_number_refused", order.ActorSystem, at, map[string]string{"packageId": p.PackageID})
	}
	if len(res.Scans) > 0 {
		s.comesToItsEnd(next, at)
	}
}

// correction changes a package that hasn't left.
func (s *orderSaga) correction(r saga.CorrectRequest) *change {
	return &change{
		update: saga.CorrectUpdate, id: r.PackageID,
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil {
				return "", false
			}
			p := o.Package(r.PackageID)
			return "", p != nil && p.RemovedAt.IsZero() && isCorrect(p, r)
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			p := o.Package(r.PackageID)
			if p == nil {
				return plan{}, order.ErrUnknownPackage
			}
			before := *p
			err := o.Change("package_corrected", r.Actor, at, map[string]string{"packageId": p.ID}, func(f *order.Fulfilment) error {
				items := p.Items
				if r.Items != nil {
					items = *r.Items
				}
				return f.Correct(p.ID, items, func(p *order.Package) {
					replace(&p.Carrier, r.Carrier)
					replace(&p.Service, r.Service)
					replace(&p.Courier, r.Courier)
					replace(&p.TrackingNumbers, r.TrackingNumbers)
					replace(&p.EstimatedDelivery, r.EstimatedDelivery)
				})
			})
			return plan{packages: []string{r.PackageID}, watch: s.watching(o.Package(r.PackageID), &before)}, err
		},
	}
}

// isCorrect reports whether a package already is what a correction makes of it.
func isCorrect(p *order.Package, r saga.CorrectRequest) bool {
	return (r.Items == nil || slices.Equal(*r.Items, p.Items)) &&
		(r.TrackingNumbers == nil || slices.Equal(*r.TrackingNumbers, p.TrackingNumbers)) &&
		(r.EstimatedDelivery == nil || r.EstimatedDelivery.Equal(p.EstimatedDelivery)) &&
		has(r.Carrier, p.Carrier) && has(r.Service, p.Service) && has(r.Courier, p.Courier)
}

// has reports whether a value is to stay as it is.
func has(by *string, value string) bool { return by == nil || *by == value }

// replace sets a value unless it is to stay as it is.
func replace[T any](value *T, by *T) {
	if by != nil {
		*value = *by
	}
}

// undoing takes back a package that hasn't left.
func (s *orderSaga) undoing(r saga.UndoRequest) *change {
	return &change{
		update: saga.UndoUpdate, id: r.PackageID, settles: true, // what is packed can't be cancelled
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil {
				return "", false
			}
			p := o.Package(r.PackageID)
			return "", p != nil && !p.RemovedAt.IsZero()
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			p := o.Package(r.PackageID)
			if p == nil {
				return plan{}, order.ErrUnknownPackage
			}
			before := *p
			err := o.Change("package_undone", r.Actor, at, map[string]string{"packageId": p.ID}, func(f *order.Fulfilment) error {
				return f.RemovePackage(p.ID, at)
			})
			return plan{packages: []string{r.PackageID}, watch: s.watching(o.Package(r.PackageID), &before)}, err
		},
	}
}

// striking takes back a wrong message about a package.
func (s *orderSaga) striking(r saga.StrikeRequest) *change {
	return &change{
		update: saga.StrikeUpdate, id: r.PackageID, settles: true,
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil {
				return "", false
			}
			p := o.Package(r.PackageID)
			return "", p != nil && slices.ContainsFunc(p.Struck, func(e order.PackageEvent) bool { return e.ID == r.EventID })
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			err := o.Change("event_struck", r.Actor, at, noted(r.Note, "packageId", r.PackageID, "eventId", r.EventID),
				func(f *order.Fulfilment) error { return f.Strike(r.PackageID, r.EventID) })
			return plan{packages: []string{r.PackageID}}, err
		},
	}
}

// noted returns the detail of a step, with what its actor had to say about it.
func noted(note string, pairs ...string) map[string]string {
	detail := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		detail[pairs[i]] = pairs[i+1]
	}
	if note != "" {
		detail[order.DetailNote] = note
	}
	return detail
}

// delivery reports that everything was delivered. What is still open is packed as one package.
func (s *orderSaga) delivery(r saga.DeliverRequest) *change {
	return &change{
		update: saga.DeliverUpdate, settles: true,
		made: func(o *order.Order) (string, bool) {
			return "", o.Fulfilment != nil && o.Status == order.StatusDelivered && o.AllDelivered()
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			if o.Brake != nil {
				return plan{}, order.ErrOnHold
			}
			var touched []string
			for i := range o.Packages {
				if o.Packages[i].Unresolved() {
					return plan{}, order.ErrUnresolved
				}
			}
			if open := o.OpenUnits(); len(open) > 0 {
				p := order.Package{ID: saga.PackageID(o.ID, s.restKey()), Items: open, CreatedAt: at, Address: o.Address}
				if _, err := s.packed(o, p, 0, r.Actor, at); err != nil {
					return plan{}, err
				}
			}
			for i := range o.Packages {
				p := &o.Packages[i]
				if p.Live() && p.Node() < order.NodeDelivered {
					touched = append(touched, p.ID)
				}
			}
			event := order.PackageEvent{ID: s.restKey(), Node: order.NodeDelivered, OccurredAt: at, RecordedAt: at, Actor: r.Actor}
			o.ReportAll(touched, event, at)
			return plan{packages: touched}, nil
		},
	}
}

// restKey names what is done when the order is reported as delivered: the package of what was still
// open, and the message about each package.
func (s *orderSaga) restKey() string {
	return saga.DeliverUpdate + "-" + strconv.FormatInt(s.order.Version, 10)
}

// settling settles a package that waits for an operator.
func (s *orderSaga) settling(r saga.ResolveRequest) *change {
	return &change{
		update: saga.ResolveUpdate, id: r.PackageID, fingerprint: r.Fingerprint, settles: true, gifts: true,
		made: func(o *order.Order) (string, bool) {
			if o.Fulfilment == nil {
				return "", false
			}
			p := o.Package(r.PackageID)
			if p == nil || p.Resolution == nil || p.Resolution.ID != r.ID {
				return "", false
			}
			return p.Resolution.Fingerprint, true
		},
		apply: func(o *order.Order, at time.Time) (plan, error) {
			p := o.Package(r.PackageID)
			if p == nil {
				return plan{}, order.ErrUnknownPackage
			}
			marks, items := p.Marks(), slices.Clone(p.Items)
			todo := plan{packages: []string{p.ID}}
			amount := o.RefundFor(items)
			gifts := o.OpenGifts(items)
			resolution := order.Resolution{ID: r.ID, Action: r.Action, At: at, Actor: r.Actor, Note: r.Note, Fingerprint: r.Fingerprint}
			if r.Action == order.ResolveRefund {
				resolution.Refund = amount
			}
			err := o.Change("package_resolved", r.Actor, at, noted(r.Note, "packageId", p.ID, "action", string(r.Action)),
				func(f *order.Fulfilment) error { return f.Resolve(p.ID, resolution) })
			if err != nil {
				return plan{}, err
			}
			switch r.Action {
			case order.ResolveReship:
				todo.take = &units{id: "reship-" + r.ID, actor: r.Actor, items: o.ItemsOf(items)}
			case order.ResolveRefund:
				todo.refund = s.partRefund(o, order.RefundLost, r.ID, amount)
				if s.giftsGo && len(gifts) > 0 {
					todo.restock = s.withoutGifts(o, gifts, r, at)
				}
				todo.rest = o.Nothing()
			case order.ResolveFound:
				return todo, nil
			}
			if slices.Contains(marks, order.MarkRefused) || slices.Contains(marks, order.MarkReturnedToSender) {
				err = s.expect(o, p.ID, items, r, at)
			}
			return todo, err
		},
	}
}

// withoutGifts cancels gifts that aren't packed, and returns what that brings back to stock. If too many parts
// of the order were cancelled before, the gifts stay. The note is with the resolution: the order's document
// keeps room for only one.
func (s *orderSaga) withoutGifts(o *order.Order, gifts []order.LineUnits, r saga.ResolveRequest, at time.Time) *units {
	m := order.Removal{ID: saga.RemovalID(o.ID, r.ID), Lines: gifts, Reason: order.ReasonLost, Actor: r.Actor, At: at}
	err := o.Change("units_cancelled", m.Actor, at, noted("", "removalId", m.ID, "reason", string(m.Reason)),
		func(f *order.Fulfilment) error { return f.CancelUnits(m) })
	if err != nil {
		s.log().Warn("gifts stay although what they were given for is lost", "error", err)
		return nil
	}
	return &units{id: order.PartID(order.RefundPartCancelled, m.ID), items: o.ItemsOf(m.Lines)}
}

// expect opens a return for the units of a package that comes back undelivered, so that they reach the
// shelf. Their money doesn't wait for that.
func (s *orderSaga) expect(o *order.Order, packageID string, items []order.LineUnits, r saga.ResolveRequest, at time.Time) error {
	back := order.Return{
		ID: saga.ReturnID(o.ID, r.ID), Status: order.ReturnApproved, PackageID: packageID, Actor: r.Actor, Note: r.Note, CreatedAt: at,
	}
	for _, it := range items {
		back.Lines = append(back.Lines, order.ReturnLine{LineUnits: it, Reason: "undelivered"})
	}
	return o.Change("return_opened", r.Actor, at, noted("", "returnId", back.ID), func(f *order.Fulfilment) error { return f.OpenReturn(back, false) })
}
