package redistest

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// Kept are the settings of a redis-server that keeps what it acknowledges.
var Kept = []string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"}

// Own runs a redis-server with these settings for this test alone, and returns its URL. It
// skips the test if none is installed.
func Own(t *testing.T, settings ...string) (url string) {
	t.Helper()
	program := Program(t)
	dir := t.TempDir()
	socket := filepath.Join(dir, "r.sock")
	cmd := exec.CommandContext(t.Context(), program, append([]string{ //nolint:gosec // tests choose the settings
		"--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--daemonize", "no",
	}, settings...)...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	rdb := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaxRetries: -1})
	defer func() { _ = rdb.Close() }()
	require.Eventually(t, func() bool { return rdb.Ping(t.Context()).Err() == nil }, 10*time.Second, 10*time.Millisecond,
		"the redis-server doesn't answer")
	return "unix://" + socket
}
