package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/product"
	"holdfast/redisdb"
)

// Buckets is how many lists of deadlines there are: Overdue reads each by itself.
func (s *Store) Buckets() int { return redisdb.Buckets }

// Overdue reads, in one round trip, a page of each bucket that is named with the cursor
// to go on behind, "" at the start: live holds of any product whose deadline is before
// the given time, the oldest first; a cursor that can't be read is one at the start. A hold that stays overdue while all pages of its
// bucket are read is on one of them, whatever ends meanwhile.
func (s *Store) Overdue(ctx context.Context, before time.Time, behind map[int]string, limit int) (map[int]product.HoldPage, error) {
	buckets, tags := slices.Sorted(maps.Keys(behind)), redisdb.AllBuckets()
	calls := make([]redisdb.Call, len(buckets))
	for i, b := range buckets {
		if b < 0 || b >= len(tags) {
			return nil, fmt.Errorf("read the overdue holds: there is no bucket %d", b)
		}
		to := "(" + strconv.FormatInt(before.UnixMilli(), 10)
		call, err := holdsCall(deadlinesKey(tags[b]), behind[b], limit, to)
		if err != nil { // of another version: the sweeper must not stand still over it
			call, _ = holdsCall(deadlinesKey(tags[b]), "", limit, to)
		}
		calls[i] = call
	}
	pages := make(map[int]product.HoldPage, len(buckets))
	var holds []product.LiveHold
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		page, next, err := readPage(answer, limit)
		if err != nil {
			return nil, fmt.Errorf("read the overdue holds of bucket %d: %w", buckets[i], err)
		}
		for j := 0; j+1 < len(page); j += 2 {
			id, order, _ := strings.Cut(text(page, j), "/")
			holds = append(holds, product.LiveHold{ProductID: id, OrderID: order, Deadline: time.UnixMilli(number(page, j+1))})
		}
		pages[buckets[i]] = product.HoldPage{Next: next}
	}
	live, err := s.withListing(ctx, holds)
	if err != nil {
		return nil, err
	}
	numbers := make(map[string]int, len(tags))
	for i, tag := range tags {
		numbers[tag] = i
	}
	for _, h := range live { // still by bucket and deadline
		b := numbers[redisdb.Bucket(h.ProductID)]
		pages[b] = product.HoldPage{Holds: append(pages[b].Holds, h), Next: pages[b].Next}
	}
	return pages, nil
}
