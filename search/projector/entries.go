package projector

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/product"
	"holdfast/search"
)

// shape is the version of an entry's form that this program reads.
const shape = "1"

// Kinds of entities, as entries name them.
const (
	kindProduct = "product"
	kindOrder   = "order"
)

// work is what a round's entries stand for.
type work struct {
	// products and orders that changed, each once.
	products, orders []string
	events           []search.Event
	// bad entries can't be read.
	bad []letter
}

// sortOut reads the entries. Those of entities that this version doesn't know are
// nobody's business here, and neither are those that were deleted.
func sortOut(entries []entry) work {
	var w work
	seen := map[[2]string]bool{}
	for _, e := range entries {
		if len(e.values) == 0 {
			continue
		}
		kind, id := e.text("entity"), e.text("id")
		if err := e.check(); err != nil {
			w.bad = append(w.bad, letterOfEntry(e, err))
			continue
		}
		switch kind {
		case kindProduct:
			event, err := eventOf(e)
			if err != nil {
				w.bad = append(w.bad, letterOfEntry(e, err))
			} else {
				w.events = append(w.events, event)
			}
			if !seen[[2]string{kind, id}] {
				w.products = append(w.products, id)
			}
		case kindOrder:
			if !seen[[2]string{kind, id}] {
				w.orders = append(w.orders, id)
			}
		}
		seen[[2]string{kind, id}] = true
	}
	return w
}

func (e entry) text(field string) string {
	t, _ := e.values[field].(string)
	return t
}

// check tells why an entry is none of those that docs/events.md describes.
func (e entry) check() error {
	switch v, kind := e.text("v"), e.text("entity"); {
	case v != shape:
		return fmt.Errorf("it has shape %q, this version reads %q", v, shape)
	case kind == "":
		return errors.New("it names no entity")
	case kind != kindProduct && kind != kindOrder:
		return nil // what another kind of entity is called is its own affair
	case !product.ValidID(e.text("id")):
		return fmt.Errorf("%q can't be an id", e.text("id"))
	}
	return nil
}

// eventOf is what is kept for good of a product's entry.
func eventOf(e entry) (search.Event, error) {
	version, err := strconv.ParseInt(e.text("version"), 10, 64)
	if err != nil {
		return search.Event{}, fmt.Errorf("its version: %w", err)
	}
	at, err := strconv.ParseInt(e.text("at"), 10, 64)
	if err != nil {
		return search.Event{}, fmt.Errorf("its time: %w", err)
	}
	event := search.Event{
		ID: e.eventID(), ProductID: e.text("id"), Type: e.text("type"), Version: version,
		At: time.UnixMilli(at).UTC(), OrderID: e.text("order"), Actor: e.text("actor"), Reason: e.text("reason"),
		Status: e.text("status"),
	}
	if s := e.text("stock"); s != "" && s != "[]" {
		event.Stock = json.RawMessage(s)
	}
	if s := e.text("prices"); s != "" {
		event.Prices = json.RawMessage(s)
	}
	if s := e.text("listing"); s != "" {
		if event.Listing, err = strconv.ParseInt(s, 10, 64); err != nil {
			return search.Event{}, fmt.Errorf("its listing: %w", err)
		}
	}
	return event, nil
}

// eventID is the same whenever the entry is read.
func (e entry) eventID() string { return strconv.Itoa(e.bucket) + "-" + e.id }

// entryOf takes the id of an event apart.
func entryOf(eventID string) (bucket int, id string, err error) {
	b, id, ok := strings.Cut(eventID, "-")
	if bucket, err = strconv.Atoi(b); err != nil || !ok {
		return 0, "", fmt.Errorf("%q is no id of an event", eventID)
	}
	return bucket, id, nil
}
