package compose

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// programs are the commands that services run.
var programs = []string{"api", "worker", "setup", "web"}

// setting is one of a program's, as the program lists it.
type setting struct{ Name, File, Default, Example string }

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

// A setting that never reaches a container silently does nothing.
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

// requireReaches sets a setting in .env and requires its value in the container, or a start
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

// What reaches a container must be acceptable to its program: if compose set a default
// beside the operator's file, no program would start.
func TestAFileOfASecretIsTakenByTheProgramInItsContainer(t *testing.T) {
	image := build(t)
	for _, command := range programs {
		t.Run(command, func(t *testing.T) {
			given := secrets()
			given["HOLDFAST_SANDBOX"] = "true"
			requireParses(t, image, command, given)
			for _, s := range settingsOf(t, command) {
				if s.File == "" {
					continue
				}
				require.NotEmpty(t, s.Example, "%s: add the tag example to its declaration", s.Name)
				file := filepath.Join(t.TempDir(), "secret")
				require.NoError(t, os.WriteFile(file, []byte(s.Example+"\n"), 0o600))
				byFile := maps.Clone(given)
				byFile[s.Name] = ""
				byFile[s.File] = file
				if s.Name == "HOLDFAST_JWKS_URL" {
					byFile["HOLDFAST_JWT_SECRET"] = ""
				}
				if s.Name == "HOLDFAST_OIDC_CLIENT_SECRET" {
					byFile["HOLDFAST_OIDC_ISSUER"], byFile["HOLDFAST_OIDC_CLIENT_ID"] = "http://127.0.0.1:1", "pages"
				}
				if other, ok := map[string]string{
					"STRIPE_API_KEY": "STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET": "STRIPE_API_KEY",
				}[s.Name]; ok { // both or none
					byFile[other] = exampleOf(t, command, other)
				}
				requireParses(t, image, command, byFile)
			}
		})
	}
}

// exampleOf is a value that the program accepts.
func exampleOf(t *testing.T, command, name string) string {
	t.Helper()
	all := settingsOf(t, command)
	at := slices.IndexFunc(all, func(s setting) bool { return s.Name == name })
	require.GreaterOrEqual(t, at, 0, name)
	return all[at].Example
}

// requireParses runs the program in its container's environment. It accepts all of it, and
// then doesn't find Temporal, or the pages their OpenID provider.
func requireParses(t *testing.T, image, command string, given map[string]string) {
	t.Helper()
	given = maps.Clone(given)
	given["TEMPORAL_ADDRESS"], given["HOLDFAST_WAIT"] = "127.0.0.1:1", "50ms"
	p, err := load(t.Context(), settings(t, given))
	require.NoError(t, err)
	s := service(t, p, command)
	places := addresses{}
	for _, v := range s.Volumes {
		places[v.Target] = v.Source
	}
	ctx, cancel := context.WithTimeout(t.Context(), endTimeout)
	defer cancel()
	env := environment(s, places)
	missing := "connect to Temporal at 127.0.0.1:1"
	if given["HOLDFAST_OIDC_ISSUER"] != "" {
		missing = "discover the OpenID provider"
	} else if command == "web" { // it needs no other service to start
		argv := append([]string{inImage(image, "holdfast")}, s.Command...)
		pages := start(t, command, argv, append(env, "HOLDFAST_WEB_ADDR=127.0.0.1:0", "HOLDFAST_WEB_METRICS_ADDR="))
		require.Eventually(t, func() bool { return strings.Contains(pages.out.String(), "pages running") }, endTimeout, 10*time.Millisecond)
		pages.end()
		return
	}
	cmd := exec.CommandContext(ctx, inImage(image, "holdfast"), s.Command...)
	cmd.Env = append([]string{"HOME=" + t.TempDir()}, env...)
	printed, err := cmd.CombinedOutput()
	ended, ok := errors.AsType[*exec.ExitError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 1, ended.ExitCode(), "not 2, a mistake in the settings: %s", printed)
	require.Contains(t, string(printed), missing, "%s", printed)
}

// Services other than those of docker-compose.yml are named by a URL, or by a file that
// contains one.
func TestAURLInAFileTakesThePlaceOfTheServicesOwn(t *testing.T) {
	for _, name := range []string{"REDIS_URL", "ELASTICSEARCH_URL"} {
		given := secrets()
		given[name+"_FILE"] = "/files/url"
		p, err := load(t.Context(), settings(t, given))
		require.NoError(t, err)
		for _, command := range []string{"api", "worker", "setup"} {
			env := environment(service(t, p, command), nil)
			require.Contains(t, env, name+"=", "%s of %s is not set", name, command)
			require.Contains(t, env, name+"_FILE=/files/url")
		}
	}
}

// The names of headers are the operator's own: compose can't list them.
func TestAFileOfFurtherVariablesReachesThePrograms(t *testing.T) {
	file := filepath.Join(t.TempDir(), "further.env")
	require.NoError(t, os.WriteFile(file, []byte("TEMPORAL_GRPC_META_AUTHORIZATION=hush\n"), 0o600))
	given := secrets()
	given["HOLDFAST_ENV_FILE"] = file
	p, err := load(t.Context(), settings(t, given))
	require.NoError(t, err)
	for _, command := range programs {
		require.Contains(t, environment(service(t, p, command), nil), "TEMPORAL_GRPC_META_AUTHORIZATION=hush")
	}
}

// If neither .env nor the shell sets anything, the program's own defaults apply.
func TestWhatIsNotSetIsLeftToTheProgram(t *testing.T) {
	env := maps.Clone(secrets())
	env["HOLDFAST_VERSION"] = "dev"
	p, err := load(t.Context(), env)
	require.NoError(t, err)
	for _, name := range []string{"HOLDFAST_RATE_LIMIT", "HOLDFAST_SANDBOX", "HOLDFAST_PAYMENT_WINDOW"} {
		require.Nil(t, service(t, p, "api").Environment[name], name)
	}
}

// make env turns on the sandbox, in a file that its user sees; nothing else does.
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
