package records

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// isErased is the scripts' flag of a document that has nothing about a person.
const isErased = "1"

// erasedKey is the mark of an erased order. It stays for good: it refuses what arrives late, and
// the order's Idempotency-Key.
func erasedKey(id string) string { return redisdb.Bucket(id) + ":erased:" + id }

// erasedAt reads the answer of a script that refuses the document of an erased order.
func erasedAt(parts []any) (time.Time, bool) {
	if len(parts) < 2 || parts[0] != int64(-2) {
		return time.Time{}, false
	}
	at, err := millisOf(parts[1])
	return at, err == nil
}

// Mark says that an order was erased.
type Mark struct {
	// Placed is until when placements under the order's id are erased, and At is since when.
	Placed, At time.Time
}

// Covers reports whether the mark is about the order that was placed at this time, or about a later one
// under its id. The zero mark covers none.
func (m Mark) Covers(placedAt time.Time) bool {
	return !m.At.IsZero() && placedAt.UnixMilli() <= m.Placed.UnixMilli()
}

// Marks returns the marks of those orders that have one.
func (s *Store) Marks(ctx context.Context, orderIDs []string) (map[string]Mark, error) {
	calls := make([]redisdb.Call, len(orderIDs))
	for i, id := range orderIDs {
		calls[i] = redisdb.Call{Command: "hmget", Keys: []string{erasedKey(id)}, Args: []any{"placed", "at"}}
	}
	marks := map[string]Mark{}
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		values, err := redisdb.Slice(answer)
		if err != nil {
			return nil, fmt.Errorf("read the marks of %d orders: %w", len(orderIDs), err)
		}
		if values[0] == nil || values[1] == nil {
			continue
		}
		placed, err := millisOf(values[0])
		at, err2 := millisOf(values[1])
		if err = cmp.Or(err, err2); err != nil {
			return nil, fmt.Errorf("read the mark of order %s: %w", orderIDs[i], err)
		}
		marks[orderIDs[i]] = Mark{Placed: placed, At: at}
	}
	return marks, nil
}

func millisOf(value any) (time.Time, error) {
	text, _ := value.(string)
	ms, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms).UTC(), err
}

// FindErased returns a call that asks whether an order was erased, for use in a larger read.
func FindErased(orderID string) redisdb.Call {
	return redisdb.Call{Command: "exists", Keys: []string{erasedKey(orderID)}}
}

// FoundErased reads the answer to FindErased.
func FoundErased(answer *redis.Cmd) (bool, error) {
	n, err := answer.Int()
	return n > 0, err
}

// Erase replaces everything that is stored of an order by what an erased order keeps: o, erased by
// then, and its payments. From then on nothing else of this placement is stored, however late it
// arrives. It reports whether st is still what is stored; if not, nothing has changed. viewed is the
// view's revision of an order that only the view has, else 0.
func (s *Store) Erase(ctx context.Context, o *order.Order, st order.Stored, viewed int64) (bool, error) {
	if !product.ValidID(o.ID) || o.ErasedAt.IsZero() {
		return false, fmt.Errorf("erase order %q: it has no valid id, or isn't erased itself", o.ID)
	}
	r, err := order.NewRecord(o, nil)
	if err != nil {
		return false, err
	}
	args := []any{
		o.ID, st.Revision, r.Version, r.Doc, string(r.Status), r.CustomerID, placedMillis(r), o.ErasedAt.UnixMilli(),
		strings.Join(factIDs(r.Facts), " "), Digests(r.Packages), viewed, len(r.Packages),
	}
	for _, id := range sortedKeys(r.Packages) {
		args = append(args, id, r.Packages[id])
	}
	for _, field := range slices.Sorted(maps.Keys(st.Payments)) {
		doc, err := order.ErasedPayment(field, st.Payments[field])
		if err != nil {
			return false, fmt.Errorf("erase order %s: %w", o.ID, err)
		}
		args = append(args, field, doc)
	}
	bucket := redisdb.Bucket(o.ID)
	done, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: eraseScript,
		Keys: []string{
			orderKey(o.ID), paymentsKey(o.ID), redisdb.EventsKey(bucket), packagesKey(o.ID), erasedKey(o.ID), forgottenKey(bucket),
		},
		Args: args,
	})[0].Bool()
	if err != nil {
		return false, fmt.Errorf("erase order %s: %w", o.ID, err)
	}
	return done, nil
}

// EraseAgain erases the order that is stored in Redis, by this time, and marks it: an older copy of Redis was
// restored. It reports false if the order isn't there or has just changed.
func (s *Store) EraseAgain(ctx context.Context, orderID string, at time.Time) (bool, error) {
	all, err := s.ReadMany(ctx, []string{orderID})
	if err != nil {
		return false, err
	}
	st := all[0]
	if st.Err != nil || !st.Found {
		return false, st.Err
	}
	o, err := st.Order()
	if err != nil {
		return false, err
	}
	o.Erase(at)
	return s.Erase(ctx, &o, st, 0)
}
