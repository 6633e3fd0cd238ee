package tour

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	linkTarget = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	inlineCode = regexp.MustCompile("`[^`\n]*`")
	heading    = regexp.MustCompile(`^#{1,6} +(.+?) *$`)
	notInSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	shellBlock = regexp.MustCompile("(?m)^\\s*(```|~~~)sh")
	makeTarget = regexp.MustCompile("(?m)^([a-z-]+):")
	madeTarget = regexp.MustCompile("[`\n](?:[A-Z_]+=\\S+ +)*make ([a-z-]+)")
)

// prose returns a Markdown text without its fenced blocks.
func prose(text string) string {
	var b strings.Builder
	fenced := false
	for line := range strings.Lines(text) {
		if otherFence.MatchString(line) {
			fenced = !fenced
			continue
		}
		if !fenced {
			b.WriteString(line)
		}
	}
	return b.String()
}

// anchors returns the anchors that GitHub gives the headings of a Markdown text.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(prose(text)) {
		h := heading.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if h == nil {
			continue
		}
		slug := strings.ToLower(notInSlug.ReplaceAllString(h[1], ""))
		all[strings.ReplaceAll(slug, " ", "-")] = true
	}
	return all
}

func TestAnchors(t *testing.T) {
	require.Equal(t, map[string]bool{"redis-isnt-away": true, "audit---money": true, "paymentstatus": true},
		anchors("# Redis isn't away\n```sh\n# none\n```\n## audit --money\n### `payment.status`\n"))
}

// everyDocument calls look with every Markdown file of the repository, and its text.
func everyDocument(t *testing.T, root fs.FS, look func(file, text string)) {
	t.Helper()
	require.NoError(t, fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && file != ".github" && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		look(file, string(text))
		return nil
	}))
}

func TestTheLinksOfAllDocumentsLeadSomewhere(t *testing.T) {
	root := os.DirFS("../../..")
	seen := 0
	everyDocument(t, root, func(file, text string) {
		for _, m := range linkTarget.FindAllStringSubmatch(inlineCode.ReplaceAllString(prose(text), "code"), -1) {
			if strings.Contains(m[1], ":") { // another site
				continue
			}
			seen++
			to, anchor, anchored := strings.Cut(m[1], "#")
			target := file
			if to != "" {
				target = path.Join(path.Dir(file), to)
			}
			if _, err := fs.Stat(root, target); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
				continue
			}
			if !anchored {
				continue
			}
			there, err := fs.ReadFile(root, target)
			require.NoError(t, err)
			if !anchors(string(there))[anchor] {
				t.Errorf("%s links to %s: no such heading", file, m[1])
			}
		}
	})
	require.Greater(t, seen, 50)
}

// A reader runs what is marked sh, so a document that no test runs has no such block.
func TestEveryCommandMarkedShIsRunByATest(t *testing.T) {
	everyDocument(t, os.DirFS("../../.."), func(file, text string) {
		if !slices.Contains(followed, file) {
			require.NotRegexp(t, shellBlock, text, file)
		}
	})
}

func TestDocumentsNameTargetsThatTheMakefileHas(t *testing.T) {
	makefile, err := os.ReadFile("../../../Makefile")
	require.NoError(t, err)
	var targets []string
	for _, m := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	for _, file := range []string{"README.md", "CONTRIBUTING.md", "docs/tour.md", "docs/runbook.md", "docs/testing.md"} {
		text, err := os.ReadFile("../../../" + file)
		require.NoError(t, err)
		for _, m := range madeTarget.FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, targets, m[1], file)
		}
	}
}

var namedPath = regexp.MustCompile("`([a-z]+/[A-Za-z0-9_./-]+)`")

// Changes and decisions name what stood where when they were written.
func TestPathsThatDocumentsNameExist(t *testing.T) {
	root := os.DirFS("../../..")
	seen := 0
	everyDocument(t, root, func(file, text string) {
		if file == "CHANGELOG.md" || strings.HasPrefix(file, "docs/decisions/") {
			return
		}
		for _, m := range namedPath.FindAllStringSubmatch(text, -1) {
			named := strings.TrimSuffix(m[1], "/")
			folder, _, _ := strings.Cut(named, "/")
			if info, err := fs.Stat(root, folder); err != nil || !info.IsDir() || folder == "bin" || path.Base(named) == "ORDER" {
				continue // what is built, a workflow's id, or something else with a slash
			}
			seen++
			if _, err := fs.Stat(root, named); err != nil {
				t.Errorf("%s names %s: %v", file, m[1], err)
			}
		}
	})
	require.Greater(t, seen, 50)
}
