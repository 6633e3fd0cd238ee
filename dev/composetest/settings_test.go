package composetest

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// programs are the commands that services run.
var programs = []string{"api", "worker", "setup"}

// setting is one of a program's, as the program lists it.
type setting struct{ Name, File, Default string }

var listed sync.Map // of []setting by command

// settingsOf asks the program itself what it reads from the environment.
func settingsOf(t *testing.T, command string) []setting {
	t.Helper()
	ask, _ := listed.LoadOrStore(command, sync.OnceValues(func() ([]setting, error) {
		cmd := exec.CommandContext(t.Context(), "go", "run", "./cmd/holdfast", "settings", "--json", command)
		cmd.Dir = root
		printed, err := cmd.Output()
		if err != nil {
			return nil, err
		}
		var all []setting
		return all, json.Unmarshal(printed, &all)
	}))
	all, err := ask.(func() ([]setting, error))()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// A setting that a container never sees does nothing, without a word.
func TestEverySettingReachesItsContainer(t *testing.T) {
	for _, command := range programs {
		for _, s := range settingsOf(t, command) {
			requireReaches(t, command, s.Name)
			if s.File != "" {
				requireReaches(t, command, s.File)
			}
		}
	}
}

// requireReaches sets a setting in .env and wants its value in the container, or a start
// that fails and names it.
func requireReaches(t *testing.T, command, name string) {
	t.Helper()
	const value = "/a-value-of-the-test"
	env := secrets()
	env[name] = value
	p, err := load(t.Context(), settings(t, env))
	if err != nil {
		require.ErrorContains(t, err, name+" is fixed", "%s of %s", name, command)
		return
	}
	s := service(t, p, command)
	given, there := s.Environment[name]
	require.True(t, there && given != nil, "%s of %s does not reach its container", name, command)
	mounted := slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Source == value && v.Target == *given
	})
	require.True(t, *given == value || mounted, "%s of %s is %q in its container", name, command, *given)
}

// Where neither .env nor the shell sets anything, the program's own defaults hold.
func TestWhatIsNotSetIsLeftToTheProgram(t *testing.T) {
	env := maps.Clone(secrets())
	env["HOLDFAST_VERSION"] = "dev"
	p, err := load(t.Context(), env)
	require.NoError(t, err)
	for _, name := range []string{"HOLDFAST_RATE_LIMIT", "HOLDFAST_SANDBOX", "HOLDFAST_PAYMENT_WINDOW"} {
		require.Nil(t, service(t, p, "api").Environment[name], name)
	}
}

// make env asks for the sandbox, in a file that its user sees; nothing else does.
func TestTheSandboxIsAskedForByMakeEnvAlone(t *testing.T) {
	example := settings(t, nil)
	require.Empty(t, example["HOLDFAST_SANDBOX"])
	dir := t.TempDir()
	for _, name := range []string{"scripts/env.sh", ".env.example"} {
		copyFile(t, filepath.Join(root, name), filepath.Join(dir, name))
	}
	printed, err := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "scripts", "env.sh")).CombinedOutput()
	require.NoError(t, err, "%s", printed)
	require.Contains(t, string(printed), "HOLDFAST_SANDBOX")
	made := read(t, filepath.Join(dir, ".env"))
	require.Equal(t, "true", made["HOLDFAST_SANDBOX"])
	require.True(t, strings.HasPrefix(made["HOLDFAST_WEBHOOK_SECRET"], "whsec_"))
	p, err := load(t.Context(), made)
	require.NoError(t, err)
	for _, name := range []string{"api", "worker"} {
		require.Equal(t, "true", *service(t, p, name).Environment["HOLDFAST_SANDBOX"])
	}
}
