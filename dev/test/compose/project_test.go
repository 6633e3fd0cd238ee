package compose

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// root is the checkout, where docker-compose.yml is.
const root = "../../.."

// secrets are what .env.example leaves to each machine.
func secrets() map[string]string {
	return map[string]string{
		"POSTGRES_PASSWORD":       "of-the-test",
		"HOLDFAST_WEBHOOK_SECRET": "whsec_b2YgdGhlIHRlc3Qgb2YgZG9ja2VyIGNvbXBvc2U=",
		"HOLDFAST_JWT_SECRET":     "of the test of docker compose, 32 bytes or more",
		"HOLDFAST_WEB_SECRET":     "of the pages of the test, at least 32 bytes",
		"HOLDFAST_LINK_SECRET":    "of the links of the test, at least 32 bytes",
	}
}

// settings are those of .env.example, with others instead or besides.
func settings(t *testing.T, others map[string]string) types.Mapping {
	t.Helper()
	env := read(t, filepath.Join(root, ".env.example"))
	maps.Copy(env, others)
	return env
}

func read(t *testing.T, name string) map[string]string {
	t.Helper()
	env, err := dotenv.Read(name)
	require.NoError(t, err)
	return env
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
	require.NoError(t, os.WriteFile(to, text, 0o600))
}

// load reads docker-compose.yml with these settings.
func load(ctx context.Context, env types.Mapping) (*types.Project, error) {
	return loader.LoadWithContext(ctx, details(env), named)
}

func details(env types.Mapping) types.ConfigDetails {
	return types.ConfigDetails{
		WorkingDir:  root,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(root, "docker-compose.yml")}},
		Environment: env,
	}
}

func named(o *loader.Options) { o.SetProjectName("holdfast", true) }

// project is docker-compose.yml as it is after `make env`.
func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t.Context(), settings(t, secrets()))
	require.NoError(t, err)
	return p
}

func service(t *testing.T, p *types.Project, name string) types.ServiceConfig {
	t.Helper()
	s, err := p.GetService(name)
	require.NoError(t, err)
	return s
}
