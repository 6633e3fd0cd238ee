package customers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/customer"
	"holdfast/product"
	"holdfast/redisdb"
)

// place is a customer's place in the list: least recently changed first, so that one that
// changes while the list is read comes again at its end.
type place struct {
	version int64
	id      string
}

func compare(a, b place) int {
	return cmp.Or(cmp.Compare(a.version, b.version), strings.Compare(a.id, b.id))
}

// mostAtOnce limits the customers of a bucket that were written in the same millisecond and are
// looked through for the beginning of a page. Versions follow the clock, and a millisecond has
// room for fewer scripts.
const mostAtOnce = 1000

// List returns customers whose last change is this time or later, least recently changed first
// and at most limit, from a page on that an earlier call named; "" is the first. next is the page
// that follows, "" if there is none. The error is a customer.ErrNoPage if there is no such page.
func (s *Store) List(ctx context.Context, since time.Time, limit int, from string) (page []customer.Customer, next string, err error) {
	after, err := readPlace(from)
	if err != nil {
		return nil, "", err
	}
	if !since.IsZero() {
		if first := (place{version: since.UnixMilli()}); compare(after, first) < 0 {
			after = first
		}
	}
	places, err := s.places(ctx, limit+1, after)
	if err != nil {
		return nil, "", fmt.Errorf("list customers: %w", err)
	}
	if len(places) > limit {
		places = places[:limit]
		next = places[limit-1].text()
	}
	calls := make([]redisdb.Call, len(places))
	for i, p := range places {
		calls[i] = Find(p.id)
	}
	if len(calls) == 0 {
		return nil, "", nil
	}
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		c, err := Found(places[i].id, answer)
		if err != nil {
			return nil, "", fmt.Errorf("list customers: %w", err)
		}
		if c.Version != customer.NotThere { // else it was erased in this moment
			page = append(page, c)
		}
	}
	return page, next, nil
}

func (p place) text() string { return strconv.FormatInt(p.version, 10) + "/" + p.id }

func readPlace(text string) (place, error) {
	if text == "" {
		return place{}, nil
	}
	version, id, _ := strings.Cut(text, "/")
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil || n < 0 || !product.ValidID(id) {
		return place{}, customer.ErrNoPage
	}
	return place{n, id}, nil
}

// places reads from all buckets in one round trip.
func (s *Store) places(ctx context.Context, limit int, after place) ([]place, error) {
	pipe := s.rdb.Pipeline()
	var answers []*redis.ZSliceCmd
	at := strconv.FormatInt(after.version, 10)
	for _, bucket := range redisdb.AllBuckets() {
		for _, part := range []redis.ZRangeBy{
			{Min: at, Max: at, Count: mostAtOnce},
			{Min: "(" + at, Max: "+inf", Count: int64(limit)},
		} {
			answers = append(answers, pipe.ZRangeByScoreWithScores(ctx, customersKey(bucket), &part))
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var all []place
	for _, a := range answers {
		for _, z := range a.Val() {
			id, _ := z.Member.(string)
			if p := (place{int64(z.Score), id}); compare(after, p) < 0 {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, compare)
	return all[:min(limit, len(all))], nil
}
