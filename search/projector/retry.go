package projector

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/search"
	"holdfast/streams"
)

// Fate is the outcome of retrying a dead letter.
type Fate string

const (
	// FateTaken means that the index has the current state of what the letter is about.
	FateTaken Fate = "taken"
	// FateGone means that there is nothing left to put.
	FateGone Fate = "gone"
	// FateKept means that it still can't be stored, and the letter says why.
	FateKept Fate = "kept"
)

// Retried is one letter that was retried. Others may be about the same entity.
type Retried struct {
	Entity, ID string
	Fate       Fate
	Reason     string // of a letter that was kept
}

// lettersAtOnce is how many are retried in one round.
const lettersAtOnce = 100

// Retry retries all letters, each with the current state of its entity, and deletes those
// that are settled; others are written again if their reason has changed. An error means
// that Redis or the index can't be used: letters settled before it stay settled.
func (p *Projector) Retry(ctx context.Context) ([]Retried, error) {
	var all []Retried
	last, err := p.Redis.XRevRangeN(ctx, lettersKey, "+", "-", 1).Result()
	if err != nil || len(last) == 0 {
		return nil, wrap("find dead letters", err)
	}
	from := "-"
	for {
		some, err := p.Redis.XRangeN(ctx, lettersKey, from, last[0].ID, lettersAtOnce).Result()
		if err != nil {
			return all, wrap("read the dead letters", err)
		}
		if len(some) == 0 {
			return all, nil
		}
		done, err := p.retrySome(ctx, some)
		all = append(all, done...)
		if err != nil {
			return all, err
		}
		from = "(" + some[len(some)-1].ID
	}
}

func (p *Projector) retrySome(ctx context.Context, messages []redis.XMessage) ([]Retried, error) {
	read := make([]letter, len(messages))
	unread := make([]error, len(messages))
	var w work
	for i, m := range messages {
		if read[i], unread[i] = readLetter(m); unread[i] == nil {
			unread[i] = w.take(read[i])
		}
	}
	bad, gone, err := p.bring(ctx, w, func(_ string, try func() error) error { return search.WithCause(try()) })
	if err != nil {
		return nil, err
	}
	reasons := map[[2]string]letter{}
	for _, l := range bad {
		reasons[[2]string{l.Entity, l.ID}] = l
	}
	all := make([]Retried, len(messages))
	pipe := p.Redis.TxPipeline() // one stream: a letter is replaced and deleted, or neither
	for i, m := range messages {
		l := read[i]
		all[i] = Retried{Entity: l.Entity, ID: l.ID, Fate: FateTaken}
		why, still := l.stillBad(reasons)
		switch {
		case unread[i] != nil:
			all[i].Fate, all[i].Reason = FateKept, unread[i].Error()
		case still:
			all[i].Fate, all[i].Reason = FateKept, why
			if why != l.Reason {
				l.Reason = why
				pipe.XAdd(ctx, l.add())
				pipe.XDel(ctx, lettersKey, m.ID)
			}
		default:
			if gone[[2]string{l.Entity, l.ID}] {
				all[i].Fate = FateGone
			}
			pipe.XDel(ctx, lettersKey, m.ID)
		}
	}
	if pipe.Len() > 0 {
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, wrap("settle dead letters", err)
		}
	}
	return all, nil
}

// take adds what the letter is about to the work.
func (w *work) take(l letter) error {
	switch l.Entity {
	case kindProduct:
		w.products = append(w.products, l.ID)
	case kindOrder:
		w.orders = append(w.orders, l.ID)
	case kindEvent:
		var e search.Event
		if err := json.Unmarshal(l.Kept, &e); err != nil {
			return fmt.Errorf("the stored event: %w", err)
		}
		w.events = append(w.events, e)
	case kindEntry:
		e, err := l.entry()
		if err != nil {
			return err
		}
		more := sortOut([]streams.Entry{e})
		w.products, w.orders = append(w.products, more.products...), append(w.orders, more.orders...)
		w.events, w.bad = append(w.events, more.events...), append(w.bad, more.bad...)
	default:
		return fmt.Errorf("this version knows no letters about a %s", l.Entity)
	}
	return nil
}

// stillBad returns why what the letter is about can't be stored now. An entry that can be
// read by now is about its event and its entity.
func (l letter) stillBad(reasons map[[2]string]letter) (string, bool) {
	about := [][2]string{{l.Entity, l.ID}}
	if l.Entity == kindEntry {
		about = append(about, [2]string{kindEvent, l.ID})
		if e, err := l.entry(); err == nil {
			about = append(about, [2]string{e.Text("entity"), e.Text("id")})
		}
	}
	for _, a := range about {
		if found, ok := reasons[a]; ok {
			return found.Reason, true
		}
	}
	return "", false
}

// DeadLetters counts the dead letters. That isn't the number of documents concerned: one that
// changes again before it can be stored gets another letter.
func DeadLetters(ctx context.Context, rdb redis.UniversalClient) (int64, error) {
	n, err := rdb.XLen(ctx, lettersKey).Result()
	return n, wrap("count the dead letters", err)
}

// wrap adds what was tried to an error, if there is one.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
