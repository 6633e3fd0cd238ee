// Package tracking stores which packages have which tracking numbers, and the scans of numbers that
// no package has yet. Each number of each adapter is one entity in Redis, on which only one script
// runs at a time: so a scan and its package may arrive in either order, and neither misses the other.
//
// Scans are the same if their event ids are. A repeated scan is passed on until the workflow of every
// owner has it; the workflow drops the scans that it already has.
package tracking

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	scanScript   = redisdb.Embedded(sources, "scan")
	ownScript    = redisdb.Embedded(sources, "own")
	takenScript  = redisdb.Embedded(sources, "taken")
	disownScript = redisdb.Embedded(sources, "disown")
)

const (
	// Kept is how long a number is kept after its last scan or owner, and how long a scan
	// waits for its package.
	Kept = 30 * 24 * time.Hour
	// Older is how much older than its package a scan may be, because numbers are reused.
	Older = 3 * 24 * time.Hour
	// MaxOwners limits the packages that share a number, and MaxScans its scans.
	MaxOwners = 20
	MaxScans  = 200
)

// Errors for a number that has reached a limit.
var (
	ErrTooManyOwners = errors.New("the tracking number already belongs to the maximum number of packages")
	ErrTooManyScans  = errors.New("the tracking number already has the maximum number of scans")
)

// Number is a tracking number of one adapter. It must be normalized.
type Number struct{ Adapter, Number string }

// Owner is a package with a tracking number.
type Owner struct {
	OrderID string `json:"orderId"`
	// PlacedAt of the order, because an order id may be reused.
	PlacedAt  time.Time `json:"placedAt"`
	PackageID string    `json:"packageId"`
	CreatedAt time.Time `json:"-"` // of the package
}

func (o Owner) name() string { return o.OrderID + "/" + o.PackageID }

// storedOwner and storedScan have their times in the format that the scripts compare.
type storedOwner struct {
	Owner
	CreatedAt int64 `json:"createdAt"` // ms
}

type storedScan struct {
	Event      order.PackageEvent `json:"event"`
	OccurredAt int64              `json:"occurredAt"` // ms
}

// Store stores tracking numbers in one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
	now func() time.Time
}

// New returns a Store in rdb. The caller closes rdb.
func New(rdb redis.UniversalClient, now func() time.Time) *Store { return &Store{rdb: rdb, now: now} }

func (n Number) name() string   { return n.Adapter + ":" + n.Number }
func (n Number) bucket() string { return redisdb.Bucket(n.name()) }
func (n Number) keys() []string {
	return []string{n.bucket() + ":tracking:" + n.name(), n.bucket() + ":unmatched"}
}

func (n Number) check() error {
	if normal, ok := carrier.NormalizeNumber(n.Number); !ok || normal != n.Number || !product.ValidID(n.Adapter) {
		return fmt.Errorf("%q of %q can't be a tracking number", n.Number, n.Adapter)
	}
	return nil
}

// scanName returns the name of a scan among those that wait.
func (n Number) scanName(eventID string) string { return n.name() + "/" + eventID }

// Scan stores a scan. It returns the owners whose workflows don't have it yet, and whether it waits
// for an owner.
func (s *Store) Scan(ctx context.Context, n Number, e order.PackageEvent) (owners []Owner, waits bool, err error) {
	if err := n.check(); err != nil {
		return nil, false, err
	}
	doc, err := json.Marshal(storedScan{e, e.OccurredAt.UnixMilli()})
	if err != nil {
		return nil, false, fmt.Errorf("encode scan %s: %w", e.ID, err)
	}
	answer, err := s.run(ctx, redisdb.Call{
		Script: scanScript, Keys: n.keys(),
		Args: []any{
			e.ID, doc, e.OccurredAt.UnixMilli(), s.now().UnixMilli(), Older.Milliseconds(), Kept.Milliseconds(), MaxScans,
			n.scanName(e.ID),
		},
	})
	if err != nil {
		return nil, false, fmt.Errorf("take scan %s of %s: %w", e.ID, n.name(), err)
	}
	switch answer[0] {
	case "FULL":
		return nil, false, ErrTooManyScans
	case "WAITS":
		return nil, true, nil
	}
	for _, doc := range answer[1:] {
		var o storedOwner
		if err := json.Unmarshal([]byte(doc), &o); err != nil {
			return nil, false, fmt.Errorf("read an owner of %s: %w", n.name(), err)
		}
		o.Owner.CreatedAt = time.UnixMilli(o.CreatedAt).UTC()
		owners = append(owners, o.Owner)
	}
	return owners, false, nil
}

