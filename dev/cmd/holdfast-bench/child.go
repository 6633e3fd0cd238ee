package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"holdfast/dev/loopback"
)

// childReadyTimeout bounds one start of the stack, even on a folder that a kill left.
const childReadyTimeout = time.Minute

// child is holdfast-dev in a process of its own, as `make run` starts it: it can be killed,
// and its resource usage is separate from its clients'.
type child struct {
	program, data string
	port          int
	cmd           *exec.Cmd
	redisURL      string
}

// newChild chooses the port that the gateway keeps from start to start.
func newChild(program, data string) (*child, error) {
	ports, err := loopback.Ports(0)
	if err != nil {
		return nil, err
	}
	return &child{program: program, data: data, port: ports[0]}, nil
}

func (c *child) url() string { return "http://" + loopback.Address(c.port) }

var redisLine = regexp.MustCompile(`^Redis\s+(redis://\S+)`)

// start returns how long the stack took to report that it is ready.
func (c *child) start(ctx context.Context) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, c.program) //nolint:gosec // the program built next to this one
	cmd.Env = append(os.Environ(),
		"HOLDFAST_DATA="+c.data, "HOLDFAST_HTTP_ADDR="+loopback.Address(c.port), "HOLDFAST_DEMO=off",
		"HOLDFAST_TEMPORAL_PORT=0", "HOLDFAST_UI_PORT=0", "HOLDFAST_REDIS_PORT=0",
		"REDIS_URL=", "TEMPORAL_ADDRESS=", "ELASTICSEARCH_URL=", "HOLDFAST_SYNONYMS=", "HOLDFAST_WEBHOOK_SECRET=")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s (make bench builds it): %w", c.program, err)
	}
	c.cmd = cmd
	late := time.AfterFunc(childReadyTimeout, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if m := redisLine.FindStringSubmatch(lines.Text()); m != nil {
			c.redisURL = m[1]
		}
		if strings.Contains(lines.Text(), "Holdfast is ready") {
			return time.Since(begun), nil
		}
	}
	c.kill()
	return 0, errors.New("the stack ended before it was ready")
}

// kill ends the stack without warning; its redis-server ends with it.
func (c *child) kill() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait() // "signal: killed"
	c.cmd = nil
}

// usage is what the stack's process has used of the machine.
type usage struct {
	cpu      time.Duration
	resident int64 // bytes
}

// ticksPerSecond is the unit of /proc/PID/stat on every Linux that Go runs on.
const ticksPerSecond = 100

// usage reads /proc, so it works only on Linux.
func (c *child) usage() (usage, error) {
	proc := filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid))
	stat, err := os.ReadFile(filepath.Join(proc, "stat")) //nolint:gosec // of our own child
	if err != nil {
		return usage{}, err
	}
	// The second field, the program's name in parentheses, may contain blanks.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const user, system, pages = 11, 12, 21
	if len(fields) <= pages {
		return usage{}, fmt.Errorf("%s/stat has %d fields", proc, len(fields))
	}
	var n [3]int64
	for i, field := range []int{user, system, pages} {
		if n[i], err = strconv.ParseInt(fields[field], 10, 64); err != nil {
			return usage{}, fmt.Errorf("read %s/stat: %w", proc, err)
		}
	}
	return usage{
		cpu:      time.Duration(n[0]+n[1]) * time.Second / ticksPerSecond,
		resident: n[2] * int64(os.Getpagesize()),
	}, nil
}
