package crash_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"holdfast/dev/loopback"
	"holdfast/dev/test/shoptest"
	"holdfast/redisdb"
)

const (
	// buildTimeout bounds the build of holdfast-dev: with a cold cache it compiles
	// a whole Temporal server.
	buildTimeout = 6 * time.Minute
	// readyTimeout bounds one start on a folder that a kill left.
	readyTimeout = 2 * time.Minute
)

// devStack is holdfast-dev on a folder, as `make run` starts it.
type devStack struct {
	program, data string
	port          int
	cmd           *exec.Cmd
	redisURL      string
	address       string // of Temporal
	redisPID      int
}

// programs is the folder of what is built, once for all tests.
var programs string

// buildDevStack builds the program, with the tag that make builds and tests with: then most of
// it is compiled already.
var buildDevStack = sync.OnceValues(func() (program string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	program = filepath.Join(programs, "holdfast-dev")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "release", "-ldflags", "-s -w", "-o", program, "holdfast/dev/cmd/holdfast-dev")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build holdfast-dev: %w: %s", err, out)
	}
	return program, nil
})

// newDevStack returns a stack that isn't started. Its gateway keeps its port from start to
// start, as customers have to find it again.
func newDevStack(t *testing.T) *devStack {
	t.Helper()
	program, err := buildDevStack()
	require.NoError(t, err)
	ports, err := loopback.Ports(0)
	require.NoError(t, err)
	d := &devStack{program: program, data: filepath.Join(t.TempDir(), "data"), port: ports[0]}
	t.Cleanup(func() {
		if d.cmd != nil {
			d.kill(t)
		}
	})
	return d
}

func (d *devStack) url() string { return "http://" + loopback.Address(d.port) }

// start returns when the stack reports that it is ready.
func (d *devStack) start(t *testing.T) {
	t.Helper()
	begun := time.Now()
	cmd := exec.Command(d.program) //nolint:noctx // the program that was built; kill ends it
	cmd.Env = append(os.Environ(),
		"HOLDFAST_DATA="+d.data, "HOLDFAST_HTTP_ADDR="+loopback.Address(d.port), "HOLDFAST_DEMO=off",
		"HOLDFAST_TEMPORAL_PORT=0", "HOLDFAST_UI_PORT=0", "HOLDFAST_REDIS_PORT=0",
		"REDIS_URL=", "TEMPORAL_ADDRESS=", "ELASTICSEARCH_URL=", "HOLDFAST_SYNONYMS=", "HOLDFAST_WEBHOOK_SECRET=")
	log, err := os.OpenFile(filepath.Join(filepath.Dir(d.data), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer func() { _ = log.Close() }() // the child has its own
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	d.cmd = cmd
	late := time.AfterFunc(readyTimeout, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	d.redisURL, d.address = "", ""
	ready := false
	for lines := bufio.NewScanner(stdout); !ready && lines.Scan(); {
		line := lines.Text()
		if m := redisLine.FindStringSubmatch(line); m != nil {
			d.redisURL = m[1]
		}
		if m := temporalLine.FindStringSubmatch(line); m != nil {
			d.address = m[1]
		}
		ready = strings.Contains(line, "Holdfast is ready")
	}
	require.True(t, ready, "holdfast-dev did not get ready:\n%s", d.tail())
	require.NotEmpty(t, d.redisURL)
	require.NotEmpty(t, d.address)
	d.redisPID = redisPID(t, d.redisURL)
	t.Logf("ready after %s", time.Since(begun).Round(time.Millisecond))
}

var (
	redisLine    = regexp.MustCompile(`^Redis\s+(redis://\S+)`)
	temporalLine = regexp.MustCompile(`^Temporal\s+([0-9.]+:[0-9]+)`)
)

// kill ends the stack without warning, and requires that its redis-server ends too.
func (d *devStack) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, d.cmd.Process.Kill())
	_ = d.cmd.Wait() // "signal: killed"
	d.cmd = nil
	ctx, cancel := context.WithTimeout(context.Background(), shoptest.Patience)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !errors.Is(syscall.Kill(d.redisPID, 0), syscall.ESRCH) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("redis-server, process %d, outlives the stack", d.redisPID)
		}
	}
}

// temporal connects to the currently running Temporal.
func (d *devStack) temporal(t *testing.T) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: d.address, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// tail is the end of the stack's output, for a failed start.
func (d *devStack) tail() string {
	b, err := os.ReadFile(filepath.Join(filepath.Dir(d.data), "log"))
	if err != nil {
		return fmt.Sprint(err)
	}
	const most = 4000
	return string(b[max(0, len(b)-most):])
}

func redisPID(t *testing.T, url string) int {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	info, err := rdb.Info(t.Context(), "server").Result()
	require.NoError(t, err)
	m := regexp.MustCompile(`process_id:(\d+)`).FindStringSubmatch(info)
	require.NotNil(t, m)
	pid, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return pid
}
