package compose

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// endTimeout is how long a process may take to stop when asked; then it is killed.
const endTimeout = 20 * time.Second

// output is what a process has printed so far.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a service of docker-compose.yml, run without a container.
type process struct {
	name string
	cmd  *exec.Cmd
	out  *output
	end  context.CancelFunc
	done chan struct{}
	err  error // how it ended; set when done is closed
}

// start runs argv with exactly this environment, as in a container. It ends with the test
// at the latest.
func start(t *testing.T, name string, argv, env []string) *process {
	t.Helper()
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{name: name, out: &output{}, end: end, done: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = endTimeout
	require.NoError(t, p.cmd.Start(), name)
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		end()
		<-p.done
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, p.out)
		}
	})
	return p
}

// requireEnd waits until the process has ended by itself, without an error.
func (p *process) requireEnd(t *testing.T, within time.Duration) {
	t.Helper()
	select {
	case <-p.done:
		require.NoError(t, p.err, "%s failed", p.name)
	case <-time.After(within):
		require.Failf(t, "still running", "%s has not ended within %s", p.name, within)
	}
}

// requireStop asks the process to stop, as docker compose does, and requires a clean exit.
func (p *process) requireStop(t *testing.T) {
	t.Helper()
	select {
	case <-p.done:
		require.Failf(t, "ended too early", "%s: %v", p.name, p.err)
	default:
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM), p.name)
	p.requireEnd(t, endTimeout)
}

// addresses are host:port pairs of docker-compose.yml, each with that of the test.
type addresses map[string]string

func (a addresses) in(text string) string {
	for theirs, ours := range a {
		text = strings.ReplaceAll(text, theirs, ours)
	}
	return text
}

// environment is what docker-compose.yml gives the service.
func environment(s types.ServiceConfig, a addresses) []string {
	var env []string
	for name, value := range s.Environment {
		if value != nil {
			env = append(env, name+"="+a.in(*value))
		}
	}
	return env
}

// build compiles the programs of the image into a folder that stands for its root.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", dir, "./cmd/holdfast", "./cmd/healthcheck")
	cmd.Dir = root
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, string(printed))
	return dir
}

// inImage is the path of a program of the image in the folder that build filled.
func inImage(image, program string) string { return filepath.Join(image, program) }
