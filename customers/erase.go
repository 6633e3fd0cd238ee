package customers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"holdfast/customer"
	"holdfast/redisdb"
)

// Erasing records how far an erasure has come, unless a later one was asked for.
func (s *Store) Erasing(ctx context.Context, e customer.Erasure) error {
	doc, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode the erasure of customer %s: %w", e.CustomerID, err)
	}
	if !customer.ValidID(e.CustomerID) {
		return fmt.Errorf("%q is not a valid id", e.CustomerID)
	}
	completed := ""
	if !e.CompletedAt.IsZero() {
		completed = "1"
	}
	err = redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: erasingScript,
		Keys:   []string{customerKey(e.CustomerID), erasuresKey(redisdb.Bucket(e.CustomerID))},
		Args:   []any{e.CustomerID, e.RequestedAt.UnixMilli(), doc, completed},
	})[0].Err()
	if err != nil {
		return fmt.Errorf("record the erasure of customer %s: %w", e.CustomerID, err)
	}
	return nil
}

// Erasure returns how far the customer's last erasure has come, or customer.ErrNotErased.
func (s *Store) Erasure(ctx context.Context, id string) (customer.Erasure, error) {
	e := customer.Erasure{CustomerID: id}
	if !customer.ValidID(id) {
		return e, fmt.Errorf("%q is not a valid id", id)
	}
	values, err := s.rdb.HMGet(ctx, customerKey(id), "erasedBefore", "erasure", "erasedSince").Result()
	if err != nil {
		return e, fmt.Errorf("read the erasure of customer %s: %w", id, err)
	}
	if values[0] == nil {
		return e, customer.ErrNotErased
	}
	if doc, told := values[1].(string); told {
		err = json.Unmarshal([]byte(doc), &e)
	}
	before, err2 := millis(values[0])
	e.RequestedAt, e.Since = before, before
	var err3 error
	if values[2] != nil {
		e.Since, err3 = millis(values[2])
	}
	if err = errors.Join(err, err2, err3); err != nil {
		return e, fmt.Errorf("read the erasure of customer %s: %w", e.CustomerID, err)
	}
	return e, nil
}

func millis(value any) (time.Time, error) {
	text, _ := value.(string)
	ms, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms).UTC(), err
}

// Unfinished returns the customers whose erasure was asked for before this time and isn't completed, at
// most limit of each bucket, the oldest first.
func (s *Store) Unfinished(ctx context.Context, before time.Time, limit int) (ids []string, err error) {
	var calls []redisdb.Call
	for _, bucket := range redisdb.AllBuckets() {
		calls = append(calls, redisdb.Call{
			Command: "zrangebyscore", Keys: []string{erasuresKey(bucket)}, Args: []any{"-inf", before.UnixMilli(), "limit", 0, limit},
		})
	}
	for _, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		some, err := answer.StringSlice()
		if err != nil {
			return nil, fmt.Errorf("list the erasures that aren't completed: %w", err)
		}
		ids = append(ids, some...)
	}
	return ids, nil
}
