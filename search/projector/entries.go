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
	"holdfast/streams"
)

// shape is the format version of entries that this program reads.
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

// sortOut reads the entries. It ignores entities that this version doesn't know, and
// deleted ones.
func sortOut(entries []streams.Entry) work {
	var w work
	seen := map[[2]string]bool{}
	for _, e := range entries {
		if len(e.Values) == 0 {
			continue
		}
		kind, id := e.Text("entity"), e.Text("id")
		if err := check(e); err != nil {
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

// check returns why an entry doesn't match docs/events.md.
func check(e streams.Entry) error {
	switch v, kind := e.Text("v"), e.Text("entity"); {
	case v != shape:
		return fmt.Errorf("it has shape %q, this version reads %q", v, shape)
	case kind == "":
		return errors.New("it names no entity")
	case kind != kindProduct && kind != kindOrder:
		return nil // the names of other kinds of entities are their own business
	case !product.ValidID(e.Text("id")):
		return fmt.Errorf("%q is not a valid id", e.Text("id"))
	}
	return nil
}

// eventOf is what is stored permanently of a product's entry.
func eventOf(e streams.Entry) (search.Event, error) {
	version, err := strconv.ParseInt(e.Text("version"), 10, 64)
	if err != nil {
		return search.Event{}, fmt.Errorf("its version: %w", err)
	}
	at, err := strconv.ParseInt(e.Text("at"), 10, 64)
	if err != nil {
		return search.Event{}, fmt.Errorf("its time: %w", err)
	}
	event := search.Event{
		ID: e.EventID(), ProductID: e.Text("id"), Type: e.Text("type"), Version: version,
		At: time.UnixMilli(at).UTC(), OrderID: e.Text("order"), Actor: e.Text("actor"), Reason: e.Text("reason"),
		Status: e.Text("status"),
	}
	if s := e.Text("stock"); s != "" && s != "[]" {
		event.Stock = json.RawMessage(s)
	}
	if s := e.Text("prices"); s != "" {
		event.Prices = json.RawMessage(s)
	}
	if s := e.Text("listing"); s != "" {
		if event.Listing, err = strconv.ParseInt(s, 10, 64); err != nil {
			return search.Event{}, fmt.Errorf("its listing: %w", err)
		}
	}
	return event, nil
}

// entryOf splits the id of an event.
func entryOf(eventID string) (bucket int, id string, err error) {
	b, id, ok := strings.Cut(eventID, "-")
	if bucket, err = strconv.Atoi(b); err != nil || !ok {
		return 0, "", fmt.Errorf("%q is not an event id", eventID)
	}
	return bucket, id, nil
}
