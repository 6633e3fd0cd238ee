// Package customers keeps the customer entity on Redis. A script runs alone on one customer,
// and changes it together with the counts of its bucket and its event, or nothing.
//
// What customers say about themselves is in the field profile of the entity's hash, what staff
// attach in the field attached, and nowhere else in Redis: events carry ids only. So an
// erasure is one script, too. It leaves the customer's version, and the time up to which
// everything was erased.
package customers

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/customer"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	putScript   = redisdb.Entity(sources, "shared", "put")
	eraseScript = redisdb.Entity(sources, "shared", "erase")

	erasingScript = redisdb.Embedded(sources, "erasing")
)

// Store gives access to the customers of one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

func customerKey(id string) string { return redisdb.Bucket(id) + ":customer:" + id }

// customersKey lists the bucket's customers by their version, which is the time of their last
// change.
func customersKey(bucket string) string { return bucket + ":customers" }

// levelsKey counts the bucket's customers by level.
func levelsKey(bucket string) string { return bucket + ":customer-levels" }

// erasuresKey lists the bucket's customers whose erasure isn't completed, by when it was asked for.
func erasuresKey(bucket string) string { return bucket + ":erasures" }

// putKey stores one request to write a customer.
func putKey(id, request string) string {
	return redisdb.Bucket(id) + ":customer-put:" + id + ":" + request
}

func keys(id string) []string {
	bucket := redisdb.Bucket(id)
	return []string{customerKey(id), customersKey(bucket), levelsKey(bucket), redisdb.EventsKey(bucket)}
}

// fields are those of a customer's hash, as the scripts return them.
var fields = []any{"version", "created", "level", "profile", "attached"}

// Find returns a call that reads the customer, for use in a larger read.
func Find(id string) redisdb.Call {
	return redisdb.Call{Command: "hmget", Keys: []string{customerKey(id)}, Args: fields}
}

// Found reads the answer to Find. A customer that was never written is empty, of version
// customer.NotThere.
func Found(id string, answer *redis.Cmd) (customer.Customer, error) {
	values, err := redisdb.Slice(answer)
	var c customer.Customer
	if err == nil {
		c, err = decode(id, values)
	}
	if err != nil {
		return c, fmt.Errorf("read customer %s: %w", id, err)
	}
	return c, nil
}

// FindLevel returns a call that reads the customer's member level, for use in a larger read.
func FindLevel(id string) redisdb.Call {
	return redisdb.Call{Command: "hget", Keys: []string{customerKey(id)}, Args: []any{"level"}}
}

// FoundLevel reads the answer to FindLevel: 0 for a customer who has no level.
func FoundLevel(id string, answer *redis.Cmd) (int, error) {
	level, err := answer.Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, fmt.Errorf("read the level of customer %s: %w", id, err)
	}
	return level, nil
}

// Get reads a customer. One that was never written, or was erased, is empty, of version
// customer.NotThere.
func (s *Store) Get(ctx context.Context, id string) (customer.Customer, error) {
	if !customer.ValidID(id) {
		return customer.Customer{}, fmt.Errorf("%q is not a valid id", id)
	}
	return Found(id, redisdb.Run(ctx, s.rdb, Find(id))[0])
}

// Erase removes everything that is known about the customer up to this time, and reports
// whether there was anything. Later writes of older changes are refused. Repeating the call
// changes nothing.
func (s *Store) Erase(ctx context.Context, id string, before time.Time) (bool, error) {
	if !customer.ValidID(id) {
		return false, fmt.Errorf("%q is not a valid id", id)
	}
	removed, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: eraseScript, Keys: append(keys(id), erasuresKey(redisdb.Bucket(id))), Args: []any{id, before.UnixMilli()},
	})[0].Text()
	if err != nil {
		return false, fmt.Errorf("erase customer %s: %w", id, err)
	}
	return removed == "1", nil
}

// Levels counts the customers of each level, in one round trip. Level 0 has those without one.
func (s *Store) Levels(ctx context.Context) (map[int]int64, error) {
	pipe := s.rdb.Pipeline()
	var answers []*redis.MapStringStringCmd
	for _, bucket := range redisdb.AllBuckets() {
		answers = append(answers, pipe.HGetAll(ctx, levelsKey(bucket)))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("count customers by level: %w", err)
	}
	levels := map[int]int64{}
	for _, a := range answers {
		for level, count := range a.Val() {
			l, err := strconv.Atoi(level)
			n, notNumber := strconv.ParseInt(count, 10, 64)
			if err = errors.Join(err, notNumber); err != nil {
				return nil, fmt.Errorf("count customers of level %q: %w", level, err)
			}
			levels[l] += n
		}
	}
	return levels, nil
}

// decode reads a customer from the values of its fields.
func decode(id string, values []any) (customer.Customer, error) {
	c := customer.Customer{ID: id}
	if len(values) < len(fields) {
		return c, fmt.Errorf("it has only %d fields", len(values))
	}
	if values[1] == nil { // never written, or erased
		return c, nil
	}
	text := func(i int) string { t, _ := values[i].(string); return t }
	created, err := strconv.ParseInt(text(1), 10, 64)
	if err != nil {
		return c, fmt.Errorf("created: %w", err)
	}
	if c.Version, err = strconv.ParseInt(text(0), 10, 64); err != nil {
		return c, fmt.Errorf("version: %w", err)
	}
	if c.Level, err = strconv.Atoi(text(2)); err != nil {
		return c, fmt.Errorf("level: %w", err)
	}
	if err := json.Unmarshal([]byte(text(3)), &c.Profile); err != nil {
		return c, fmt.Errorf("decode the profile: %w", err)
	}
	if err := json.Unmarshal([]byte(text(4)), &c.Attachments); err != nil {
		return c, fmt.Errorf("decode what staff attached: %w", err)
	}
	c.CreatedAt = time.UnixMilli(created).UTC()
	c.UpdatedAt = time.UnixMilli(c.Version).UTC() // see next_version in redisdb/lua/entity.lua
	return c, nil
}
