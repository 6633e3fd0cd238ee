package command_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/order"
)

var (
	inCode = regexp.MustCompile("`([^`]+)`")
	spaces = regexp.MustCompile(`\s+`)
)

// table returns the rows of the first table below a heading of docs/commands.md.
func table(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../docs/commands.md")
	require.NoError(t, err)
	_, text2, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, heading)
	for line := range strings.Lines(text2) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if len(rows) > 0 {
				break
			}
			continue
		}
		rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
	}
	require.Greater(t, len(rows), 2, heading)
	return rows[2:]
}

func coded(cell string) (all []string) {
	for _, m := range inCode.FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestTheGuideListsWhatEachScenarioAllows(t *testing.T) {
	var scenarios []order.Scenario
	for _, row := range table(t, "Scenarios") {
		s := order.Scenario(coded(row[0])[0])
		scenarios = append(scenarios, s)
		require.Equal(t, command.Allowed(s), coded(row[2]), s)
	}
	require.Equal(t, command.Scenarios(), scenarios)
}

func TestTheGuideListsEveryFieldOfTheView(t *testing.T) {
	var all []string
	for _, row := range table(t, "What a view has") {
		all = append(all, coded(row[0])...)
	}
	slices.Sort(all)
	require.Equal(t, command.Fields(), all)
}

func TestTheGuideListsTheBuiltInCommands(t *testing.T) {
	var all []string
	for _, row := range table(t, "Built-in commands") {
		id := coded(row[0])[0]
		all = append(all, id)
		for _, s := range command.Scenarios() {
			c := chain(s, step(id, ""))
			err := c.Validate(builtin)
			can := err == nil || !strings.Contains(err.Error(), "can't run in")
			require.Equal(t, row[2] == "all" || slices.Contains(coded(row[2]), string(s)), can, "%s in %s", id, s)
		}
	}
	var want []string
	for _, c := range command.Builtins() {
		want = append(want, c.ID)
	}
	require.ElementsMatch(t, want, all)
}

func TestTheGuidesLimitsAreTheLimits(t *testing.T) {
	said := map[string]string{}
	for _, row := range table(t, "Limits") {
		said[row[0]] = row[1]
	}
	kib := func(n int) string { return fmt.Sprintf("%d KiB", n>>10) }
	number := func(n int) string {
		if n >= 1000 {
			return fmt.Sprintf("%d,%03d", n/1000, n%1000)
		}
		return fmt.Sprint(n)
	}
	require.Equal(t, map[string]string{
		"commands of the shop's own":                        number(command.MaxCommands),
		"versions of a command or a chain":                  number(command.MaxVersions),
		"all versions together":                             fmt.Sprintf("%d MiB", command.MaxStoredBytes>>20),
		"a command with its tests":                          kib(command.MaxDocumentBytes),
		"a script":                                          kib(command.MaxSourceBytes),
		"tests of a command":                                number(command.MaxTests),
		"steps of a chain":                                  number(command.MaxSteps),
		"operations of a patch":                             number(command.MaxOps),
		"lines that a command with `target: line` runs for": number(command.MaxTargetLines),
		"a condition":                                       number(command.MaxWhenBytes) + " bytes",
		"parameters of a step":                              kib(command.MaxParamsBytes),
		"events of one order for which chains run":          number(order.MaxEventRuns) + "; later ones are skipped, with an alert",
		"changes that an order records":                     number(order.MaxFieldChanges) + ", and the number of all",
		"tags, notes of an order":                           fmt.Sprintf("%d, %d", order.MaxTags, order.MaxNotes),
	}, said)
	for _, e := range []error{command.ErrTooManyCommands, command.ErrTooManyVersions, command.ErrFull} {
		text := spaces.ReplaceAllString(e.Error(), " ")
		require.True(t, strings.Contains(text, number(command.MaxCommands)+" commands") || strings.Contains(text, number(command.MaxVersions)+" versions") ||
			strings.Contains(text, fmt.Sprintf("%d MiB", command.MaxStoredBytes>>20)), text)
	}
}
