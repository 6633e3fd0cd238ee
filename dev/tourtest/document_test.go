package tourtest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// block is one fenced block that is run, and the lines that it must print.
type block struct {
	line int // of its first line in the document
	text string
	want []string
}

// readDocument returns the blocks between a heading and the next one of its
// level, or of the whole document where the heading is empty.
func readDocument(t *testing.T, path, heading string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	blocks, err := parse(string(text), heading)
	require.NoError(t, err, path)
	require.NotEmpty(t, blocks, "%s has nothing to run under %q", path, heading)
	return blocks
}

var fence = regexp.MustCompile("^```(\\w*)$")

// parse finds the blocks of a Markdown text. Expected lines without a block to
// run before them are a mistake of the document.
func parse(text, heading string) ([]block, error) {
	var blocks []block
	within, expectable := heading == "", false
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		open := fence.FindStringSubmatch(lines[i])
		if open == nil {
			if strings.HasPrefix(lines[i], "## ") && heading != "" {
				within = lines[i] == heading
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
		if !within {
			continue
		}
		switch lang := open[1]; {
		case lang == "sh":
			blocks = append(blocks, block{line: first + 1, text: strings.Join(content, "\n")})
			expectable = true
		case (lang == "text" || lang == "json") && expectable:
			blocks[len(blocks)-1].want = content
			expectable = false
		case lang == "text" || lang == "json":
			return nil, fmt.Errorf("the lines in line %d follow no block that is run", first)
		default:
			expectable = false
		}
	}
	return blocks, nil
}

// missing returns the first wanted line that the output doesn't have behind the
// ones before it, and false where all are there.
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
	blocks, err := parse(text, "## A")
	require.NoError(t, err)
	require.Equal(t, []block{{line: 4, text: "a", want: []string{"{…}"}}}, blocks)
	blocks, err = parse(text, "")
	require.NoError(t, err)
	require.Len(t, blocks, 2)

	_, err = parse("```sh\na\n```\nwords\n```text\nx\n```\n", "")
	require.ErrorContains(t, err, "line 5")
	_, err = parse("```sh\na\n", "")
	require.ErrorContains(t, err, "no end")
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
