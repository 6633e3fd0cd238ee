package replay

import (
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/client"
	"holdfast/order"
)

const (
	// maxParcels is how many packages an order is packed as, at most.
	maxParcels = 3
	// maxGivenBack is how many units are cancelled or returned at a time, at most.
	maxGivenBack = 3
)

// parcelDraw is the source of what happens to an order's goods. Like its fate, it depends on the
// seed and the line alone.
func parcelDraw(seed uint64, n int) *rand.Rand {
	return rand.New(rand.NewPCG(^seed, uint64(n))) //nolint:gosec // repeatable on purpose; n counts lines
}

// unitsOf returns all units that were ordered.
func unitsOf(lines []order.Line) []order.LineUnits {
	units := make([]order.LineUnits, len(lines))
	for i, l := range lines {
		units[i] = order.LineUnits{LineID: l.ID, Quantity: l.Quantity}
	}
	return units
}

// giveBack draws a few units of one line, and returns them and what is left. It returns no
// units if it would have to give back all of them.
func giveBack(draw *rand.Rand, units []order.LineUnits) (some order.LineUnits, left []order.LineUnits) {
	left = slices.Clone(units)
	i := draw.IntN(len(left))
	most := min(left[i].Quantity, maxGivenBack)
	if len(left) == 1 {
		most = min(most, left[i].Quantity-1)
	}
	if most < 1 {
		return order.LineUnits{}, units
	}
	some = order.LineUnits{LineID: left[i].LineID, Quantity: 1 + draw.Int64N(most)}
	if left[i].Quantity -= some.Quantity; left[i].Quantity == 0 {
		left = slices.Delete(left, i, i+1)
	}
	return some, left
}

// parcel is a package that will be packed.
type parcel struct {
	items []order.LineUnits
	// left means that it has left the warehouse when the gateway hears of it.
	left bool
}

// parcelsOf divides units among one to three packages: a line's units go into one of them, or into
// all.
func parcelsOf(draw *rand.Rand, units []order.LineUnits) []parcel {
	parcels := make([]parcel, 1+draw.IntN(maxParcels))
	n := int64(len(parcels))
	add := func(to int64, lineID string, quantity int64) {
		p := &parcels[to%n]
		p.items = append(p.items, order.LineUnits{LineID: lineID, Quantity: quantity})
	}
	for i, u := range units {
		if u.Quantity < n || draw.IntN(2) == 0 {
			add(int64(i), u.LineID, u.Quantity)
			continue
		}
		for to := range n {
			part := u.Quantity / n
			if to == 0 {
				part += u.Quantity % n
			}
			add(to, u.LineID, part)
		}
	}
	parcels = slices.DeleteFunc(parcels, func(p parcel) bool { return len(p.items) == 0 })
	for i := range parcels {
		parcels[i].left = draw.IntN(2) == 0
	}
	return parcels
}

// scan is a message about a package, in the order in which it is sent.
type scan struct {
	packageID string
	event     client.Event
}

// scansOf returns the scans that take packages to their buyer, as they arrive.
func (s Shares) scansOf(draw *rand.Rand, parcels []parcel, packages []order.Package) ([]scan, Scans) {
	var count Scans
	lanes := make([][]scan, len(packages))
	for i, p := range packages {
		for step, n := range order.PackageNodes() {
			if n == order.NodePacked || (n == order.NodeLeftWarehouse && parcels[i].left) {
				continue
			}
			at := p.CreatedAt.Add(time.Duration(step) * time.Second)
			lanes[i] = append(lanes[i], scan{p.ID, client.Event{ID: p.ID + "-" + n.String(), Node: n, OccurredAt: at}})
		}
		lane := lanes[i]
		for k := range lane {
			if draw.Float64() < s.OutOfOrderScans {
				count.OutOfOrder++
				neighbour := k + 1
				if neighbour == len(lane) {
					neighbour = k - 1
				}
				lane[k], lane[neighbour] = lane[neighbour], lane[k]
			}
		}
	}
	var sent, late []scan
	for _, next := range merge(draw, lanes) {
		if draw.Float64() < s.LateScans {
			late = append(late, next)
			continue
		}
		sent = append(sent, next)
	}
	count.Late = len(late)
	sent = append(sent, late...)
	for _, again := range slices.Clone(sent) {
		if draw.Float64() < s.RepeatedScans {
			count.Repeated++
			first := slices.Index(sent, again)
			sent = slices.Insert(sent, first+1+draw.IntN(len(sent)-first), again)
		}
	}
	count.Sent = len(sent)
	return sent, count
}

// merge interleaves the scans of several packages.
func merge(draw *rand.Rand, lanes [][]scan) (all []scan) {
	for {
		lanes = slices.DeleteFunc(lanes, func(lane []scan) bool { return len(lane) == 0 })
		if len(lanes) == 0 {
			return all
		}
		i := draw.IntN(len(lanes))
		all, lanes[i] = append(all, lanes[i][0]), lanes[i][1:]
	}
}
