// Package commands keeps a shop's commands and its scenarios' chains on Redis. One script stores a
// version; versions are never changed or removed, because orders name those that they were placed
// under. Processes keep prepared chains in memory, and learn which versions are the current ones with
// the read that precedes each order.
package commands

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"holdfast/command"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	publishScript = redisdb.Entity(sources, "publish")
	draftScript   = redisdb.Entity(sources, "draft")
)

// bucket has everything: a script that publishes a chain must see the commands that it names.
var bucket = redisdb.Bucket("commands")

// kind is what has versions.
type kind struct {
	name string
	// current stores "<number>-<hash>" by name, documents each version's document by
	// "<name>/<number>", and known "<stored at, ms> <JSON>" by the same.
	current, documents, known string
	mostNames                 int
}

var (
	ofCommands = kind{
		name: "command", mostNames: command.MaxCommands,
		current: bucket + ":commands", documents: bucket + ":command-documents", known: bucket + ":command-versions",
	}
	ofChains = kind{
		name: "chain", mostNames: len(command.Scenarios()),
		current: bucket + ":chains", documents: bucket + ":chain-documents", known: bucket + ":chain-versions",
	}
)

// draftsKey stores each scenario's draft, bytesKey how many bytes all versions have.
func draftsKey() string { return bucket + ":chain-drafts" }
func bytesKey() string  { return bucket + ":command-bytes" }

// Store gives access to the commands and chains of one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
	box command.Box

	loading  singleflight.Group
	mu       sync.Mutex
	prepared map[chainKey]*command.Prepared
	// passed are the hashes of versions whose tests have passed: they would again.
	passed map[string]bool
}

// New returns a store on rdb, which the caller closes. Scripts are compiled in box; it may be nil
// for a store that only reads.
func New(rdb redis.UniversalClient, box command.Box) *Store {
	return &Store{rdb: rdb, box: box, prepared: map[chainKey]*command.Prepared{}, passed: map[string]bool{}}
}

// version is a version as it is stored.
type version struct {
	number   int64
	at       time.Time
	known    string
	document string
}

// hashOf is a document's name by its content.
func hashOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}

func field(name string, number int64) string { return name + "/" + strconv.FormatInt(number, 10) }

// put is one version to be stored.
type put struct {
	name, ifMatch string
	document      []byte
	hash          string
	known         any
	draft         string
}

// put stores the next version, and reports whether it is a new one.
func (s *Store) put(ctx context.Context, k kind, p put) (v version, stored bool, err error) {
	known, err := json.Marshal(p.known)
	if err != nil {
		return v, false, fmt.Errorf("encode %s %s: %w", k.name, p.name, err)
	}
	answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: publishScript,
		Keys:   []string{k.current, k.documents, k.known, bytesKey(), draftsKey(), redisdb.EventsKey(bucket)},
		Args: []any{
			p.name, p.ifMatch, p.document, p.hash, known, k.mostNames, command.MaxVersions, command.MaxStoredBytes, p.draft, k.name,
		},
	})[0])
	if err != nil {
		return v, false, fmt.Errorf("store %s %s: %w", k.name, p.name, err)
	}
	switch answer[0] {
	case "STALE":
		return v, false, command.ErrStale
	case "NAMES":
		return v, false, command.ErrTooManyCommands
	case "VERSIONS":
		return v, false, command.ErrTooManyVersions
	case "FULL":
		return v, false, command.ErrFull
	}
	if len(answer) == 3 {
		number, _ := answer[1].(string)
		if v, err = readKnown(answer[2]); err == nil {
			v.number, err = strconv.ParseInt(number, 10, 64)
		}
		if err == nil {
			v.document = string(p.document)
			return v, answer[0] == "PUBLISHED", nil
		}
	}
	return v, false, fmt.Errorf("store %s %s: the script answered %v: %w", k.name, p.name, answer, err)
}