// Own records that a package has a number, and returns the scans that its workflow doesn't have yet.
// They wait until Taken is called for them.
func (s *Store) Own(ctx context.Context, n Number, o Owner) ([]order.PackageEvent, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	doc, err := json.Marshal(storedOwner{o, o.CreatedAt.UnixMilli()})
	if err != nil {
		return nil, fmt.Errorf("encode owner %s: %w", o.name(), err)
	}
	answer, err := s.run(ctx, redisdb.Call{
		Script: ownScript, Keys: n.keys(),
		Args: []any{o.name(), doc, Older.Milliseconds(), Kept.Milliseconds(), MaxOwners},
	})
	if err != nil {
		return nil, fmt.Errorf("give %s to package %s: %w", n.name(), o.name(), err)
	}
	if answer[0] == "FULL" {
		return nil, ErrTooManyOwners
	}
	var scans []order.PackageEvent
	for _, doc := range answer[1:] {
		var scan storedScan
		if err := json.Unmarshal([]byte(doc), &scan); err != nil {
			return nil, fmt.Errorf("read a scan of %s: %w", n.name(), err)
		}
		scans = append(scans, scan.Event)
	}
	return scans, nil
}

// Taken records that an owner's workflow has a scan.
func (s *Store) Taken(ctx context.Context, n Number, eventID string, o Owner) error {
	return s.done(ctx, n, redisdb.Call{Script: takenScript, Keys: n.keys(), Args: []any{eventID, o.name(), n.scanName(eventID)}})
}

// Disown records that a package no longer has a number.
func (s *Store) Disown(ctx context.Context, n Number, o Owner) error {
	return s.done(ctx, n, redisdb.Call{Script: disownScript, Keys: n.keys()[:1], Args: []any{o.name()}})
}

func (s *Store) done(ctx context.Context, n Number, c redisdb.Call) error {
	if err := n.check(); err != nil {
		return err
	}
	if err := redisdb.Run(ctx, s.rdb, c)[0].Err(); err != nil {
		return fmt.Errorf("change tracking number %s: %w", n.name(), err)
	}
	return nil
}

// run returns the strings that a script returns, which must be at least one.
func (s *Store) run(ctx context.Context, c redisdb.Call) ([]string, error) {
	answer, err := redisdb.Run(ctx, s.rdb, c)[0].StringSlice()
	if err == nil && len(answer) == 0 {
		err = errors.New("the script returned nothing")
	}
	return answer, err
}

// Unmatched is a scan that waits for its package.
type Unmatched struct {
	Number
	Event order.PackageEvent
	// Since is when it arrived.
	Since time.Time
}

// Unmatched returns scans that wait for a package, newest first in each bucket and at most limit of
// each bucket, and deletes those that have waited for longer than Kept.
func (s *Store) Unmatched(ctx context.Context, limit int) ([]Unmatched, error) {
	var all []Unmatched
	for _, bucket := range redisdb.AllBuckets() {
		of, err := s.unmatchedOf(ctx, bucket+":unmatched", limit)
		if err != nil {
			return nil, fmt.Errorf("list scans without a package: %w", err)
		}
		all = append(all, of...)
	}
	return all, nil
}

func (s *Store) unmatchedOf(ctx context.Context, key string, limit int) ([]Unmatched, error) {
	before := fmt.Sprint(s.now().Add(-Kept).UnixMilli())
	pipe := s.rdb.Pipeline()
	pipe.ZRemRangeByScore(ctx, key, "-inf", before)
	newest := pipe.ZRevRangeWithScores(ctx, key, 0, int64(limit)-1)
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var all []Unmatched
	for _, z := range newest.Val() {
		name, _ := z.Member.(string)
		number, eventID, _ := strings.Cut(name, "/")
		adapter, code, _ := strings.Cut(number, ":")
		n := Number{adapter, code}
		doc, err := s.rdb.HGet(ctx, n.keys()[0], "scan:"+eventID).Bytes()
		if errors.Is(err, redis.Nil) {
			continue // the number has expired
		}
		if err != nil {
			return nil, err
		}
		var scan storedScan
		if err := json.Unmarshal(doc, &scan); err != nil {
			return nil, fmt.Errorf("read scan %s: %w", name, err)
		}
		all = append(all, Unmatched{n, scan.Event, time.UnixMilli(int64(z.Score)).UTC()})
	}
	return all, nil
}
