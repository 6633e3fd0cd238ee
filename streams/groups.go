package streams

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// groupsKey is the set of all consumer groups that must have received an entry before it
// may be trimmed.
const groupsKey = "stream-groups"

// GroupsTag is a hash tag in the same slot as that set, for scripts that register a group,
// or give one up, together with something else.
const GroupsTag = "{stream-groups}"

// GroupsKey is the set of the registered groups, for such scripts.
func GroupsKey() string { return groupsKey }

// Register records the group and starts it at the oldest entry of each stream. Repeating
// the call changes nothing.
func Register(ctx context.Context, rdb redis.UniversalClient, group string) error {
	// The record comes first: entries of a group that exists but isn't recorded would be
	// trimmed.
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
			return fmt.Errorf("create group %s on the stream of bucket %d: %w", group, i, err)
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

// isNil reports whether a stream had no answer.
func isNil(err error) bool { return errors.Is(err, redis.Nil) }

// NoGroup reports whether a stream or its group is gone: Redis was emptied, or restored
// from before the group was created.
func NoGroup(err error) bool { return redis.HasErrorPrefix(err, "NOGROUP") }

// NoStream reports whether the stream doesn't exist yet.
func NoStream(err error) bool { return redis.HasErrorPrefix(err, "no such key") }
