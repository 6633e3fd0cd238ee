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
	first, cancel := context.WithTimeout(ctx, overdueWithin)
	defer cancel()
	lists, err := redisdb.BucketPages(first, s.rdb, deadlinesKey, behind, "("+strconv.FormatInt(before.UnixMilli(), 10), limit)
	if err != nil {
		return nil, fmt.Errorf("read the overdue holds: %w", err)
	}
	pages := make(map[int]product.HoldPage, len(lists))
	var holds []product.LiveHold
	var of []int // the bucket of each hold
	for _, b := range slices.Sorted(maps.Keys(lists)) {
		list := lists[b]
		if list.Err != nil {
			pages[b] = unread(b, list.Err)
			continue
		}
		for _, h := range list.Members {
			id, order, _ := strings.Cut(h.Member, "/")
			holds = append(holds, product.LiveHold{ProductID: id, OrderID: order, Deadline: time.UnixMilli(h.Score)})
			of = append(of, b)
		}
		pages[b] = product.HoldPage{Next: list.Next}
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
