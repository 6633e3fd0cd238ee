package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/customer"
	"holdfast/redisdb"
)

// Erasure is what says that an order was erased, apart from its own document.
type Erasure struct {
	// Placed is until when placements under the order's id are erased, by its mark, and At since when.
	Placed, At time.Time
	// Completed is up to when everything of the order's customer was erased, by an erasure that was
	// completed.
	Completed time.Time
}

// readErasures adds to documents what says that they were to be erased.
func (b *RedisBooks) readErasures(ctx context.Context, docs []Document) error {
	pipe := b.rdb.Pipeline()
	marks, tombstones := make([]*redis.SliceCmd, len(docs)), map[string]*redis.SliceCmd{}
	for i, d := range docs {
		marks[i] = pipe.HMGet(ctx, redisdb.Bucket(d.OrderID)+":erased:"+d.OrderID, "placed", "at")
		if of := d.Order.CustomerID; of != "" && tombstones[of] == nil {
			tombstones[of] = pipe.HMGet(ctx, redisdb.Bucket(of)+":customer:"+of, "erasedBefore", "erasure")
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("read the marks of %d orders: %w", len(docs), err)
	}
	for i := range docs {
		e := &docs[i].Erasure
		values := marks[i].Val()
		e.Placed, e.At = millisOf(values[0]), millisOf(values[1])
		if t := tombstones[docs[i].Order.CustomerID]; t != nil {
			var came customer.Erasure
			text, _ := t.Val()[1].(string)
			if json.Unmarshal([]byte(text), &came) == nil && !came.CompletedAt.IsZero() {
				e.Completed = millisOf(t.Val()[0])
			}
		}
	}
	return nil
}

// millisOf returns a stored time, the zero time if there is none.
func millisOf(value any) time.Time {
	text, _ := value.(string)
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// erasedBy returns when the order was erased according to anything but its own document, the zero time if
// it wasn't.
func (d Document) erasedBy() time.Time {
	placed := d.Order.PlacedAt.UnixMilli()
	switch {
	case !d.Erasure.At.IsZero() && placed <= d.Erasure.Placed.UnixMilli():
		return d.Erasure.At
	case !d.Erasure.Completed.IsZero() && placed <= d.Erasure.Completed.UnixMilli():
		return d.Erasure.Completed
	}
	return time.Time{}
}

// erasureFindings compares the document with what says that its person was erased.
func erasureFindings(d Document) []Finding {
	if !d.Found || d.Unreadable != "" || d.Cold != nil {
		return nil
	}
	by := d.erasedBy()
	switch {
	case d.Order.ErasedAt.IsZero() && !by.IsZero():
		return []Finding{{
			Kind: KindErasedDataPresent, OrderID: d.OrderID, Detail: fmt.Sprintf("its person was erased at %s, but its document has them", by.Format(time.RFC3339)),
		}}
	case !d.Order.ErasedAt.IsZero() && (d.Erasure.At.IsZero() || d.Order.PlacedAt.UnixMilli() > d.Erasure.Placed.UnixMilli()):
		return []Finding{{
			Kind: KindErasedMarkMissing, OrderID: d.OrderID, Detail: "it is erased, but nothing keeps a late write from bringing its person back",
		}}
	}
	return nil
}

// erase erases an order once more, and marks it.
func (r Repairer) erase(ctx context.Context, f Finding) (string, error) {
	docs, err := r.Books.ReadDocuments(ctx, []string{f.OrderID})
	if err != nil {
		return "", err
	}
	at := docs[0].Order.ErasedAt
	if at.IsZero() {
		at = docs[0].erasedBy()
	}
	if at.IsZero() || !docs[0].Found {
		return "", cannot("nothing says any more that it was erased")
	}
	done, err := r.Records.EraseAgain(ctx, f.OrderID, at)
	if err == nil && !done {
		err = errWrittenMeanwhile
	}
	return "it was erased and marked", err
}
