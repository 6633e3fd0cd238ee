// Package tracking stores which packages have which tracking numbers, and the scans of numbers that
// no package has yet. Each number of each adapter is one entity in Redis, on which only one script
// runs at a time: so a scan and its package may arrive in either order, and neither misses the other.
//
// Scans are the same if their event ids are. A repeated scan is passed on until the workflow of every
// owner has it; the workflow drops the scans that it already has.
package tracking

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	scanScript    = redisdb.Embedded(sources, "shared", "scan")
	ownScript     = redisdb.Embedded(sources, "shared", "own")
	takenScript   = redisdb.Embedded(sources, "taken")
	disownScript  = redisdb.Embedded(sources, "disown")
	unmatchScript = redisdb.Embedded(sources, "shared", "unmatch")
	claimScript   = redisdb.Embedded(sources, "claim")
	eraseScript   = redisdb.Embedded(sources, "erase")
)

const (
	// Kept is how long a scan is kept, and waits for its package.
	Kept = 30 * 24 * time.Hour
	// OwnerKept is how long a package without any news keeps its number: longer than the
	// slowest parcel travels.
	OwnerKept = 180 * 24 * time.Hour
	// Older is how much older than its package a scan may be, because numbers are reused.
	Older = 3 * 24 * time.Hour
	// MaxOwners limits the packages that share a number, and MaxScans its scans.
	MaxOwners = 20
	MaxScans  = 200
	// MaxWaiting limits the scans that wait in each bucket; beyond it the oldest are no longer
	// listed. A package that gets their number later still gets them.
	MaxWaiting = 5000
)

// storedOwner and storedScan have their times in the format that the scripts compare.
type storedOwner struct {
	carrier.Owner
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

	mu    sync.Mutex
	later []redisdb.Call // of TakenLater
}

// New returns a Store in rdb. The caller closes rdb.
func New(rdb redis.UniversalClient, now func() time.Time) *Store { return &Store{rdb: rdb, now: now} }

func nameOf(n carrier.Number) string { return n.Adapter + ":" + n.Number }

// ownerName returns the name of a package among the owners.
func ownerName(orderID, packageID string) string { return orderID + "/" + packageID }

// scanName returns the name of a scan among those that wait.
func scanName(n carrier.Number, eventID string) string { return nameOf(n) + "/" + eventID }

func keysOf(n carrier.Number) []string {
	b := redisdb.Bucket(nameOf(n))
	return []string{b + ":tracking:" + nameOf(n), b + ":unmatched"}
}

