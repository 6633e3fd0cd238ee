package projector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/search"
	"holdfast/streams"
)

const (
	// lettersKey is the stream of what could not be stored in the views.
	lettersKey = "views:dead-letters"
	// maxLetters is its approximate limit: a problem of a hundred thousand documents is a
	// problem of all of them, and a rebuild brings them all.
	maxLetters = 100_000
)

// Kinds of letters beside those of products and orders.
const (
	kindEvent = "event"
	// kindEntry is an entry of a stream that can't be read.
	kindEntry = "entry"
)

// letter is one thing that couldn't be stored as it was, and why.
type letter struct {
	// Entity is product, order, event or entry; ID is the entity's, or the event's.
	Entity, ID string
	// Version of the product or the event, revision of the order; 0 if unknown.
	Version int64
	Reason  string
	// Kept is the event, or the entry's fields, as JSON: the stream is trimmed.
	Kept []byte
}

func letterOfEvent(e search.Event) letter {
	kept, err := json.Marshal(e)
	if err != nil { // its JSON is invalid: keep it as text
		e.Reason = fmt.Sprintf("%s (stock %q, prices %q)", e.Reason, e.Stock, e.Prices)
		e.Stock, e.Prices = nil, nil
		kept, _ = json.Marshal(e)
	}
	return letter{Entity: kindEvent, ID: e.ID, Version: e.Version, Kept: kept}
}

func letterOfEntry(e streams.Entry, why error) letter {
	kept, _ := json.Marshal(e.Values) // only texts: they can always be encoded
	return letter{Entity: kindEntry, ID: e.EventID(), Reason: why.Error(), Kept: kept}
}

// entry returns the entry that the letter is about.
func (l letter) entry() (streams.Entry, error) {
	bucket, id, err := entryOf(l.ID)
	if err != nil {
		return streams.Entry{}, err
	}
	var fields map[string]any
	if err := json.Unmarshal(l.Kept, &fields); err != nil {
		return streams.Entry{}, fmt.Errorf("the stored entry: %w", err)
	}
	return streams.Entry{Bucket: bucket, ID: id, Values: fields}, nil
}

// setAside writes the letters, in order.
func (p *Projector) setAside(ctx context.Context, letters []letter) error {
	if len(letters) == 0 {
		return nil
	}
	pipe := p.Redis.Pipeline()
	for _, l := range letters {
		pipe.XAdd(ctx, l.add())
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("write %d dead letters: %w", len(letters), err)
	}
	for _, l := range letters {
		p.Log.WarnContext(ctx, "the views can't store a document", "entity", l.Entity, "id", l.ID, "version", l.Version, "reason", l.Reason)
	}
	return nil
}

func (l letter) add() *redis.XAddArgs {
	values := map[string]any{
		"entity": l.Entity, "id": l.ID, "version": l.Version, "reason": l.Reason,
		"at": time.Now().UTC().Format(time.RFC3339Nano),
	}
	if len(l.Kept) > 0 {
		values["kept"] = l.Kept
	}
	return &redis.XAddArgs{Stream: lettersKey, MaxLen: maxLetters, Approx: true, Values: values}
}

func readLetter(m redis.XMessage) (letter, error) {
	text := func(field string) string {
		t, _ := m.Values[field].(string)
		return t
	}
	l := letter{Entity: text("entity"), ID: text("id"), Reason: text("reason"), Kept: []byte(text("kept"))}
	if l.Entity == "" || l.ID == "" {
		return l, errors.New("it names no entity")
	}
	var err error
	if l.Version, err = strconv.ParseInt(text("version"), 10, 64); err != nil {
		return l, fmt.Errorf("its version: %w", err)
	}
	return l, nil
}
