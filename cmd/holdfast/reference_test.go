package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheReferenceOfSettingsIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../../docs/settings.md")
	require.NoError(t, err)
	// Independent of the environment in which it is generated.
	t.Setenv("HOLDFAST_PAYMENT_WINDOW", "3h")
	t.Setenv("STRIPE_API_KEY", "sk_live_hush")
	t.Setenv("HOLDFAST_SYNONYMS", "")
	code, stdout, stderr := holdfast(t, "settings", "--markdown")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, string(text), stdout, "run make generate")
}

func TestTheReferenceNamesEverySettingOfEveryProgram(t *testing.T) {
	_, stdout, _ := holdfast(t, "settings", "--markdown")
	lines := map[string]string{}
	for line := range strings.Lines(stdout) {
		if name, found := strings.CutPrefix(line, "| `"); found {
			lines[name[:strings.Index(name, "`")]] = line
		}
	}
	for _, command := range []string{"api", "worker", "setup", "projector run", "audit", "token", "pay", "order show", "replay run"} {
		for name, s := range settingNames(t, command) {
			if strings.HasPrefix(name, "TEMPORAL_") {
				require.Contains(t, stdout, "- `"+name+"`\n")
				continue
			}
			require.Contains(t, lines, name, command)
			assert.Contains(t, lines[name], strings.TrimSuffix(command, " run"), name)
			assert.Contains(t, lines[name], s.File)
		}
	}
	assert.Contains(t, lines["HOLDFAST_PAYMENT_WINDOW"], "`15m`")
	assert.Contains(t, lines["HOLDFAST_SANDBOX"], "holdfast-dev: `true`")
	assert.Contains(t, lines["HOLDFAST_DATA"], "holdfast-dev")
	code, _, stderr := holdfast(t, "settings")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "name a command")
}