// readKnown reads "<stored at, ms> <JSON>".
func readKnown(value any) (version, error) {
	text, there := value.(string)
	if !there {
		return version{}, command.ErrNotFound
	}
	ms, known, _ := strings.Cut(text, " ")
	at, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return version{}, fmt.Errorf("what is known about it is %q: %w", text, err)
	}
	return version{at: time.UnixMilli(at).UTC(), known: known}, nil
}

// current returns the number and hash of the current version, or 0.
func (s *Store) current(ctx context.Context, k kind, name string) (command.ChainVersion, error) {
	value, err := s.rdb.HGet(ctx, k.current, name).Result()
	if errors.Is(err, redis.Nil) {
		return command.ChainVersion{}, nil
	}
	if err != nil {
		return command.ChainVersion{}, fmt.Errorf("read the current version of %s %s: %w", k.name, name, err)
	}
	return readCurrent(value)
}

func readCurrent(value string) (v command.ChainVersion, err error) {
	number, hash, _ := strings.Cut(value, "-")
	if v.Number, err = strconv.ParseInt(number, 10, 64); err != nil {
		return v, fmt.Errorf("a current version is %q: %w", value, err)
	}
	v.Hash = hash
	return v, nil
}

// get returns a version with its document; 0 is the current one.
func (s *Store) get(ctx context.Context, k kind, name string, number int64) (version, error) {
	if number == 0 {
		current, err := s.current(ctx, k, name)
		if err != nil {
			return version{}, err
		}
		if number = current.Number; number == 0 {
			return version{}, command.ErrNotFound
		}
	}
	all, err := s.getAll(ctx, k, field(name, number))
	if err != nil {
		return version{}, err
	}
	if all[0] == nil {
		return version{}, command.ErrNotFound
	}
	all[0].number = number
	return *all[0], nil
}

// getAll returns versions with their documents, nil for those that aren't stored, without their
// numbers.
func (s *Store) getAll(ctx context.Context, k kind, fields ...string) ([]*version, error) {
	args := make([]any, len(fields))
	for i, f := range fields {
		args[i] = f
	}
	answers := redisdb.Run(ctx, s.rdb,
		redisdb.Call{Command: "hmget", Keys: []string{k.known}, Args: args},
		redisdb.Call{Command: "hmget", Keys: []string{k.documents}, Args: args})
	known, err := redisdb.Slice(answers[0])
	var documents []any
	if err == nil {
		documents, err = redisdb.Slice(answers[1])
	}
	if err != nil {
		return nil, fmt.Errorf("read versions of a %s: %w", k.name, err)
	}
	all := make([]*version, len(fields))
	for i := range fields {
		document, there := documents[i].(string)
		v, err := readKnown(known[i])
		if errors.Is(err, command.ErrNotFound) || !there {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s %s: %w", k.name, fields[i], err)
		}
		v.document = document
		all[i] = &v
	}
	return all, nil
}

// versions returns up to limit versions before this one, the newest first, without their documents.
// 0 begins with the current one.
func (s *Store) versions(ctx context.Context, k kind, name string, limit int, before int64) ([]version, error) {
	if before == 0 {
		current, err := s.current(ctx, k, name)
		if err != nil {
			return nil, err
		}
		before = current.Number + 1
	}
	first := max(before-int64(limit), 1)
	if first >= before {
		return nil, nil
	}
	var fields []string
	for n := before - 1; n >= first; n-- {
		fields = append(fields, field(name, n))
	}
	values, err := s.rdb.HMGet(ctx, k.known, fields...).Result()
	if err != nil {
		return nil, fmt.Errorf("list versions of %s %s: %w", k.name, name, err)
	}
	var all []version
	for i, value := range values {
		v, err := readKnown(value)
		if errors.Is(err, command.ErrNotFound) { // behind the current one
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list versions of %s %s: %w", k.name, name, err)
		}
		v.number = before - 1 - int64(i)
		all = append(all, v)
	}
	return all, nil
}
