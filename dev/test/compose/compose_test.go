package compose

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

func TestEveryServiceIsThere(t *testing.T) {
	want := []string{
		"api", "elasticsearch", "postgresql", "redis", "setup",
		"temporal", "temporal-schema", "temporal-ui", "web", "worker",
	}
	require.ElementsMatch(t, want, project(t).ServiceNames())
}

// Redis, Temporal and Elasticsearch let every caller do everything.
func TestPortsAreOnLoopbackAlone(t *testing.T) {
	published := map[string]string{}
	for name, s := range project(t).Services {
		require.NotEqual(t, "host", s.NetworkMode, name)
		for _, p := range s.Ports {
			require.Equal(t, "127.0.0.1", p.HostIP, "%s publishes %s", name, p.Published)
			published[name] += p.Published
		}
	}
	require.Equal(t, map[string]string{
		"api": "8080", "worker": "9091", "temporal": "7233", "temporal-ui": "8233", "redis": "6379", "elasticsearch": "9200", "web": "8090",
	}, published)
}

// Everything that .env.example sets or comments out has an effect, and with the programs'
// settings, which docs/settings.md lists, it is all that can be set.
func TestEnvExampleNamesEverySettingOfCompose(t *testing.T) {
	model, err := loader.LoadModelWithContext(t.Context(), details(nil), named, func(o *loader.Options) {
		o.SkipInterpolation = true
		o.SkipValidation = true
	})
	require.NoError(t, err)
	known := map[string]bool{}
	for name := range template.ExtractVariables(model, template.DefaultPattern) {
		known[name] = true
	}
	ofPrograms := map[string]bool{}
	for _, command := range programs {
		for _, s := range settingsOf(t, command) {
			ofPrograms[s.Name] = true
			ofPrograms[s.File] = true
		}
	}
	text, err := os.ReadFile(filepath.Join(root, ".env.example"))
	require.NoError(t, err)
	shown := map[string]bool{}
	for _, line := range exampleLine.FindAllStringSubmatch(string(text), -1) {
		require.False(t, shown[line[1]], "%s is there twice", line[1])
		shown[line[1]] = true
		require.True(t, known[line[1]] || ofPrograms[line[1]], "%s does nothing", line[1])
	}
	for name := range known {
		if ofPrograms[name] || strings.HasSuffix(name, "_IN_COMPOSE") { // the latter is never set
			continue
		}
		require.True(t, shown[name], "%s is not in .env.example", name)
	}
}

var exampleLine = regexp.MustCompile(`(?m)^(?:# )?([A-Z][A-Z0-9_]+)=`)

// A public secret is no secret: .env.example has no value for one, and without a value
// nothing starts.
func TestNothingStartsWithoutSecretsOfOnesOwn(t *testing.T) {
	for _, name := range []string{"POSTGRES_PASSWORD", "HOLDFAST_JWT_SECRET"} {
		given := secrets()
		delete(given, name)
		_, err := load(t.Context(), settings(t, given))
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, ".env.example")
	}
}

// The keys of an identity provider replace a secret.
func TestKeysOfAnIssuerNeedNoTokenSecret(t *testing.T) {
	given := secrets()
	delete(given, "HOLDFAST_JWT_SECRET")
	given["HOLDFAST_JWKS_URL"] = "https://id.example/keys"
	p, err := load(t.Context(), settings(t, given))
	require.NoError(t, err)
	env := environment(service(t, p, "api"), nil)
	require.Contains(t, env, "HOLDFAST_JWKS_URL=https://id.example/keys")
	require.Contains(t, env, "HOLDFAST_JWT_SECRET=", "empty, which is not set")
}

// Services that store data must find it again after `docker compose down` and `up`.
func TestDataIsKeptInNamedVolumes(t *testing.T) {
	p := project(t)
	for name, folder := range map[string]string{
		"postgresql":    "/var/lib/postgresql/data",
		"redis":         "/data",
		"elasticsearch": "/usr/share/elasticsearch/data",
	} {
		volumes := service(t, p, name).Volumes
		require.Len(t, volumes, 1, name)
		require.Equal(t, types.VolumeTypeVolume, volumes[0].Type, name)
		require.Equal(t, folder, volumes[0].Target, name)
		require.Contains(t, p.Volumes, volumes[0].Source, name)
	}
}

