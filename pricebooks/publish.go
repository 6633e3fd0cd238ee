package pricebooks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/redisdb"
)

// maxChecks is how often the levels are checked again because another version came in between.
const maxChecks = 3

// Publish makes a book the current one, as the next version, and reports whether it is a new
// version: a book that is the current one already stays as it is. ifMatch is the price.Tag that
// must be current, "*" for any, "" even if there is none. Its error is price.ErrStale,
// price.ErrFull, or a product.Invalid that names the levels which customers still have. If the
// answer is lost, the call may be repeated.
func (s *Store) Publish(ctx context.Context, b *price.Book, ifMatch, by string) (v price.Version, published bool, err error) {
	for range maxChecks {
		current, err := s.currentLevels(ctx)
		if err == nil {
			err = s.checkLevels(ctx, b, current)
		}
		if err != nil {
			return price.Version{}, false, err
		}
		answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, redisdb.Call{
			Script: publishScript,
			Keys:   []string{currentKey(), documentsKey(), knownKey(), redisdb.EventsKey(redisdb.Bucket(entity))},
			Args:   []any{ifMatch, b.Canonical(), b.Version.Hash, len(b.Levels), current, by, price.MaxStoredBytes},
		})[0])
		if err != nil {
			return price.Version{}, false, fmt.Errorf("publish the price book: %w", err)
		}
		if answer[0] != "LEVELS" {
			return readPublished(answer)
		}
	}
	return price.Version{}, false, fmt.Errorf("publish the price book: another one with more levels came each time")
}

func readPublished(answer []any) (v price.Version, published bool, err error) {
	switch answer[0] {
	case "STALE":
		return v, false, price.ErrStale
	case "FULL":
		return v, false, price.ErrFull
	}
	if len(answer) == 3 {
		number, _ := answer[1].(string)
		known, _ := answer[2].(string)
		n, notNumber := strconv.ParseInt(number, 10, 64)
		v, err = readKnown(n, known)
		if err = errors.Join(notNumber, err); err == nil {
			return v, answer[0] == "PUBLISHED", nil
		}
	}
	return v, false, fmt.Errorf("publish the price book: the script answered %v: %w", answer, err)
}

// Check reports what would keep a book from being published, as Publish does, whichever
// version its caller read.
func (s *Store) Check(ctx context.Context, b *price.Book) (current order.BookVersion, err error) {
	levels, err := s.currentLevels(ctx)
	if err == nil {
		err = s.checkLevels(ctx, b, levels)
	}
	if err != nil {
		return order.BookVersion{}, err
	}
	return Found(redisdb.Run(ctx, s.rdb, Find())[0])
}

// currentLevels returns the highest level of the current version.
func (s *Store) currentLevels(ctx context.Context) (int, error) {
	levels, err := s.rdb.HGet(ctx, currentKey(), "levels").Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, fmt.Errorf("read the levels of the price book: %w", err)
	}
	return levels, nil
}

// checkLevels refuses to remove a level that customers still have: they would silently become
// members of a lower one.
func (s *Store) checkLevels(ctx context.Context, b *price.Book, current int) error {
	if len(b.Levels) >= current {
		return nil
	}
	counts, err := s.levels.Levels(ctx)
	if err != nil {
		return fmt.Errorf("count the members of levels that the price book no longer has: %w", err)
	}
	var bad product.Invalid
	for _, level := range slices.Sorted(maps.Keys(counts)) {
		if level > len(b.Levels) && level <= current && counts[level] > 0 {
			bad.Add("levels", fmt.Sprintf("must keep level %d (customers who have it: %d)", level, counts[level]))
		}
	}
	return bad.OrNil()
}
