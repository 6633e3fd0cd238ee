// Package audits keeps the newest report of each audit on Redis, so that others than whoever ran it
// can read it. A report is bounded: see audit.Stored.
package audits

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/audit"
	"holdfast/redisdb"
)

// entity is the only one of its kind.
const entity = "audits"

// reportsKey stores each subject's newest report as JSON.
func reportsKey() string { return redisdb.Bucket(entity) + ":" + entity }

// Store gives access to the reports of one Redis or Redis Cluster.
type Store struct{ rdb redis.UniversalClient }

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

// Put stores a report in place of its subject's last one.
func (s *Store) Put(ctx context.Context, r audit.Stored) error {
	report, err := json.Marshal(r)
	if err == nil {
		err = s.rdb.HSet(ctx, reportsKey(), string(r.Subject), report).Err()
	}
	if err != nil {
		return fmt.Errorf("store the report of the audit of the %s: %w", r.Subject, err)
	}
	return nil
}

// Latest returns a subject's report, or audit.ErrNotStored.
func (s *Store) Latest(ctx context.Context, of audit.Subject) (audit.Stored, error) {
	report, err := s.rdb.HGet(ctx, reportsKey(), string(of)).Bytes()
	if errors.Is(err, redis.Nil) {
		return audit.Stored{}, audit.ErrNotStored
	}
	var r audit.Stored
	if err == nil {
		err = json.Unmarshal(report, &r)
	}
	if err != nil {
		return audit.Stored{}, fmt.Errorf("read the report of the audit of the %s: %w", of, err)
	}
	return r, nil
}
