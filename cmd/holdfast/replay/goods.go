package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"holdfast/client"
	"holdfast/order"
)

// ship follows a paid order's goods until all of them are delivered, and perhaps back.
func (j *journey) ship(ctx context.Context) error {
	j.how += "/packaged"
	if j.order.Status == order.StatusDelivered { // by a run before this one
		return nil
	}
	draw := parcelDraw(j.Seed, j.line.Number)
	units, removed := unitsOf(j.order.Lines), order.LineUnits{}
	if j.fate.inPart {
		if removed, units = giveBack(draw, units); removed.Quantity > 0 {
			if err := j.cancelPart(ctx, removed); err != nil {
				return fmt.Errorf("cancel a part: %w", err)
			}
		}
	}
	if err := j.transport(ctx, draw, parcelsOf(draw, units)); err != nil {
		return err
	}
	if !j.fate.returned {
		return nil
	}
	return j.sendBack(ctx, draw, units, removed)
}

// transport packs the parcels and sends their scans, until the order shows that it is delivered.
func (j *journey) transport(ctx context.Context, draw *rand.Rand, parcels []parcel) error {
	if j.fate.readdressed && !j.fate.other {
		if err := j.readdress(ctx); err != nil {
			return err
		}
	}
	packages := make([]order.Package, len(parcels))
	for i, p := range parcels {
		var err error
		if packages[i], err = j.pack(ctx, i, p); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		if i == 0 && j.fate.readdressed && j.fate.other { // some packages have the old address
			if err := j.readdress(ctx); err != nil {
				return err
			}
		}
	}
	scans, count := j.Shares.scansOf(draw, parcels, packages)
	for _, s := range scans {
		if err := j.scan(ctx, s); err != nil {
			return fmt.Errorf("report that package %s is %s: %w", s.packageID, s.event.Node, err)
		}
	}
	j.tally.scanned(count)
	return j.arrived(ctx)
}

func (j *journey) cancelPart(ctx context.Context, some order.LineUnits) error {
	started := time.Now()
	units := []order.LineUnits{some}
	a := Ack{Call: CancelledInPart, Units: units, Refund: j.refundFor(some, 0)}
	err := j.patient(ctx, func(ctx context.Context) error {
		o, err := j.Gateway.CancelUnits(ctx, j.order.ID, j.key("cancel-part"), units, client.Cancellation{Reason: string(order.ReasonCustomer)})
		if err != nil {
			return err
		}
		if o.Fulfilment == nil || len(o.Removals) == 0 {
			return errUndecided
		}
		j.order, a.PartID = o, o.Removals[0].ID
		return nil
	})
	if err != nil {
		return err
	}
	j.tally.took(inPart, started)
	return j.note(a)
}

// refundFor returns what the buyer gets back for some units of a line, after others of it.
func (j *journey) refundFor(some order.LineUnits, done int64) int64 {
	for _, l := range j.order.Lines {
		if l.ID == some.LineID {
			return order.RefundOfUnits(l.Amount, l.Quantity, done, some.Quantity)
		}
	}
	return 0
}

func (j *journey) readdress(ctx context.Context) error {
	started := time.Now()
	to := order.Address{
		Recipient: "Customer " + j.order.CustomerID, Line1: fmt.Sprintf("%d New Street", j.line.Number), City: "London", Country: "GB",
	}
	if was := j.order.Address; was != nil { // taxes and shipping were priced for them
		to.Country, to.Region = was.Country, was.Region
	}
	err := j.patient(ctx, func(ctx context.Context) error {
		o, err := j.Gateway.Redirect(ctx, j.order.ID, client.Redirection{Address: to})
		if err != nil {
			return err
		}
		if o.Address == nil || *o.Address != to {
			return errUndecided
		}
		j.order = o
		return nil
	})
	if err != nil {
		return fmt.Errorf("change the address: %w", err)
	}
	j.tally.took(moved, started)
	return j.note(Ack{Call: Readdressed, Address: &to})
}

func (j *journey) pack(ctx context.Context, i int, p parcel) (packed order.Package, err error) {
	started := time.Now()
	what := client.Parcel{Items: p.items}
	if p.left {
		what.Node = order.NodeLeftWarehouse
	}
	err = j.patient(ctx, func(ctx context.Context) error {
		packed, err = j.Gateway.Pack(ctx, j.order.ID, j.key(fmt.Sprintf("pack-%d", i)), what)
		return err
	})
	if err != nil {
		return packed, err
	}
	j.tally.took(packing, started)
	return packed, j.note(Ack{Call: Packed, PackageID: packed.ID, Units: p.items})
}

func (j *journey) scan(ctx context.Context, s scan) error {
	started := time.Now()
	err := j.patient(ctx, func(ctx context.Context) error {
		o, err := j.Gateway.Report(ctx, j.order.ID, s.packageID, s.event)
		if err == nil {
			j.order = o
		}
		return err
	})
	if err != nil {
		return err
	}
	j.tally.took(scanned, started)
	return j.note(Ack{Call: Scanned, PackageID: s.packageID, EventID: s.event.ID, Node: s.event.Node})
}

// arrived waits until the order shows that all of it was delivered.
func (j *journey) arrived(ctx context.Context) error {
	err := j.patient(ctx, func(ctx context.Context) (err error) {
		if j.order.Status == order.StatusDelivered {
			return nil
		}
		if j.order, err = j.Gateway.OrderAbove(ctx, j.order.ID, j.order.Version, longestWait); err != nil {
			return err
		}
		return errUndecided
	})
	if err != nil {
		return fmt.Errorf("wait until order %s is delivered: %w", j.order.ID, err)
	}
	return j.note(Ack{Call: Delivered})
}

// sendBack returns some of the delivered units.
func (j *journey) sendBack(ctx context.Context, draw *rand.Rand, units []order.LineUnits, removed order.LineUnits) error {
	started := time.Now()
	line := units[draw.IntN(len(units))]
	some := order.LineUnits{LineID: line.LineID, Quantity: 1 + draw.Int64N(min(line.Quantity, maxGivenBack))}
	a := Ack{Call: Returned, Units: []order.LineUnits{some}, Condition: order.ConditionRestock}
	if draw.IntN(4) == 0 {
		a.Condition = order.ConditionDamaged
	}
	done := int64(0)
	if removed.LineID == some.LineID {
		done = removed.Quantity
	}
	a.Refund = j.refundFor(some, done)
	err := j.patient(ctx, func(ctx context.Context) error {
		r, err := j.Gateway.OpenReturn(ctx, j.order.ID, j.key("return"), client.Announcement{
			Lines: []order.ReturnLine{{LineUnits: some, Reason: "not as expected"}}, Approve: true,
		})
		a.PartID = r.ID
		return err
	})
	if err != nil {
		return fmt.Errorf("open a return: %w", err)
	}
	err = j.patient(ctx, func(ctx context.Context) error {
		_, err := j.Gateway.ReceiveReturn(ctx, j.order.ID, a.PartID, j.key("receive"), []order.ReceivedUnits{{LineUnits: some, Condition: a.Condition}})
		return err
	})
	if err != nil {
		return fmt.Errorf("receive return %s: %w", a.PartID, err)
	}
	j.tally.took(back, started)
	return j.note(a)
}
