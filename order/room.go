package order

import (
	"encoding/json"
	"fmt"
)

// Use is what an order's document needs room for. The less urgent it is, the more room it leaves.
type Use int

const (
	// UseSettling closes or settles the order or a part of it. It may use the whole document.
	UseSettling Use = iota
	// UseWork is everything else that staff does.
	UseWork
	// UseExtra is what buyers change, and messages that say nothing new.
	UseExtra
)

// Bytes of a document that are reserved for what is still to come.
const (
	// roomStep is what each use leaves to the more urgent one.
	roomStep = 64 << 10
	// lineRoom is for a line with open units, which are cancelled, or packed, lost and expected
	// back. nodeRoom is for the node of a line of an order that isn't paid yet.
	lineRoom, nodeRoom = 256, 28
	// packageRoom and itemRoom are for a package that is on its way and each of its lines: it is
	// delivered or, if it is refused, settled and received.
	packageRoom, itemRoom = 1 << 10, 200
	// returnRoom and unitsRoom are for a return that isn't over and each of its lines, when it
	// arrives.
	returnRoom, unitsRoom = 512, 130
)

// Fits returns ErrDocumentTooLarge if the order's document and packages leave too little room after such
// a use.
func (o *Order) Fits(u Use) error { return o.fits(u, 0) }

func (o *Order) fits(u Use, more int) error {
	//workflowcheck:ignore (the same order always has the same size)
	doc, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encode order %s: %w", o.ID, err)
	}
	size := len(doc) + more + int(u)*roomStep
	if u != UseSettling {
		size += o.reserved()
	}
	if size > MaxDocumentBytes {
		return ErrDocumentTooLarge
	}
	return nil
}

// RoomToPlace returns how many bytes of the document a new order with so many lines has to leave, so that
// it can always be packed, delivered, cancelled and returned.
func RoomToPlace(lines int) int { return 3*roomStep + lines*(lineRoom+nodeRoom) }

// Weigh notes whether there is room for another hundred messages that say nothing new: in the document
// and, unless full, elsewhere.
func (o *Order) Weigh(full bool) {
	if o.Fulfilment != nil {
		o.full = full || o.fits(UseExtra, roomStep) != nil
	}
}

// reserved returns how many bytes the order needs until each of its units is settled.
func (o *Order) reserved() int {
	f := o.Fulfilment
	if f == nil {
		return len(o.Lines)*(lineRoom+nodeRoom) + o.Commands.Room()
	}
	size := o.Commands.Room()
	in := f.packed()
	for _, l := range f.Lines {
		if l.left() > in[l.LineID] {
			size += lineRoom
		}
	}
	delivered, open := 0, 0
	for i := range f.Packages {
		switch p := &f.Packages[i]; {
		case !p.Live():
		case p.Node() >= NodeDelivered:
			delivered += len(p.Items)
		default:
			size += packageRoom + itemRoom*len(p.Items)
		}
	}
	for i := range f.Returns {
		r := &f.Returns[i]
		if r.Status.Over() {
			continue
		}
		size += returnRoom
		if r.PackageID == "" {
			open += len(r.Lines)
		} else {
			size += unitsRoom * len(r.Lines)
		}
	}
	return size + unitsRoom*max(delivered, open)
}
