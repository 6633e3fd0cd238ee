package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"holdfast/search"
)

// eventLog stores events permanently, in a bbolt file: after a crash either all of an
// append is there or none of it. The file is locked, and with it the whole folder.
type eventLog struct {
	db *bbolt.DB
}

// The buckets of the file: which events exist, and the events themselves by their keys.
const (
	bucketIDs    = "ids"
	bucketEvents = "events"
)

func openEvents(path string, passing bool) (*eventLog, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockWait, NoSync: passing, NoGrowSync: passing,
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, idsErr := tx.CreateBucketIfNotExists([]byte(bucketIDs))
		_, eventsErr := tx.CreateBucketIfNotExists([]byte(bucketEvents))
		return errors.Join(idsErr, eventsErr)
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &eventLog{db}, nil
}

// close waits for transactions in progress.
func (l *eventLog) close() error { return l.db.Close() }

// put appends missing events, all of them or none.
func (l *eventLog) put(events []search.Event) ([]search.Result, error) {
	if len(events) == 0 {
		return nil, nil
	}
	results := make([]search.Result, len(events))
	return results, closed(l.db.Update(func(tx *bbolt.Tx) error {
		for i, e := range events {
			results[i] = search.Result{ID: e.ID}
			if err := e.Validate(); err != nil {
				results[i].Outcome, results[i].Reason = search.OutcomePoisoned, err.Error()
				continue
			}
			var err error
			if results[i].Outcome, err = appendEvent(tx, e); err != nil {
				return fmt.Errorf("event %s: %w", e.ID, err)
			}
		}
		return nil
	}))
}

func appendEvent(tx *bbolt.Tx, e search.Event) (search.Outcome, error) {
	ids := tx.Bucket([]byte(bucketIDs))
	if ids.Get([]byte(e.ID)) != nil {
		return search.OutcomeIgnored, nil
	}
	doc, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	if err := ids.Put([]byte(e.ID), []byte{}); err != nil {
		return "", err
	}
	return search.OutcomeStored, tx.Bucket([]byte(bucketEvents)).Put(eventKey(e.ProductID, e.Version, e.ID), doc)
}

// closed distinguishes a closed file from a failing one.
func closed(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return search.ErrClosed
	}
	return err
}

// eventKey sorts events by their product, version and id.
func eventKey(product string, version int64, id string) []byte {
	key := binary.BigEndian.AppendUint64(ofProduct(product), uint64(version)) //nolint:gosec // from 1, see Validate
	return append(key, id...)
}

// ofProduct is the prefix of the keys of a product's events; no id contains a zero byte.
func ofProduct(id string) []byte { return append([]byte(id), 0) }

// ListEvents implements search.Index.
func (x *Index) ListEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error) {
	if err := q.Validate(); err != nil {
		return search.EventPage{}, err
	}
	behind, err := eventsBehind(q)
	if err != nil {
		return search.EventPage{}, err
	}
	found, err := x.events.newest(ctx, q, behind, q.PageSize()+1)
	if err != nil {
		return search.EventPage{}, failed("list events", err)
	}
	page := search.EventPage{Items: found}
	if len(found) > q.PageSize() {
		page.Items = found[:q.PageSize()]
		end := page.Items[q.PageSize()-1]
		page.NextCursor = q.CursorAt(strconv.FormatInt(end.Version, 10), end.ID)
	}
	return page, nil
}

// eventsBehind is the key behind which a page begins: the last event of the previous page,
// or above all of the product's.
func eventsBehind(q search.EventQuery) ([]byte, error) {
	keys, err := q.After()
	if err != nil {
		return nil, search.BadCursor()
	}
	if keys == nil {
		return append([]byte(q.ProductID), 1), nil
	}
	if len(keys) != 2 {
		return nil, search.BadCursor()
	}
	version, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil || version < 1 {
		return nil, search.BadCursor()
	}
	return eventKey(q.ProductID, version, keys[1]), nil
}

// newest reads backwards from a key.
func (l *eventLog) newest(ctx context.Context, q search.EventQuery, behind []byte, limit int) ([]search.Event, error) {
	var found []search.Event
	err := l.db.View(func(tx *bbolt.Tx) error {
		of := ofProduct(q.ProductID)
		c := tx.Bucket([]byte(bucketEvents)).Cursor()
		for key, doc := last(c, behind); bytes.HasPrefix(key, of) && len(found) < limit; key, doc = c.Prev() {
			if err := ctx.Err(); err != nil {
				return err
			}
			var e search.Event
			if err := json.Unmarshal(doc, &e); err != nil {
				return fmt.Errorf("decode event %q: %w", key, err)
			}
			if wanted(q, e) {
				found = append(found, e)
			}
		}
		return nil
	})
	if err == nil {
		err = ctx.Err()
	}
	return found, closed(err)
}

// last goes to the last key before one that may not exist.
func last(c *bbolt.Cursor, behind []byte) (key, doc []byte) {
	if key, _ := c.Seek(behind); key == nil {
		return c.Last()
	}
	return c.Prev()
}

func wanted(q search.EventQuery, e search.Event) bool {
	return (len(q.Types) == 0 || slices.Contains(q.Types, e.Type)) && (q.OrderID == "" || q.OrderID == e.OrderID)
}
