package records

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// ReadMany reads everything that is stored of many orders in one round trip, each as of one
// moment, in the order of the ids. An order that can't be read carries its own error.
func (s *Store) ReadMany(ctx context.Context, orderIDs []string) ([]order.Stored, error) {
	return s.readMany(ctx, orderIDs)
}

// ReadOlder is ReadMany limited to orders whose revision is below the given one: of others
// it returns only the revision.
func (s *Store) ReadOlder(ctx context.Context, orderIDs []string, below int64) ([]order.Stored, error) {
	return s.readMany(ctx, orderIDs, below)
}

func (s *Store) readMany(ctx context.Context, orderIDs []string, args ...any) ([]order.Stored, error) {
	calls := make([]redisdb.Call, len(orderIDs))
	for i, id := range orderIDs {
		calls[i] = redisdb.Call{Script: readScript, Keys: []string{orderKey(id), paymentsKey(id), packagesKey(id)}, Args: args}
	}
	all := make([]order.Stored, len(orderIDs))
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		fields, err := redisdb.Slice(answer)
		if err != nil {
			return nil, fmt.Errorf("read what is stored of %d orders: %w", len(orderIDs), err)
		}
		all[i] = readStored(orderIDs[i], fields)
	}
	return all, nil
}

func readStored(id string, answer []any) order.Stored {
	st := order.Stored{OrderID: id}
	text := func(i int) string {
		if i >= len(answer) {
			return ""
		}
		t, _ := answer[i].(string)
		return t
	}
	if text(0) == "UNREADABLE" {
		st.Err = errors.New(text(1))
		return st
	}
	var err error
	if st.Revision, err = strconv.ParseInt(text(0), 10, 64); err != nil {
		st.Err = fmt.Errorf("its revision: %w", err)
		return st
	}
	st.Payments = fieldsOf(answer[len(answer)-1])
	delete(st.Payments, revisionField)
	version, doc := text(1), text(2)
	switch {
	case version == "" && doc == "":
		return st
	case doc == "":
		st.Err = errors.New("there is a version but no document")
		return st
	}
	if st.Version, err = strconv.ParseInt(version, 10, 64); err != nil {
		st.Err = fmt.Errorf("its version: %w", err)
		return st
	}
	var packages map[string][]byte
	if len(answer) > 3 {
		packages = fieldsOf(answer[3])
	}
	if st.Doc, err = order.WithPackages([]byte(doc), packages); err != nil {
		st.Err = err
	}
	st.Found = true
	return st
}

// fieldsOf reads the fields and values of a hash.
func fieldsOf(answer any) map[string][]byte {
	pairs, _ := answer.([]any)
	var fields map[string][]byte
	for i := 0; i+1 < len(pairs); i += 2 {
		field, _ := pairs[i].(string)
		doc, _ := pairs[i+1].(string)
		if fields == nil {
			fields = make(map[string][]byte, len(pairs)/2)
		}
		fields[field] = []byte(doc)
	}
	return fields
}

// Forget deletes all documents of an order that a view has, if they still have this
// revision, and reports whether it did.
func (s *Store) Forget(ctx context.Context, orderID string, revision int64) (bool, error) {
	if !product.ValidID(orderID) {
		return false, fmt.Errorf("%q is not a valid order id", orderID)
	}
	if revision < 1 {
		return false, fmt.Errorf("forget order %s: revision %d is below 1", orderID, revision)
	}
	gone, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: forgetScript,
		Keys:   []string{orderKey(orderID), paymentsKey(orderID), forgottenKey(redisdb.Bucket(orderID)), packagesKey(orderID)},
		Args:   []any{revision},
	})[0].Bool()
	if err != nil {
		return false, fmt.Errorf("forget order %s: %w", orderID, err)
	}
	return gone, nil
}

// forgottenKey counts a bucket's forgotten orders by their status.
func forgottenKey(bucket string) string { return bucket + ":forgotten" }

// Forgotten counts the orders that Forget has deleted; see the function of this name.
func (s *Store) Forgotten(ctx context.Context) (map[order.Status]int64, error) {
	return Forgotten(ctx, s.rdb)
}

// Forgotten counts the orders that Forget has deleted, by their status. An order that was
// stored again and forgotten once more counts twice.
func Forgotten(ctx context.Context, rdb redis.UniversalClient) (map[order.Status]int64, error) {
	pipe := rdb.Pipeline()
	var answers []*redis.MapStringStringCmd
	for _, bucket := range redisdb.AllBuckets() {
		answers = append(answers, pipe.HGetAll(ctx, forgottenKey(bucket)))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("count the forgotten orders: %w", err)
	}
	counts := map[order.Status]int64{}
	for _, a := range answers {
		for status, text := range a.Val() {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("count the forgotten orders that are %s: %w", status, err)
			}
			counts[order.Status(status)] += n
		}
	}
	return counts, nil
}
