package tourtest

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

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
		out, line, is, err := show(reader, commands, b.want)
		require.NoError(t, err, "line %d:\n%s\n\n%s", b.line, b.text, out)
		if is {
			t.Fatalf("line %d:\n%s\n\nthe document promises: %s\nit printed:\n%s", b.line, b.text, line, out)
		}
	}
}

// viewPatience is longer than any view takes that keeps up.
const viewPatience = 10 * time.Second

var (
	viewCall  = regexp.MustCompile(`/v1/(products/suggest|products/[^/"?]+/events|products\?|orders\?)`)
	plainLine = regexp.MustCompile(`^(echo|curl -sS "\$HOLDFAST_URL[^"]*")$`)
)

// readsViews tells whether a block can be run again, and may have to be: it has GETs
// and nothing else, some of views.
func readsViews(commands string) bool {
	for line := range strings.SplitSeq(commands, "\n") {
		if !plainLine.MatchString(line) {
			return false
		}
	}
	return viewCall.MatchString(commands)
}

// show runs a block and looks for what it must print; a block that reads views, until
// it prints that or patience is over.
func show(reader *session, commands string, want []string) (out, lacking string, lacks bool, err error) {
	for until := time.Now().Add(viewPatience); ; time.Sleep(100 * time.Millisecond) { //nolint:forbidigo // between two looks at a view
		out, err = reader.run(commands)
		if err != nil {
			return out, "", false, err
		}
		lacking, lacks = missing(out, want)
		if !lacks || !readsViews(commands) || time.Now().After(until) {
			return out, lacking, lacks, nil
		}
	}
}

func TestReadsViews(t *testing.T) {
	for _, block := range []string{
		"curl -sS \"$HOLDFAST_URL/v1/products?q=a&brand=b\"\necho\ncurl -sS \"$HOLDFAST_URL/v1/products/teapot\"",
		`curl -sS "$HOLDFAST_URL/v1/products/suggest?q=a"`, `curl -sS "$HOLDFAST_URL/v1/products/a/events"`,
		`curl -sS "$HOLDFAST_URL/v1/orders?customerId=a"`,
	} {
		require.True(t, readsViews(block), block)
	}
	for _, block := range []string{
		`curl -sS "$HOLDFAST_URL/v1/products/teapot"`, `curl -sS "$HOLDFAST_URL/v1/orders/a?wait=1s"`,
		"curl -sS \"$HOLDFAST_URL/v1/orders?q=a\"\nbin/holdfast audit",
		`curl -sS -X POST "$HOLDFAST_URL/v1/orders?q=a"`, `curl -sS "$HOLDFAST_URL/v1/orders?q=a" -d '{}'`,
	} {
		require.False(t, readsViews(block), block)
	}
}