// A service that waits for another must be able to see when that one is ready.
func TestWhatIsWaitedForCanBeSeen(t *testing.T) {
	p := project(t)
	for name, s := range p.Services {
		for other, dependency := range s.DependsOn {
			awaited := service(t, p, other)
			switch dependency.Condition {
			case types.ServiceConditionHealthy:
				require.NotNil(t, awaited.HealthCheck, "%s waits for %s", name, other)
			case types.ServiceConditionCompletedSuccessfully:
				require.True(t, strings.HasPrefix(awaited.Restart, "on-failure"),
					"%s waits for the end of %s, which is always restarted", name, other)
			default:
				require.Failf(t, "waits for nothing", "%s only starts after %s", name, other)
			}
		}
	}
	for _, name := range []string{"api", "worker"} {
		require.Contains(t, service(t, p, name).DependsOn, "setup", name)
		require.Contains(t, service(t, p, name).DependsOn, "redis", name)
		require.NotContains(t, service(t, p, name).DependsOn, "elasticsearch", "orders go on without it")
	}
	require.Contains(t, service(t, p, "setup").DependsOn, "redis")
}

// The services that write the views, read them, and create the schedule that relies on
// them: one with another address would use other views, unnoticed.
func TestAllUseTheSameData(t *testing.T) {
	p := project(t)
	for _, name := range []string{"setup", "worker", "api"} {
		env := environment(service(t, p, name), nil)
		require.Contains(t, env, "REDIS_URL=redis://redis:6379/0", name)
		require.Contains(t, env, "ELASTICSEARCH_URL=http://elasticsearch:9200", name)
	}
}

// The file that .env.example names exists, and the gateway reads it.
func TestSynonymsAreMounted(t *testing.T) {
	p := project(t)
	for _, name := range []string{"api", "worker"} {
		s := service(t, p, name)
		at := slices.IndexFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == *s.Environment["HOLDFAST_SYNONYMS"] })
		require.GreaterOrEqual(t, at, 0)
		require.Equal(t, types.VolumeTypeBind, s.Volumes[at].Type)
		require.True(t, s.Volumes[at].ReadOnly)
		require.FileExists(t, s.Volumes[at].Source)
	}
}

func TestRedisLosesNothing(t *testing.T) {
	command := service(t, project(t), "redis").Command
	for flag, value := range map[string]string{
		"--appendonly":       "yes",
		"--appendfsync":      "always",
		"--maxmemory-policy": "noeviction",
	} {
		at := slices.Index(command, flag)
		require.GreaterOrEqual(t, at, 0, flag)
		require.Greater(t, len(command), at+1, flag)
		require.Equal(t, value, command[at+1], flag)
	}
}

var tag = regexp.MustCompile(`:v?(\d+)(?:\.(\d+))?`)

func version(t *testing.T, image string) (major, minor int) {
	t.Helper()
	found := tag.FindStringSubmatch(image)
	require.NotNil(t, found, "%s has no version", image)
	major, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	minor, _ = strconv.Atoi(found[2]) // a tag may consist of the major version only
	return major, minor
}

func TestVersionsOfServices(t *testing.T) {
	p := project(t)
	major, _ := version(t, service(t, p, "postgresql").Image)
	require.GreaterOrEqual(t, major, 15)
	major, _ = version(t, service(t, p, "redis").Image)
	require.GreaterOrEqual(t, major, 7)
	major, minor := version(t, service(t, p, "elasticsearch").Image)
	require.Equal(t, []int{8, 19}, []int{major, minor})
}

// The Temporal server that the tests run on is the one that is deployed.
func TestTemporalIsTheVersionThatIsTested(t *testing.T) {
	p := project(t)
	for name, module := range map[string]string{
		"temporal":        "go.temporal.io/server",
		"temporal-schema": "go.temporal.io/server",
		"temporal-ui":     "github.com/temporalio/ui-server/v2",
	} {
		tested, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", module).Output()
		require.NoError(t, err, module)
		_, deployed, _ := strings.Cut(service(t, p, name).Image, ":")
		require.Equal(t, strings.TrimSpace(string(tested)), "v"+deployed, name)
	}
}

func TestHoldfastRunsWithoutPrivileges(t *testing.T) {
	p := project(t)
	for _, name := range []string{"setup", "api", "worker"} {
		s := service(t, p, name)
		require.Equal(t, types.ShellCommand{name}, s.Command)
		require.Empty(t, s.Entrypoint, "%s: the image's own is used", name)
		require.True(t, s.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, s.CapDrop, name)
		require.Contains(t, s.SecurityOpt, "no-new-privileges:true", name)
		require.False(t, s.Privileged, name)
	}
}
