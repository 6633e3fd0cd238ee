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
	// lettersKey is the stream of what could not be taken into the views.
	lettersKey = "views:dead-letters"
	// maxLetters bounds it, nearly: what is wrong with a hundred thousand documents
	// is wrong with all of them, and a rebuild brings them all.
	maxLetters = 100_000
)

// Kinds of letters beside those of products and orders.
const (
	kindEvent = "event"
	// kindEntry is an entry of a stream that can't be read.
	kindEntry = "entry"
)

// letter is one thing that couldn't be taken as it was, and why.
type letter struct {
	// Entity is product, order, event or entry; ID is the entity's, or the event's.
	Entity, ID string
	// Version of the product or the event, revision of the order; 0 is unknown.
	Version int64
	Reason  string
	// FateKept is the event, or the entry's fields, as JSON: their home is trimmed.
	Kept []byte
}

func letterOfEvent(e search.Event) letter {
	kept, err := json.Marshal(e)
	if err != nil { // its JSON is none: keep it as text
		e.Reason = fmt.Sprintf("%s (stock %q, prices %q)", e.Reason, e.Stock, e.Prices)
		e.Stock, e.Prices = nil, nil
		kept, _ = json.Marshal(e)
	}
	return letter{Entity: kindEvent, ID: e.ID, Version: e.Version, Kept: kept}
}

func letterOfEntry(e streams.Entry, why error) letter {
	kept, _ := json.Marshal(e.Values) // texts alone: they always can be written
	return letter{Entity: kindEntry, ID: e.EventID(), Reason: why.Error(), Kept: kept}
}

// entry is what an entry's letter was written about.
func (l letter) entry() (streams.Entry, error) {
	bucket, id, err := entryOf(l.ID)
	if err != nil {
		return streams.Entry{}, err
	}
	var fields map[string]any
	if err := json.Unmarshal(l.Kept, &fields); err != nil {
		return streams.Entry{}, fmt.Errorf("the entry that was kept: %w", err)
	}
	return streams.Entry{Bucket: bucket, ID: id, Values: fields}, nil
}

// setAside writes the letters behind each other.
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
		p.Log.WarnContext(ctx, "the views can't take this", "entity", l.Entity, "id", l.ID, "version", l.Version, "reason", l.Reason)
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
