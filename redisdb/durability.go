package redisdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Durability is what is known about whether a Redis keeps what it acknowledges.
type Durability struct {
	// Faults are reasons why an acknowledged write may be lost, each with its node.
	Faults []string
	// Unknown is what can't be determined: some managed services forbid CONFIG.
	Unknown []string
	// Replicas is the number of replicas. One that takes over may lack the last writes,
	// whatever the settings: Redis replicates after it has answered.
	Replicas int
	// answered are the servers that reported it, each followed by a colon.
	answered []string
	// InMemory means that Redis was started to keep nothing, see MarkInMemory. It isn't
	// checked.
	InMemory bool
}

// inMemoryKey can't come from a file of Redis, since such a server never writes one.
const inMemoryKey = "{durability}:in-memory"

// MarkInMemory marks a Redis as started to keep nothing, for trying things out, as make run
// does. Programs then don't refuse it.
func MarkInMemory(ctx context.Context, rdb redis.UniversalClient) error {
	if err := rdb.Set(ctx, inMemoryKey, "1", 0).Err(); err != nil {
		return fmt.Errorf("mark redis as one in memory: %w", err)
	}
	return nil
}

// CheckDurability asks the Redis, or every master of a cluster, whether it writes each
// change to its file before it answers, and whether it may evict keys. An error means that
// a server doesn't answer; the result still contains what the others reported. What a
// server refuses to report is unknown.
func CheckDurability(ctx context.Context, rdb redis.UniversalClient) (Durability, error) {
	var (
		mu    sync.Mutex
		found Durability
	)
	look := func(ctx context.Context, node *redis.Client) error {
		d, err := durabilityOf(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		found.Faults = append(found.Faults, d.Faults...)
		found.Unknown = append(found.Unknown, d.Unknown...)
		found.Replicas += d.Replicas
		if err == nil {
			found.answered = append(found.answered, at(node))
		}
		return err
	}
	marked, err := rdb.Exists(ctx, inMemoryKey).Result()
	if marked > 0 {
		return Durability{InMemory: true}, nil
	}
	switch c := rdb.(type) {
	case *redis.ClusterClient: // the mark's master may be the one that is down
		err = errors.Join(err, c.ForEachMaster(ctx, look))
	case *redis.Client:
		err = errors.Join(err, look(ctx, c))
	default:
		err = fmt.Errorf("a client of type %T", rdb)
	}
	slices.Sort(found.Faults)
	slices.Sort(found.Unknown)
	if err != nil {
		return found, fmt.Errorf("check the durability of redis: %w", err)
	}
	return found, nil
}

// at is the prefix of what is reported about a server.
func at(node *redis.Client) string { return node.Options().Addr + ": " }

// durabilityOf evaluates INFO, which every service answers, and CONFIG where it is allowed.
func durabilityOf(ctx context.Context, node *redis.Client) (Durability, error) {
	var d Durability
	at := at(node)
	info := map[string]string{}
	for _, section := range []string{"persistence", "memory", "replication"} {
		text, err := node.Info(ctx, section).Result()
		var refused redis.Error
		switch {
		case errors.As(err, &refused) && !isAway(err):
			d.Unknown = append(d.Unknown, at+"INFO "+section+": "+err.Error())
		case err != nil:
			return d, fmt.Errorf("INFO %s: %w", section, err)
		}
		maps.Copy(info, fieldsOf(text))
	}
	d.judgeInfo(at, info)
	if n := info["connected_slaves"]; info["role"] == "master" && n != "" {
		_, _ = fmt.Sscan(n, &d.Replicas)
	}
	if info["aof_enabled"] != "1" {
		return d, nil
	}
	config := map[string]string{}
	for _, name := range []string{"appendfsync", "no-appendfsync-on-rewrite"} {
		got, err := node.ConfigGet(ctx, name).Result()
		var refused redis.Error
		switch {
		case errors.As(err, &refused) && !isAway(err):
		case err != nil:
			return d, fmt.Errorf("CONFIG GET %s: %w", name, err)
		}
		maps.Copy(config, got)
	}
	d.judgeConfig(at, config)
	return d, nil
}

func (d *Durability) judgeInfo(at string, info map[string]string) {
	switch aof := info["aof_enabled"]; aof {
	case "1":
	case "":
		d.Unknown = append(d.Unknown, at+"whether there is an append-only file (INFO persistence has no aof_enabled)")
	default:
		d.Faults = append(d.Faults, at+"there is no append-only file: set appendonly yes")
	}
	if s := info["aof_last_write_status"]; s != "" && s != "ok" {
		d.Faults = append(d.Faults, at+"the last write to the append-only file failed: check the disk")
	}
	switch policy := info["maxmemory_policy"]; policy {
	case "noeviction":
	case "":
		d.Unknown = append(d.Unknown, at+"whether it evicts keys (INFO memory has no maxmemory_policy)")
	default:
		d.Faults = append(d.Faults, at+"maxmemory-policy "+policy+" evicts stock and holds when memory is full: set noeviction")
	}
}

func (d *Durability) judgeConfig(at string, config map[string]string) {
	switch sync := config["appendfsync"]; sync {
	case "always":
	case "":
		d.Unknown = append(d.Unknown, at+"appendfsync (CONFIG GET is refused)")
	default:
		d.Faults = append(d.Faults, at+"appendfsync "+sync+" answers before the disk has it: set always")
	}
	if config["no-appendfsync-on-rewrite"] == "yes" {
		d.Faults = append(d.Faults, at+"no-appendfsync-on-rewrite yes doesn't sync writes while the file is rewritten: set no")
	}
}

// after merges with the previous result if not all servers have answered: the current
// reports of those that have, and the previous reports of the others.
func (d Durability) after(before Durability) Durability {
	if before.InMemory {
		return before
	}
	ofOthers := func(said []string) []string {
		return slices.DeleteFunc(slices.Clone(said), func(s string) bool {
			return slices.ContainsFunc(d.answered, func(at string) bool { return strings.HasPrefix(s, at) })
		})
	}
	merge := func(now, before []string) []string {
		all := slices.Sorted(slices.Values(append(ofOthers(before), now...)))
		return slices.Compact(all)
	}
	before.Faults, before.Unknown = merge(d.Faults, before.Faults), merge(d.Unknown, before.Unknown)
	return before
}

// isAway reports whether a server's error means that it can't answer yet.
func isAway(err error) bool {
	for _, prefix := range []string{"LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOAUTH", "WRONGPASS"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

// fieldsOf reads the name:value lines of an answer to INFO.
func fieldsOf(info string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}
