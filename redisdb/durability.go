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

// Durability is what a Redis says about keeping what it acknowledges.
type Durability struct {
	// Faults are reasons why an acknowledged write may be lost, each with the node.
	Faults []string
	// Unknown is what can't be found out: some managed services forbid CONFIG.
	Unknown []string
	// Replicas is how many there are. One that takes over may lack the last writes,
	// whatever the settings say: Redis replicates after it has answered.
	Replicas int
	// answered are the servers that said it, each with the colon behind it.
	answered []string
	// InMemory: it was started to forget everything, see MarkInMemory. It isn't judged.
	InMemory bool
}

// inMemoryKey can't come from a file of Redis', since its server never writes one.
const inMemoryKey = "{durability}:in-memory"

// MarkInMemory has programs know that a Redis was started to keep nothing, for trying
// things out: make run does so. They don't refuse it then.
func MarkInMemory(ctx context.Context, rdb redis.UniversalClient) error {
	if err := rdb.Set(ctx, inMemoryKey, "1", 0).Err(); err != nil {
		return fmt.Errorf("mark redis as one in memory: %w", err)
	}
	return nil
}

// CheckDurability asks the Redis, or every master of a cluster, whether it writes each
// change to its file before it answers, and whether it may throw keys out. An error means
// that a server doesn't answer; what the others say is there all the same. What one refuses
// to tell is unknown.
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
	case *redis.ClusterClient: // the mark's master may be the one that is away
		err = errors.Join(err, c.ForEachMaster(ctx, look))
	case *redis.Client:
		err = errors.Join(err, look(ctx, c))
	default:
		err = fmt.Errorf("a client of type %T", rdb)
	}
	slices.Sort(found.Faults)
	slices.Sort(found.Unknown)
	if err != nil {
		return found, fmt.Errorf("ask redis how it keeps what it writes: %w", err)
	}
	return found, nil
}

// at begins what is said of a server.
func at(node *redis.Client) string { return node.Options().Addr + ": " }

// durabilityOf judges by INFO, which every service answers, and by CONFIG where it may be
// asked.
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
		d.Unknown = append(d.Unknown, at+"whether it keeps an append-only file (INFO persistence has no aof_enabled)")
	default:
		d.Faults = append(d.Faults, at+"it keeps no append-only file: set appendonly yes")
	}
	if s := info["aof_last_write_status"]; s != "" && s != "ok" {
		d.Faults = append(d.Faults, at+"its last write to the append-only file failed: look at its disk")
	}
	switch policy := info["maxmemory_policy"]; policy {
	case "noeviction":
	case "":
		d.Unknown = append(d.Unknown, at+"whether it evicts keys (INFO memory has no maxmemory_policy)")
	default:
		d.Faults = append(d.Faults, at+"maxmemory-policy "+policy+" throws stock and holds out when memory is full: set noeviction")
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
		d.Faults = append(d.Faults, at+"no-appendfsync-on-rewrite yes leaves writes off the disk while the file is rewritten: set no")
	}
}

// after is what is known where not all servers have answered: what those say that have, and
// of the others what they said before.
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

// isAway reports whether an error of the server's means that it can't answer yet.
func isAway(err error) bool {
	for _, prefix := range []string{"LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOAUTH", "WRONGPASS"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

// fieldsOf reads the lines name:value of an answer to INFO.
func fieldsOf(info string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}
