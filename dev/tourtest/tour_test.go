package tourtest

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stopLine is how a document says that the stack is to be stopped here.
const stopLine = "# Ctrl-C in the terminal of make run"

// makeRun is a command of a document that starts the stack, with its settings.
var makeRun = regexp.MustCompile(`^((?:[A-Z_]+=\S+ +)*)make run$`)

func TestReadmeTour(t *testing.T) {
	need(t, "curl")
	follow(t, readDocument(t, "../../README.md", "## A tour"), nil)
}

func TestRunbook(t *testing.T) {
	need(t, "curl")
	need(t, "redis-server")
	need(t, "redis-cli")
	follow(t, readDocument(t, "../../docs/runbook.md", ""), []string{"HOLDFAST_DATA=data"})
}

// TestMakeRun ties `make run` to the programs that follow starts in its place.
func TestMakeRun(t *testing.T) {
	need(t, "make")
	cmd := exec.CommandContext(t.Context(), "make", "-n", "run")
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, step := range []string{"./cmd/holdfast-dev bin/holdfast-dev", "./cmd/holdfast bin/holdfast", "exec bin/holdfast-dev"} {
		require.Contains(t, string(out), step)
	}
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	require.Regexp(t, "(?m)^make run .*\n^make test ", string(readme))
}

// follow does what the document says, block by block, in a folder of its own
// where bin/ is as in the checkout. The stack runs with these settings until a
// block starts it otherwise.
func follow(t *testing.T, blocks []block, settings []string) {
	dir := t.TempDir()
	putBinaries(t, dir)
	stack := newStack(t, dir)
	require.NoError(t, stack.start(t.Context(), settings))
	reader := newSession(t, dir, stack.environment())
	for _, b := range blocks {
		commands, started := b.text, false
		var rest []string
		for line := range strings.SplitSeq(b.text, "\n") {
			if run := makeRun.FindStringSubmatch(line); run != nil {
				require.NoError(t, stack.start(t.Context(), strings.Fields(run[1])), "line %d", b.line)
				started = true
				continue
			}
			if strings.HasPrefix(line, stopLine) {
				require.NoError(t, stack.stop(), "line %d", b.line)
			}
			rest = append(rest, line)
		}
		if started { // it is a terminal of its own: nothing else stands in its block
			commands = strings.TrimSpace(strings.Join(rest, "\n"))
			require.Empty(t, commands, "line %d: commands beside make run", b.line)
			continue
		}
		out, err := reader.run(commands)
		require.NoError(t, err, "line %d:\n%s\n\n%s", b.line, b.text, out)
		if line, is := missing(out, b.want); is {
			t.Fatalf("line %d:\n%s\n\nthe document promises: %s\nit printed:\n%s", b.line, b.text, line, out)
		}
	}
}
