package redisdb

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

var pageScript = Embedded(sources, "page")

// Scored is a member of a sorted set with its score, which is a whole number.
type Scored struct {
	Member string
	Score  int64
}

// Page returns a call that reads a page of a sorted set, lowest scores first. cursor is "" at
// the start, then the next of the page before. to is the highest score: "+inf", or "(" and a
// number for lower ones. A member that stays while all pages are read is on one of them,
// whatever leaves meanwhile.
func Page(key, cursor string, limit int, to string) (Call, error) {
	score, member := "-inf", ""
	if cursor != "" {
		score, member, _ = strings.Cut(cursor, "/")
		if _, err := strconv.ParseInt(score, 10, 64); err != nil || member == "" {
			return Call{}, fmt.Errorf("%q is not a cursor", cursor)
		}
	}
	return Call{Script: pageScript, Keys: []string{key}, Args: []any{score, member, limit, to}}, nil
}

// ReadPage reads the answer to Page. next is the cursor of the next page, "" if there is none.
func ReadPage(answer *redis.Cmd, limit int) (page []Scored, next string, err error) {
	flat, err := answer.StringSlice()
	if err != nil {
		return nil, "", err
	}
	for i := 0; i+1 < len(flat); i += 2 {
		score, err := strconv.ParseInt(flat[i+1], 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("the score of %q: %w", flat[i], err)
		}
		page = append(page, Scored{flat[i], score})
	}
	if len(page) == limit {
		next = cursorAt(page[limit-1])
	}
	return page, next, nil
}

// BucketPage is a page of a bucket's sorted set. Err is why it can't be read.
type BucketPage struct {
	Members []Scored
	Next    string
	Err     error
}

// BucketPages reads a page of each bucket that behind names by its number, in one round trip:
// of the sorted set that key names, behind the cursor. An invalid cursor counts as the start,
// since it may be another version's.
func BucketPages(
	ctx context.Context, rdb redis.UniversalClient, key func(bucket string) string, behind map[int]string, to string, limit int,
) (map[int]BucketPage, error) {
	buckets := slices.Sorted(maps.Keys(behind))
	calls := make([]Call, len(buckets))
	for i, b := range buckets {
		if b < 0 || b >= Buckets {
			return nil, fmt.Errorf("there is no bucket %d", b)
		}
		call, err := Page(key(tags[b]), behind[b], limit, to)
		if err != nil {
			call, _ = Page(key(tags[b]), "", limit, to)
		}
		calls[i] = call
	}
	pages := make(map[int]BucketPage, len(buckets))
	for i, answer := range Run(ctx, rdb, calls...) {
		var p BucketPage
		p.Members, p.Next, p.Err = ReadPage(answer, limit)
		pages[buckets[i]] = p
	}
	return pages, nil
}

// ErrNoCursor means that a cursor is none that Merged returned.
var ErrNoCursor = errors.New("no such page")

// Merged returns a page of all buckets' sorted sets together, lowest scores first and those of
// one score by their names, in one round trip: at most limit members, behind the cursor that an
// earlier call returned; "" is the first. next is the cursor of the page that follows, "" if
// there is none.
func Merged(
	ctx context.Context, rdb redis.UniversalClient, key func(bucket string) string, cursor string, limit int,
) (page []Scored, next string, err error) {
	calls := make([]Call, Buckets)
	for i, tag := range tags {
		if calls[i], err = Page(key(tag), cursor, limit+1, "+inf"); err != nil {
			return nil, "", ErrNoCursor
		}
	}
	for _, answer := range Run(ctx, rdb, calls...) {
		of, _, err := ReadPage(answer, limit+1)
		if err != nil {
			return nil, "", err
		}
		page = append(page, of...)
	}
	slices.SortFunc(page, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), strings.Compare(a.Member, b.Member))
	})
	if len(page) > limit {
		page = page[:limit]
		next = cursorAt(page[limit-1])
	}
	return page, next, nil
}

// cursorAt is the cursor of the page behind a member.
func cursorAt(m Scored) string { return strconv.FormatInt(m.Score, 10) + "/" + m.Member }
