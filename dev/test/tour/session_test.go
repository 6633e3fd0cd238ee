package tour

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// blockTimeout bounds one block: the longest waits for an order to expire.
const blockTimeout = time.Minute

// ended is printed after each block that ran to its end.
const ended = "--- the block has ended"

// session is one bash that runs block after block, as a reader's terminal does.
type session struct {
	dir   string
	stdin io.Writer
	lines chan string // of its output, closed when it ends
	runs  int
}

func newSession(t *testing.T, dir string, env []string) *session {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc")
	cmd.Dir, cmd.Env = dir, env
	cmd.WaitDelay = time.Second
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, in, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = in, in
	require.NoError(t, cmd.Start())
	require.NoError(t, in.Close())
	s := &session{dir: dir, stdin: stdin, lines: make(chan string)}
	done := make(chan struct{})
	go func() {
		defer close(s.lines)
		defer func() { _ = out.Close() }()
		for scan := bufio.NewScanner(out); scan.Scan(); {
			select {
			case s.lines <- scan.Text():
			case <-done:
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		_ = stdin.Close()   // bash ends with its input
		for range s.lines { // until it has ended
		}
		_ = cmd.Wait() // a failed block has ended it with an error, which was reported
	})
	_, err = io.WriteString(stdin, "set -euo pipefail\n")
	require.NoError(t, err)
	return s
}

// run runs one block and returns what it printed, both streams together. The block is in a
// file that is sourced, so that no command in it reads the rest of the session as its
// input.
func (s *session) run(text string) (string, error) {
	s.runs++
	file := filepath.Join(s.dir, fmt.Sprintf(".block-%d.sh", s.runs))
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the block: %w", err)
	}
	if _, err := fmt.Fprintf(s.stdin, ". %s </dev/null\nprintf '\\n%%s\\n' '%s'\n", file, ended); err != nil {
		return "", fmt.Errorf("the session is over: %w", err)
	}
	var out strings.Builder
	timeout := time.NewTimer(blockTimeout)
	defer timeout.Stop()
	for {
		select {
		case line, more := <-s.lines:
			if !more {
				return out.String(), fmt.Errorf("a command of the block failed")
			}
			if line == ended {
				return out.String(), nil
			}
			out.WriteString(line + "\n")
		case <-timeout.C:
			return out.String(), fmt.Errorf("the block did not end within %s", blockTimeout)
		}
	}
}

func TestSession(t *testing.T) {
	s := newSession(t, t.TempDir(), os.Environ())
	out, err := s.run("A=1; cat; printf 'no newline'")
	require.NoError(t, err)
	require.Equal(t, "no newline\n", out)
	out, err = s.run("echo $A >&2")
	require.NoError(t, err)
	require.Equal(t, "1\n\n", out)
	out, err = s.run("echo before\nfalse | cat\necho behind")
	require.Error(t, err)
	require.Equal(t, "before\n", out)
}
