package tour

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// document is a Markdown file and what it has to run.
type document struct {
	path   string // from the repository's root
	blocks []block
}

// block is one fenced block that is run, and the lines that it must print.
type block struct {
	line int // of its first line in the document
	text string
	want []string
}

// readDocument returns a document; all of its blocks are run except those marked as one of
// notRun.
func readDocument(t *testing.T, path string, notRun ...string) document {
	t.Helper()
	text, err := os.ReadFile("../../../" + path)
	require.NoError(t, err)
	blocks, err := parse(string(text), notRun...)
	require.NoError(t, err, path)
	require.NotEmpty(t, blocks, "%s has nothing to run", path)
	return document{path: path, blocks: blocks}
}

var (
	fence      = regexp.MustCompile("^```(\\w*)$")
	otherFence = regexp.MustCompile("^\\s*(```|~~~)")
)

// parse finds the blocks of a Markdown text. A block that would be neither run nor compared
// nor deliberately left out is an error, and so are expected lines without a block before
// them.
func parse(text string, notRun ...string) ([]block, error) {
	var blocks []block
	expectable := false
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		open := fence.FindStringSubmatch(lines[i])
		if open == nil {
			if otherFence.MatchString(lines[i]) {
				return nil, fmt.Errorf("the block in line %d begins otherwise than with ```", i+1)
			}
			expectable = expectable && strings.TrimSpace(lines[i]) == ""
			continue
		}
		first := i + 1
		for i++; i < len(lines) && lines[i] != "```"; i++ {
		}
		if i == len(lines) {
			return nil, fmt.Errorf("the block in line %d has no end", first)
		}
		content := lines[first:i]
		switch lang := open[1]; {
		case lang == "sh":
			blocks = append(blocks, block{line: first + 1, text: strings.Join(content, "\n")})
			expectable = true
		case (lang == "text" || lang == "json") && expectable:
			blocks[len(blocks)-1].want = content
			expectable = false
		case lang == "text" || lang == "json":
			return nil, fmt.Errorf("the lines in line %d follow no block that is run", first)
		case slices.Contains(notRun, lang):
			expectable = false
		default:
			return nil, fmt.Errorf("the block in line %d is marked %q: nothing runs it", first, lang)
		}
	}
	return blocks, nil
}

// missing returns the first wanted line that the output doesn't contain after the ones
// before it, and false if all are there.
func missing(output string, want []string) (string, bool) {
	got := strings.Split(output, "\n")
	for _, w := range want {
		if strings.TrimSpace(w) == "" {
			continue
		}
		parts := strings.Split(strings.TrimSpace(w), "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		line := regexp.MustCompile(`^\s*` + strings.Join(parts, ".*") + `\s*$`)
		found := -1
		for i, g := range got {
			if line.MatchString(g) {
				found = i
				break
			}
		}
		if found < 0 {
			return w, true
		}
		got = got[found+1:]
	}
	return "", false
}

func TestParse(t *testing.T) {
	text := "# T\n## A\n```sh\na\n```\n\n```json\n{…}\n```\n```bash\nno\n```\n## B\n```sh\nb\n```\nwords\n"
	blocks, err := parse(text, "bash")
	require.NoError(t, err)
	require.Equal(t, []block{{line: 4, text: "a", want: []string{"{…}"}}, {line: 15, text: "b"}}, blocks)

	for wrong, why := range map[string]string{
		"```sh\na\n```\nwords\n```text\nx\n```\n": "line 5",
		"```sh\na\n":                      "no end",
		"words\n```bash\na\n```\n":        `line 2 is marked "bash"`,
		"```\na\n```\n":                   "line 1 is marked",
		"- a list\n  ```sh\n  a\n  ```\n": "line 2 begins otherwise",
		"~~~sh\na\n~~~\n":                 "line 1 begins otherwise",
	} {
		_, err := parse(wrong)
		require.ErrorContains(t, err, why)
	}
}

func TestMissing(t *testing.T) {
	const output = "one\n  \"two\": 2,\nthree (3)\n"
	for _, want := range [][]string{{"one"}, {"\"two\": …,"}, {"one", "", "three (…)"}, nil} {
		line, is := missing(output, want)
		require.False(t, is, "%q: %s", want, line)
	}
	for _, want := range [][]string{{"on"}, {"three (3)", "one"}, {"one", "one"}, {"t.ree (3)"}} {
		_, is := missing(output, want)
		require.True(t, is, "%q", want)
	}
}
