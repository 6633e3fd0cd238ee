// Package crash shows that nothing is lost when processes die. A worker is killed before
// and after each single write that a saga sends to Redis, then another one continues; and
// the whole stack is killed under load, again and again. The product doesn't know about it:
// the failpoint is a hook of the Redis client.
package crash

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// Failpoint sees every script that a worker runs. It records the names of those that write,
// and can kill the process, without warning, at one of them.
type Failpoint struct {
	// Names of the scripts by the hash by which Redis knows them, without those that only
	// read.
	Names map[string]string
	// Kill is the number of the write to die at, from 1; 0 never dies.
	Kill int
	// After means to die after the write was answered, instead of before it is sent.
	After bool

	mu     sync.Mutex
	writes []Write
}

// Write is one script that was sent.
type Write struct {
	Name string
	// First and Last of the commands that were sent in one pipeline.
	First, Last bool
}

var _ redis.Hook = (*Failpoint)(nil)

// Writes returns the writes so far, in order.
func (f *Failpoint) Writes() []Write {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Write(nil), f.writes...)
}

// DialHook leaves connections alone.
func (f *Failpoint) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook sees single commands.
func (f *Failpoint) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return f.send([]redis.Cmder{cmd}, func([]redis.Cmder) error { return next(ctx, cmd) })
	}
}

// ProcessPipelineHook sees pipelines. To die in the middle of one, it sends the commands
// before it: a server may well have carried out only these.
func (f *Failpoint) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return f.send(cmds, func(part []redis.Cmder) error { return next(ctx, part) })
	}
}

func (f *Failpoint) send(cmds []redis.Cmder, next func([]redis.Cmder) error) error {
	names := make([]string, len(cmds))
	for i, cmd := range cmds {
		names[i] = f.name(cmd)
	}
	f.mu.Lock()
	n := len(f.writes)
	for i, name := range names {
		if name != "" {
			f.writes = append(f.writes, Write{Name: name, First: i == 0, Last: i == len(cmds)-1})
		}
	}
	f.mu.Unlock()
	for i, name := range names {
		if name == "" {
			continue
		}
		if n++; n != f.Kill {
			continue
		}
		if f.After {
			i++
		}
		if i > 0 {
			_ = next(cmds[:i]) // the answers are never read
		}
		die()
	}
	return next(cmds)
}

// name is the name of the script that a command runs, or empty for a command that changes
// nothing.
func (f *Failpoint) name(cmd redis.Cmder) string {
	args := cmd.Args()
	if len(args) < 2 {
		return ""
	}
	script := fmt.Sprint(args[1])
	switch cmd.Name() {
	case "evalsha":
		return f.Names[script]
	case "eval":
		return f.Names[redisdb.NewScript(script).Hash()]
	}
	return ""
}

// die ends the process as a power cut would: nothing is closed, reported or flushed.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is in flight
}
