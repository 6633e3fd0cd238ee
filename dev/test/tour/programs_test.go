package tour

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/await"
	"holdfast/dev/loopback"
)

const (
	startTimeout = 90 * time.Second
	stopTimeout  = 40 * time.Second
	ready        = "Holdfast is ready."
)

// TestMain gives the tests one folder of binaries: linking them takes longer than using
// them.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tour")
	if err != nil {
		panic(err)
	}
	binaries = dir
	code := m.Run()
	_ = os.RemoveAll(dir) // it is a temporary one
	os.Exit(code)
}

var binaries string

// build makes both binaries, once.
var build = sync.OnceValue(func() error {
	for _, b := range [][2]string{{"../../..", "./cmd/holdfast"}, {"../..", "./cmd/holdfast-dev"}} {
		// With the flags of scripts/build.sh, so that `make run` has compiled it all before.
		cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", binaries+"/", b[1]) //nolint:noctx // all tests wait for it
		cmd.Dir = b[0]
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", b[1], err, out)
		}
	}
	return nil
})

// putBinaries links them to where `make run` puts them, below dir.
func putBinaries(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, build())
	require.NoError(t, os.Symlink(binaries, filepath.Join(dir, "bin")))
}

// stack is what `make run` runs, on ports of the test's own, which stay the same after a
// restart.
type stack struct {
	dir                       string
	http, temporal, ui, redis int
	process                   *exec.Cmd
	out                       *safeBuffer
	done                      chan struct{}
}

// newStack prepares a stack in dir; start starts it.
func newStack(t *testing.T, dir string) *stack {
	t.Helper()
	putBinaries(t, dir)
	ports, err := loopback.Ports(0, 0, 0, 0)
	require.NoError(t, err)
	s := &stack{dir: dir, http: ports[0], temporal: ports[1], ui: ports[2], redis: ports[3]}
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return s
}

// environment of the reader's terminal: the addresses that the stack printed replace those
// of the standard ports in the documents.
func (s *stack) environment() []string {
	return append(bare(),
		"HOLDFAST_URL=http://"+loopback.Address(s.http),
		"TEMPORAL_ADDRESS="+loopback.Address(s.temporal),
		"REDIS_URL=redis://"+loopback.Address(s.redis)+"/0",
	)
}

// bare is an environment without settings of ours or of Temporal's, and without the
// services of other tests.
func bare() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "HOLDFAST_") || strings.HasPrefix(name, "TEMPORAL_") ||
			name == "REDIS_URL" || name == "ELASTICSEARCH_URL" || strings.HasSuffix(strings.ToLower(name), "_proxy")
	})
}

// start runs the stack with the settings that a document gives. Its ports are
// the test's.
func (s *stack) start(ctx context.Context, settings []string) error {
	if err := s.stop(); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(s.dir, "bin", "holdfast-dev")) //nolint:noctx // it is asked to stop, not killed
	cmd.Dir = s.dir
	cmd.Env = append(append(bare(), settings...),
		"HOLDFAST_HTTP_ADDR="+loopback.Address(s.http), "HOLDFAST_TEMPORAL_PORT="+strconv.Itoa(s.temporal),
		"HOLDFAST_UI_PORT="+strconv.Itoa(s.ui), "HOLDFAST_REDIS_PORT="+strconv.Itoa(s.redis))
	s.out = &safeBuffer{}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the stack: %w", err)
	}
	s.process, s.done = cmd, make(chan struct{})
	go func() {
		defer close(s.done)
		_ = cmd.Wait() // its output shows how it ended
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := await.Success(ctx, func(context.Context) error {
		select {
		case <-s.done:
			cancel()
			return fmt.Errorf("the stack has ended")
		default:
		}
		if !strings.Contains(s.out.String(), ready) {
			return fmt.Errorf("it does not say that it is ready")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("start the stack: %w\n%s", err, s.out)
	}
	return nil
}

// stop is Ctrl-C in the stack's terminal; none may run.
func (s *stack) stop() error {
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	if err := process.Process.Signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("stop the stack: %w\n%s", err, s.out)
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-s.done:
		return nil
	case <-timer.C:
		_ = process.Process.Kill()
		<-s.done
		return fmt.Errorf("the stack did not stop within %s\n%s", stopTimeout, s.out)
	}
}

// safeBuffer is written by a process while the test reads it.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// need skips a test without a program, unless HOLDFAST_REQUIRE names it: then its absence
// is a failure.
func need(t *testing.T, program string) {
	t.Helper()
	_, err := exec.LookPath(program)
	switch {
	case err == nil:
	case slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), program):
		t.Fatalf("%s is required: %v", program, err)
	default:
		t.Skipf("without %s: %v", program, err)
	}
}
