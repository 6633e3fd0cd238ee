package redisdb

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by their SHA-1
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Script is a Lua script, which Redis knows by the hash of its source.
type Script struct {
	source, hash string
}

// NewScript prepares a script; the server receives it on first use.
func NewScript(source string) *Script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // Redis names scripts by their SHA-1
	return &Script{source: source, hash: hex.EncodeToString(sum[:])}
}

// Embedded prepares a script from the package's folder lua, made of the named files in this
// order: shared functions come first. A misspelled name can't be handled at run time, so it
// panics.
func Embedded(files fs.FS, names ...string) *Script {
	var source strings.Builder
	for _, name := range names {
		b, err := fs.ReadFile(files, "lua/"+name+".lua")
		if err != nil {
			panic(err)
		}
		source.Write(b)
	}
	return NewScript(source.String())
}

// Entity is Embedded for a script that changes an entity: the functions of lua/entity.lua come
// first of all.
func Entity(files fs.FS, names ...string) *Script {
	return NewScript(Embedded(sources, "entity").source + Embedded(files, names...).source)
}

// Source is the script's text.
func (s *Script) Source() string { return s.source }

// Hash is the name by which Redis knows the script.
func (s *Script) Hash() string { return s.hash }

// Call is one run of a script, or of a plain command if there is no script. All its keys
// must lie in one bucket.
type Call struct {
	Script *Script
	// Command such as HMGET: its key comes first.
	Command string
	Keys    []string
	Args    []any
}

// Run sends all calls in one pipeline. If a server doesn't know a script (it is new,
// restarted or was flushed), only that call is sent again, with its source, to the node
// that has its keys. The answers are in the order of the calls; each carries its own error.
func Run(ctx context.Context, rdb redis.UniversalClient, calls ...Call) []*redis.Cmd {
	answers := send(ctx, rdb, calls, "evalsha")
	var again []int
	for i, a := range answers {
		if redis.HasErrorPrefix(a.Err(), "NOSCRIPT") {
			again = append(again, i)
		}
	}
	if len(again) == 0 {
		return answers
	}
	missed := make([]Call, len(again))
	for j, i := range again {
		missed[j] = calls[i]
	}
	for j, a := range send(ctx, rdb, missed, "eval") {
		answers[again[j]] = a
	}
	return answers
}

// send sends the calls by hash (evalsha) or with their source (eval, which makes the server
// remember it).
func send(ctx context.Context, rdb redis.UniversalClient, calls []Call, command string) []*redis.Cmd {
	answers := make([]*redis.Cmd, len(calls))
	for i, c := range calls {
		answers[i] = redis.NewCmd(ctx, c.command(command)...)
		if c.Script != nil {
			answers[i].SetFirstKeyPos(3)
		}
	}
	if len(answers) == 1 {
		_ = rdb.Process(ctx, answers[0]) // the error is in the answer
		return answers
	}
	pipe := rdb.Pipeline()
	for _, a := range answers {
		_ = pipe.Process(ctx, a)
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	return answers
}

func (c Call) command(name string) []any {
	args := make([]any, 0, 3+len(c.Keys)+len(c.Args))
	if c.Script == nil {
		args = append(args, c.Command)
		for _, k := range c.Keys {
			args = append(args, k)
		}
		return append(args, c.Args...)
	}
	if name == "evalsha" {
		args = append(args, name, c.Script.hash)
	} else {
		args = append(args, name, c.Script.source)
	}
	args = append(args, len(c.Keys))
	for _, k := range c.Keys {
		args = append(args, k)
	}
	return append(args, c.Args...)
}

// Slice reads the answer of a script that returns a list.
func Slice(a *redis.Cmd) ([]any, error) {
	s, err := a.Slice()
	if err != nil {
		return nil, err
	}
	if len(s) == 0 {
		return nil, fmt.Errorf("redis answered with an empty list")
	}
	return s, nil
}
