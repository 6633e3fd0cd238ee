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

// overdueWithin bounds each of the two round trips of Overdue: the masters that respond
// don't wait longer than that for one that hangs.
const overdueWithin = 5 * time.Second

// Buckets is the number of lists of deadlines: Overdue reads each separately.
func (s *Store) Buckets() int { return redisdb.Buckets }

// Overdue reads, in two round trips, a page of each named bucket behind its cursor, "" at
// the start: live holds of any product whose deadline is before the given time, the oldest
// first. An invalid cursor counts as the start. A hold that stays overdue while all pages
// of its bucket are read is on one of them, whatever ends meanwhile. The page of an
// unreadable bucket carries the error and doesn't affect the others.
func (s *Store) Overdue(ctx context.Context, before time.Time, behind map[int]string, limit int) (map[int]product.HoldPage, error) {
	buckets, tags := slices.Sorted(maps.Keys(behind)), redisdb.AllBuckets()
	calls := make([]redisdb.Call, len(buckets))
	for i, b := range buckets {
		if b < 0 || b >= len(tags) {
			return nil, fmt.Errorf("read the overdue holds: there is no bucket %d", b)
		}
		to := "(" + strconv.FormatInt(before.UnixMilli(), 10)
		call, err := holdsCall(deadlinesKey(tags[b]), behind[b], limit, to)
		if err != nil { // of another version: it must not stop the sweeper
			call, _ = holdsCall(deadlinesKey(tags[b]), "", limit, to)
		}
		calls[i] = call
	}
	pages := make(map[int]product.HoldPage, len(buckets))
	var holds []product.LiveHold
	var of []int // the bucket of each hold
	first, cancel := context.WithTimeout(ctx, overdueWithin)
	defer cancel()
	for i, answer := range redisdb.Run(first, s.rdb, calls...) {
		page, next, err := readPage(answer, limit)
		if err != nil {
			pages[buckets[i]] = unread(buckets[i], err)
			continue
		}
		for j := 0; j+1 < len(page); j += 2 {
			id, order, _ := strings.Cut(text(page, j), "/")
			holds = append(holds, product.LiveHold{ProductID: id, OrderID: order, Deadline: time.UnixMilli(number(page, j+1))})
			of = append(of, buckets[i])
		}
		pages[buckets[i]] = product.HoldPage{Next: next}
	}
	second, cancelSecond := context.WithTimeout(ctx, overdueWithin)
	defer cancelSecond()
	for i, l := range s.listings(second, holds) { // still by bucket and deadline
		page := pages[of[i]]
		switch {
		case page.Err != nil:
		case l.err != nil:
			page = unread(of[i], l.err)
		case l.live:
			page.Holds = append(page.Holds, l.hold)
		}
		pages[of[i]] = page
	}
	return pages, nil
}

func unread(bucket int, err error) product.HoldPage {
	return product.HoldPage{Err: fmt.Errorf("read the overdue holds of bucket %d: %w", bucket, err)}
}
