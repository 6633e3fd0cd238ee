package projector

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/search"
	"holdfast/streams"
)

// Fate is what became of a dead letter.
type Fate string

const (
	// FateTaken: the index has what the letter is about, as it is now.
	FateTaken Fate = "taken"
	// FateGone: there is nothing any more that could be put.
	FateGone Fate = "gone"
	// FateKept: it still can't be taken, and the letter says why.
	FateKept Fate = "kept"
)

// Retried is one letter that was tried again. Its entity may be in others too.
type Retried struct {
	Entity, ID string
	Fate       Fate
	Reason     string // of a letter that was kept
}

// lettersAtOnce are tried in one round.
const lettersAtOnce = 100

// Retry tries all letters that there are, each with its entity as it is now, and
// deletes those that are settled; others are written again where their reason is a
// new one. An error means that Redis or the index can't be used: what was settled
// before it is settled.
func (p *Projector) Retry(ctx context.Context) ([]Retried, error) {
	var all []Retried
	last, err := p.Redis.XRevRangeN(ctx, lettersKey, "+", "-", 1).Result()
	if err != nil || len(last) == 0 {
		return nil, wrap("look for dead letters", err)
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
	pipe := p.Redis.TxPipeline() // one stream: a letter is written anew and deleted, or neither
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
			return fmt.Errorf("the event that was kept: %w", err)
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

// stillBad finds why what the letter is about can't be taken now. An entry that can
// be read by now is about its event and its entity.
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

// Letters counts the dead letters. That is not how many documents are concerned: one
// that changes again before it can be taken gets another letter.
func Letters(ctx context.Context, rdb redis.UniversalClient) (int64, error) {
	n, err := rdb.XLen(ctx, lettersKey).Result()
	return n, wrap("count the dead letters", err)
}

// wrap says what was tried, if it failed.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
