package tracking

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/carrier"
	"holdfast/redisdb"
)

// place is a scan's place in the list of those that wait.
type place struct {
	Since int64  `json:"since"` // ms
	Name  string `json:"name"`
}

// before reports whether p is listed before other: newest first.
func (p place) before(other place) bool {
	return cmp.Or(cmp.Compare(other.Since, p.Since), strings.Compare(other.Name, p.Name)) < 0
}

// mostAtOnce limits the scans of a bucket that arrived in the same millisecond and are looked through
// for the beginning of a page.
const mostAtOnce = 1000

// Unmatched returns scans that wait for a package, newest first and at most limit, from a page on that
// an earlier call named; "" is the first. next is the page that follows, "" if there is none. The error
// is a carrier.ErrNoPage if there is no such page.
func (s *Store) Unmatched(ctx context.Context, limit int, from string) (page []carrier.Unmatched, next string, err error) {
	after, err := readPlace(from)
	if err != nil {
		return nil, "", err
	}
	places, err := s.places(ctx, limit+1, after)
	if err != nil {
		return nil, "", fmt.Errorf("list scans without a package: %w", err)
	}
	if len(places) > limit {
		places = places[:limit]
		if next, err = places[limit-1].text(); err != nil {
			return nil, "", err
		}
	}
	page, err = s.readAt(ctx, places)
	if err != nil {
		return nil, "", fmt.Errorf("read scans without a package: %w", err)
	}
	return page, next, nil
}

func (p place) text() (string, error) {
	doc, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode a place in the list of scans: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(doc), nil
}

func readPlace(text string) (*place, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // the list's beginning
	}
	var p place
	doc, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(doc, &p)
	}
	if err != nil || p.Name == "" {
		return nil, carrier.ErrNoPage
	}
	return &p, nil
}

// places reads from all buckets in one round trip.
func (s *Store) places(ctx context.Context, limit int, after *place) ([]place, error) {
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
	var all []place
	for _, a := range answers {
		for _, z := range a.Val() {
			name, _ := z.Member.(string)
			if p := (place{int64(z.Score), name}); after == nil || after.before(p) {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.Since, a.Since), strings.Compare(b.Name, a.Name))
	})
	return all[:min(limit, len(all))], nil
}

func (s *Store) readAt(ctx context.Context, places []place) ([]carrier.Unmatched, error) {
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
	var all []carrier.Unmatched
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
		all = append(all, carrier.Unmatched{ID: places[i].id(), Number: n, Event: scan.Event, Since: time.UnixMilli(places[i].Since).UTC()})
	}
	return all, nil
}

// scan returns the number and the event id of the scan at a place.
func (p place) scan() (carrier.Number, string) {
	number, eventID, _ := strings.Cut(p.Name, "/") // neither an adapter nor a number has a slash
	adapter, code, _ := strings.Cut(number, ":")
	return carrier.Number{Adapter: adapter, Number: code}, eventID
}

// id names a scan in a path.
func (p place) id() string { return base64.RawURLEncoding.EncodeToString([]byte(p.Name)) }

// Claim gives a scan that waits to a package, for which no other package can claim it from now on. It
// waits until Taken is called, or Unmatch. key is the caller's key for this call, if there is one.
func (s *Store) Claim(ctx context.Context, id, orderID, packageID, key string) (carrier.Claimed, error) {
	name, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return carrier.Claimed{}, carrier.ErrUnknownScan
	}
	n, eventID := place{Name: string(name)}.scan()
	if n.Check() != nil {
		return carrier.Claimed{}, carrier.ErrUnknownScan
	}
	c := redisdb.Call{Script: claimScript, Keys: keysOf(n), Args: []any{
		eventID, ownerName(orderID, packageID), scanName(n, eventID), key,
	}}
	answer, err := texts(s.run(ctx, []redisdb.Call{c})[0])
	if err != nil {
		return carrier.Claimed{}, fmt.Errorf("claim scan %s of %s: %w", eventID, nameOf(n), err)
	}
	switch answer[0] {
	case "UNKNOWN":
		return carrier.Claimed{}, carrier.ErrUnknownScan
	case "OTHER":
		return carrier.Claimed{}, carrier.ErrScanTaken
	case "REUSED":
		return carrier.Claimed{}, carrier.ErrKeyReused
	}
	var scan storedScan
	if err := json.Unmarshal([]byte(answer[len(answer)-1]), &scan); err != nil {
		return carrier.Claimed{}, fmt.Errorf("read scan %s: %w", eventID, err)
	}
	return carrier.Claimed{Number: n, Event: scan.Event, Taken: answer[0] == "TAKEN"}, nil
}
