package tour

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stopLine is how a document says that the stack is to be stopped here.
const stopLine = "# Ctrl-C in the terminal of make run"

// A reader may run commands that match these, with a comment after them.
var (
	// makeRun starts the stack, with its settings.
	makeRun = regexp.MustCompile(`^((?:[A-Z_]+=\S+ +)*)make run(?: +#.*)?$`)
	// makeTest runs this test among others.
	makeTest = regexp.MustCompile(`^make test(?: +#.*)?$`)
)

// followed names the documents whose commands the tests below run.
var followed = []string{"README.md", "docs/tour.md", "docs/webhooks.md", "docs/fulfilment.md", "docs/runbook.md"}

// TestReadmeAndTour does what a newcomer does: everything in the README, then, in new
// terminals beside the same stack, everything in the tour and in the pages on webhooks and fulfilment.
func TestReadmeAndTour(t *testing.T) {
	need(t, "curl")
	stack := newStack(t, t.TempDir())
	readme := readDocument(t, "README.md", "mermaid")
	require.Regexp(t, makeRun, strings.Split(readme.blocks[0].text, "\n")[0], "the README begins with how to run it")
	follow(t, stack, readme)
	follow(t, stack, readDocument(t, "docs/tour.md"))
	follow(t, stack, readDocument(t, "docs/webhooks.md", "http", "jsonl"))
	follow(t, stack, readDocument(t, "docs/fulfilment.md"))
}

func TestRunbook(t *testing.T) {
	need(t, "curl")
	need(t, "redis-server")
	need(t, "redis-cli")
	stack := newStack(t, t.TempDir())
	require.NoError(t, stack.start(t.Context(), []string{"HOLDFAST_DATA=data"}))
	follow(t, stack, readDocument(t, "docs/runbook.md", "bash", "crontab", "yaml"))
}

// TestMake ties `make run` to the programs that follow starts in its place, and `make test`
// to both modules.
func TestMake(t *testing.T) {
	need(t, "make")
	for target, steps := range map[string][]string{
		"run":  {"./cmd/holdfast-dev bin/holdfast-dev", "./cmd/holdfast bin/holdfast", "exec bin/holdfast-dev"},
		"test": {"go test", "cd dev && "},
	} {
		cmd := exec.CommandContext(t.Context(), "make", "-n", target)
		cmd.Dir = "../../.."
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		for _, step := range steps {
			require.Contains(t, string(out), step, target)
		}
	}
}

// follow does what a document says, block by block, in the stack's folder, where bin/ is as
// in the checkout.
func follow(t *testing.T, stack *stack, doc document) {
	reader := newSession(t, stack.dir, stack.environment())
	for _, b := range doc.blocks {
		at := fmt.Sprintf("%s, line %d", doc.path, b.line)
		commands, made := b.text, false
		var rest []string
		for line := range strings.SplitSeq(b.text, "\n") {
			if run := makeRun.FindStringSubmatch(line); run != nil {
				require.NoError(t, stack.start(t.Context(), strings.Fields(run[1])), at)
				made = true
				continue
			}
			if makeTest.MatchString(line) {
				made = true
				continue
			}
			if strings.HasPrefix(line, stopLine) {
				require.NoError(t, stack.stop(), at)
			}
			rest = append(rest, line)
		}
		if made { // in a terminal of its own: nothing else is in its block
			commands = strings.TrimSpace(strings.Join(rest, "\n"))
			require.Empty(t, commands, "%s: commands beside make run or make test", at)
			continue
		}
		out, line, is, err := show(reader, commands, b.want)
		require.NoError(t, err, "%s:\n%s\n\n%s", at, b.text, out)
		if is {
			t.Fatalf("%s:\n%s\n\nthe document promises: %s\nit printed:\n%s", at, b.text, line, out)
		}
	}
}

// viewPatience is longer than any healthy view takes.
const viewPatience = 10 * time.Second

var (
	viewCall  = regexp.MustCompile(`/v1/(products/suggest|products/[^/"?]+/events|products\?|orders\?)`)
	plainLine = regexp.MustCompile(`^(echo|curl -sS "\$HOLDFAST_URL[^"]*")$`)
)

// readsViews reports whether a block can be run again, and may have to be: it has only
// GETs, some of views.
func readsViews(commands string) bool {
	for line := range strings.SplitSeq(commands, "\n") {
		if !plainLine.MatchString(line) {
			return false
		}
	}
	return viewCall.MatchString(commands)
}

// show runs a block and checks what it must print; a block that reads views is repeated
// until it prints that or patience ends.
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
