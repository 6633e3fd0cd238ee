package tracking

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/redisdb"
)

// Errors of Claim.
var (
	ErrUnknownScan = errors.New("no such scan, or it has waited for more than 30 days")
	ErrScanTaken   = errors.New("the scan doesn't wait: a package has it")
	ErrKeyReused   = errors.New("this Idempotency-Key was used to assign the scan to another package")
)

// Unmatched is a scan that waits for its package.
type Unmatched struct {
	carrier.Number
	Event order.PackageEvent
	// Since is when it arrived.
	Since time.Time
}

// Place is a scan's place in the list of those that wait.
type Place struct {
	Since int64  `json:"since"` // ms
	Name  string `json:"name"`
}

// before reports whether p is listed before other: newest first.
func (p Place) before(other Place) bool {
	return cmp.Or(cmp.Compare(other.Since, p.Since), strings.Compare(other.Name, p.Name)) < 0
}

// mostAtOnce limits the scans of a bucket that arrived in the same millisecond and are looked through
// for the beginning of a page.
const mostAtOnce = 1000

// Unmatched returns scans that wait for a package, newest first and at most limit, from those listed
// after a place on; nil means from the first. It also returns the place of the next page, nil if
// there is none.
func (s *Store) Unmatched(ctx context.Context, limit int, after *Place) (page []Unmatched, next *Place, err error) {
	places, err := s.places(ctx, limit+1, after)
	if err != nil {
		return nil, nil, fmt.Errorf("list scans without a package: %w", err)
	}
	if len(places) > limit {
		places = places[:limit]
		next = &places[limit-1]
	}
	page, err = s.readAt(ctx, places)
	if err != nil {
		return nil, nil, fmt.Errorf("read scans without a package: %w", err)
	}
	return page, next, nil
}

// places reads from all buckets in one round trip.
func (s *Store) places(ctx context.Context, limit int, after *Place) ([]Place, error) {
	oldest := strconv.FormatInt(s.now().Add(-Kept).UnixMilli(), 10)
	pipe := s.rdb.Pipeline()
	var answers []*redis.ZSliceCmd
	read := func(key, from, to string, count int) {
		answers = append(answers, pipe.ZRevRangeByScoreWithScores(ctx, key, &redis.ZRangeBy{Min: from, Max: to, Count: int64(count)}))
	}
	for _, bucket := range redisdb.AllBuckets() {
		key := bucket + ":unmatched"
		if after == nil {
			read(key, oldest, "+inf", limit)
			continue
		}
		at := strconv.FormatInt(after.Since, 10)
		read(key, at, at, mostAtOnce)
		read(key, oldest, "("+at, limit)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var all []Place
	for _, a := range answers {
		for _, z := range a.Val() {
			name, _ := z.Member.(string)
			if p := (Place{int64(z.Score), name}); after == nil || after.before(p) {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Since, a.Since), strings.Compare(b.Name, a.Name))
	})
	return all[:min(limit, len(all))], nil
}

func (s *Store) readAt(ctx context.Context, places []Place) ([]Unmatched, error) {
	if len(places) == 0 {
		return nil, nil
	}
	pipe := s.rdb.Pipeline()
	answers := make([]*redis.StringCmd, len(places))
	for i, p := range places {
		n, eventID := p.scan()
		answers[i] = pipe.HGet(ctx, keysOf(n)[0], "scan:"+eventID)
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	var all []Unmatched
	for i, a := range answers {
		doc, err := a.Bytes()
		if errors.Is(err, redis.Nil) { // its number has expired
			continue
		}
		if err != nil {
			return nil, err
		}
		var scan storedScan
		if err := json.Unmarshal(doc, &scan); err != nil {
			return nil, fmt.Errorf("read scan %s: %w", places[i].Name, err)
		}
		n, _ := places[i].scan()
		all = append(all, Unmatched{n, scan.Event, time.UnixMilli(places[i].Since).UTC()})
	}
	return all, nil
}

// scan returns the number and the event id of the scan at a place.
func (p Place) scan() (carrier.Number, string) {
	number, eventID, _ := strings.Cut(p.Name, "/") // neither an adapter nor a number has a slash
	adapter, code, _ := strings.Cut(number, ":")
	return carrier.Number{Adapter: adapter, Number: code}, eventID
}

// Claim gives a scan that waits to a package, for which no other package can claim it from now on. It
// waits until Taken is called, or Unmatch. key is the caller's key for this call, if there is one.
func (s *Store) Claim(ctx context.Context, n carrier.Number, eventID, orderID, packageID, key string) (order.PackageEvent, error) {
	if n.Check() != nil {
		return order.PackageEvent{}, ErrUnknownScan
	}
	c := redisdb.Call{Script: claimScript, Keys: keysOf(n), Args: []any{
		eventID, ownerName(orderID, packageID), scanName(n, eventID), key,
	}}
	answer, err := texts(s.run(ctx, []redisdb.Call{c})[0])
	if err != nil {
		return order.PackageEvent{}, fmt.Errorf("claim scan %s of %s: %w", eventID, nameOf(n), err)
	}
	switch answer[0] {
	case "UNKNOWN":
		return order.PackageEvent{}, ErrUnknownScan
	case "OTHER":
		return order.PackageEvent{}, ErrScanTaken
	case "REUSED":
		return order.PackageEvent{}, ErrKeyReused
	}
	var scan storedScan
	if err := json.Unmarshal([]byte(answer[len(answer)-1]), &scan); err != nil {
		return order.PackageEvent{}, fmt.Errorf("read scan %s: %w", eventID, err)
	}
	return scan.Event, nil
}
