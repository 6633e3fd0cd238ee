package streams

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// groupsKey is the set of all consumer groups that have to have had an entry
// before it may be trimmed.
const groupsKey = "stream-groups"

// GroupsTag is a hash tag whose keys lie with that set, for scripts that register a
// group, or give one up, with something else.
const GroupsTag = "{stream-groups}"

// GroupsKey is the set of the registered groups, for such scripts.
func GroupsKey() string { return groupsKey }

// Register makes the group known and lets it begin with the oldest entry of each
// stream that there is. Repeating it changes nothing.
func Register(ctx context.Context, rdb redis.UniversalClient, group string) error {
	// Known first: a group that exists and isn't known would be trimmed past.
	if err := rdb.SAdd(ctx, groupsKey, group).Err(); err != nil {
		return fmt.Errorf("register group %s: %w", group, err)
	}
	pipe := rdb.Pipeline()
	var made []*redis.StatusCmd
	for _, b := range redisdb.AllBuckets() {
		made = append(made, pipe.XGroupCreateMkStream(ctx, redisdb.EventsKey(b), group, "0"))
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	for i, m := range made {
		if err := m.Err(); err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
			return fmt.Errorf("make group %s on the stream of bucket %d: %w", group, i, err)
		}
	}
	return nil
}

// Groups lists the registered groups.
func Groups(ctx context.Context, rdb redis.UniversalClient) ([]string, error) {
	all, err := rdb.SMembers(ctx, groupsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("list the registered groups: %w", err)
	}
	return all, nil
}

// isNil tells whether a stream had nothing to answer.
func isNil(err error) bool { return errors.Is(err, redis.Nil) }

// NoGroup tells whether a stream or its group is gone: Redis was emptied, or
// restored from before the group was made.
func NoGroup(err error) bool { return redis.HasErrorPrefix(err, "NOGROUP") }

// NoStream tells whether there is no such stream yet.
func NoStream(err error) bool { return redis.HasErrorPrefix(err, "no such key") }