// Scans stores scans in one round trip, which also carries what TakenLater was told before.
func (s *Store) Scans(ctx context.Context, adapter string, scans []carrier.Scan) ([]carrier.Scanned, error) {
	calls := s.takeLater()
	earlier := len(calls)
	for _, scan := range scans {
		c, err := s.scanCall(scanScript, carrier.Number{Adapter: adapter, Number: scan.TrackingNumber}, scan.Event)
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	// If an earlier call fails, its scan may be passed on once more.
	answers := redisdb.Run(ctx, s.rdb, calls...)[earlier:]
	all := make([]carrier.Scanned, len(scans))
	for i, a := range answers {
		all[i].Scan = scans[i]
		answer, err := texts(a)
		if err == nil {
			err = readScanned(&all[i], answer)
		}
		if err != nil {
			return nil, fmt.Errorf("store scan %s of %s: %w", scans[i].Event.ID, scans[i].TrackingNumber, err)
		}
	}
	return all, nil
}

func (s *Store) scanCall(script *redisdb.Script, n carrier.Number, e order.PackageEvent) (redisdb.Call, error) {
	if err := n.Check(); err != nil {
		return redisdb.Call{}, err
	}
	doc, err := json.Marshal(storedScan{e, e.OccurredAt.UnixMilli()})
	if err != nil {
		return redisdb.Call{}, fmt.Errorf("encode scan %s: %w", e.ID, err)
	}
	return redisdb.Call{Script: script, Keys: keysOf(n), Args: []any{
		e.ID, doc, e.OccurredAt.UnixMilli(), s.now().UnixMilli(), Older.Milliseconds(), Kept.Milliseconds(), MaxScans,
		scanName(n, e.ID), MaxWaiting,
	}}, nil
}

func readScanned(s *carrier.Scanned, answer []string) error {
	switch answer[0] {
	case "FULL":
		s.Dropped = true
		return nil
	case "WAITS":
		s.Waits = true
		return nil
	}
	for _, doc := range answer[1:] {
		var o storedOwner
		if err := json.Unmarshal([]byte(doc), &o); err != nil {
			return fmt.Errorf("read an owner: %w", err)
		}
		o.Owner.CreatedAt = time.UnixMilli(o.CreatedAt).UTC()
		s.Owners = append(s.Owners, o.Owner)
	}
	slices.SortFunc(s.Owners, func(a, b carrier.Owner) int {
		return cmp.Or(cmp.Compare(a.OrderID, b.OrderID), cmp.Compare(a.PackageID, b.PackageID))
	})
	return nil
}

// Own records that a package has these numbers, in one round trip. The scans that it returns wait until
// Taken is called for them. again also returns the scans that
// the package's workflow was given before.
func (s *Store) Own(ctx context.Context, o carrier.Owner, again bool, numbers ...carrier.Number) ([]carrier.Owned, error) {
	doc, err := json.Marshal(storedOwner{o, o.CreatedAt.UnixMilli()})
	if err != nil {
		return nil, fmt.Errorf("encode package %s: %w", o.PackageID, err)
	}
	which := ""
	if again {
		which = "again"
	}
	calls := make([]redisdb.Call, len(numbers))
	for i, n := range numbers {
		if err := n.Check(); err != nil {
			return nil, err
		}
		calls[i] = redisdb.Call{Script: ownScript, Keys: keysOf(n)[:1], Args: []any{
			ownerName(o.OrderID, o.PackageID), doc, Older.Milliseconds(), OwnerKept.Milliseconds(), MaxOwners, which,
		}}
	}
	all := make([]carrier.Owned, len(numbers))
	for i, a := range s.run(ctx, calls) {
		all[i].Number = numbers[i]
		answer, err := texts(a)
		if err == nil {
			err = readOwned(&all[i], answer)
		}
		if err != nil {
			return nil, fmt.Errorf("give %s to package %s of order %s: %w", nameOf(numbers[i]), o.PackageID, o.OrderID, err)
		}
	}
	return all, nil
}

func readOwned(o *carrier.Owned, answer []string) error {
	if answer[0] == "FULL" {
		o.Err = carrier.ErrTooManyOwners
		return nil
	}
	for _, doc := range answer[1:] {
		var scan storedScan
		if err := json.Unmarshal([]byte(doc), &scan); err != nil {
			return fmt.Errorf("read a scan: %w", err)
		}
		o.Scans = append(o.Scans, scan.Event)
	}
	slices.SortFunc(o.Scans, func(a, b order.PackageEvent) int {
		return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.ID, b.ID))
	})
	return nil
}

// Disown records that a package no longer has these numbers.
func (s *Store) Disown(ctx context.Context, o carrier.Owner, numbers ...carrier.Number) error {
	calls := make([]redisdb.Call, len(numbers))
	for i, n := range numbers {
		if err := n.Check(); err != nil {
			return err
		}
		calls[i] = redisdb.Call{Script: disownScript, Keys: keysOf(n)[:1], Args: []any{ownerName(o.OrderID, o.PackageID)}}
	}
	for i, a := range s.run(ctx, calls) {
		if err := a.Err(); err != nil {
			return fmt.Errorf("take %s from package %s of order %s: %w", nameOf(numbers[i]), o.PackageID, o.OrderID, err)
		}
	}
	return nil
}

// Unmatch records that a package doesn't take a scan, because its order is closed or it no longer has
// the number. The scan then waits, unless another package has it or may have it.
func (s *Store) Unmatch(ctx context.Context, n carrier.Number, e order.PackageEvent, orderID, packageID string) error {
	c, err := s.scanCall(unmatchScript, n, e)
	if err != nil {
		return err
	}
	c.Args = append(c.Args, ownerName(orderID, packageID))
	if err := s.run(ctx, []redisdb.Call{c})[0].Err(); err != nil {
		return fmt.Errorf("take scan %s of %s back from package %s of order %s: %w", e.ID, nameOf(n), packageID, orderID, err)
	}
	return nil
}

func (s *Store) run(ctx context.Context, calls []redisdb.Call) []*redis.Cmd {
	if len(calls) == 0 {
		return nil
	}
	return redisdb.Run(ctx, s.rdb, calls...)
}

// texts returns the strings that a script returns, which must be at least one.
func texts(a *redis.Cmd) ([]string, error) {
	answer, err := a.StringSlice()
	if err == nil && len(answer) == 0 {
		err = errors.New("the script returned nothing")
	}
	return answer, err
}
