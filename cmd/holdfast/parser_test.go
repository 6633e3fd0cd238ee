package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireParsed parses an empty command line into cli.
func requireParsed(t *testing.T, cli any) {
	t.Helper()
	parser, err := newParser(cli, out{os.Stdout, os.Stderr})
	require.NoError(t, err)
	_, err = parser.Parse(nil)
	require.NoError(t, err)
}

func TestASecretIsReadFromAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(name, []byte(jwtSecret+"\n"), 0o600))
	t.Setenv("HOLDFAST_JWT_SECRET_FILE", name)
	code, stdout, stderr := holdfast(t, "token", "--role", "operator", "--subject", "op")
	require.Equal(t, exitOK, code, stderr)
	t.Setenv("HOLDFAST_JWT_SECRET_FILE", "")
	t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
	_, again, _ := holdfast(t, "token", "--role", "operator", "--subject", "op")
	require.Equal(t, strings.SplitN(again, ".", 2)[0], strings.SplitN(stdout, ".", 2)[0])

	t.Setenv("HOLDFAST_JWT_SECRET_FILE", name)
	code, _, stderr = holdfast(t, "token", "--role", "operator", "--subject", "op")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "HOLDFAST_JWT_SECRET and HOLDFAST_JWT_SECRET_FILE are both set")
	tellsNothing(t, stderr)

	t.Setenv("HOLDFAST_JWT_SECRET", "")
	for _, c := range []struct{ file, says string }{
		{filepath.Join(t.TempDir(), "none"), "no such file"}, {emptyFile(t), "is empty"},
	} {
		t.Setenv("HOLDFAST_JWT_SECRET_FILE", c.file)
		code, _, stderr = holdfast(t, "token", "--role", "operator", "--subject", "op")
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, "HOLDFAST_JWT_SECRET_FILE")
		require.Contains(t, stderr, c.says)
	}
}

func emptyFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(name, []byte("\n"), 0o600))
	return name
}

// Every user of a machine can read the command lines of its processes.
func TestNoSecretIsTakenFromTheCommandLine(t *testing.T) {
	for _, args := range [][]string{
		{"api", "--jwt-secret", jwtSecret},
		{"api", "--webhook-secret", webhookSecret},
		{"worker", "--stripe-api-key", "sk_test_hush"},
		{"worker", "--stripe-webhook-secret=whsec_hush"},
		{"token", "--role", "operator", "--subject", "op", "--jwt-secret", jwtSecret},
		{"order", "show", "o1", "--token", "hush"},
		{"pay", "o1", "--webhook-secret", webhookSecret},
		{"worker", "--redis-url", "redis://:hush@127.0.0.1:1"},
		{"worker", "--redis-url", "redis://h:1,redis://:hush@h:2"},
		{"worker", "--redis-url", "redis://127.0.0.1:1?password=hush"},
		{"api", "--elasticsearch-url", "http://elastic:hush@127.0.0.1:1"},
		{"api", "--jwks-url", "https://u:hush@id.example/keys"},
		{"worker", "--redis-url", "redis://:hush@ho st:1"},
	} {
		code, stdout, stderr := holdfast(t, args...)
		require.Equal(t, exitUsage, code, args[0])
		require.Contains(t, stderr, "could read the secret on the command line", args[1])
		require.Contains(t, stderr, "_FILE")
		tellsNothing(t, stdout+stderr)
	}
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	_, _, stderr := holdfast(t, "setup", "--wait", "50ms", "--redis-url", "redis://user@127.0.0.1:1/0")
	require.Contains(t, stderr, "TEMPORAL_ADDRESS", "a URL without a password may be an argument")
}

// .env files and compose pass lines without a value.
func TestAnEmptyVariableIsOneThatIsNotSet(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	for name := range settingNames(t, "worker") {
		if !strings.HasPrefix(name, "TEMPORAL_") {
			t.Setenv(name, "")
		}
	}
	_, _, stderr := holdfast(t, "worker", "--wait", "50ms")
	require.Contains(t, stderr, "TEMPORAL_ADDRESS")
}

func settingNames(t *testing.T, command string) map[string]setting {
	t.Helper()
	code, stdout, stderr := holdfast(t, "settings", "--json", command)
	require.Equal(t, exitOK, code, stderr)
	var all []setting
	require.NoError(t, json.Unmarshal([]byte(stdout), &all))
	named := map[string]setting{}
	for _, s := range all {
		require.NotContains(t, named, s.Name)
		named[s.Name] = s
	}
	return named
}

func TestSettingsAreListed(t *testing.T) {
	t.Setenv("STRIPE_API_KEY", "sk_live_hush")
	api := settingNames(t, "api")
	for _, name := range []string{
		"HOLDFAST_JWKS_URL", "HOLDFAST_TRUSTED_PROXIES", "REDIS_URL", "STRIPE_API_KEY", "TEMPORAL_ADDRESS", "TEMPORAL_API_KEY",
	} {
		assert.Contains(t, api, name)
	}
	assert.Equal(t, "STRIPE_API_KEY_FILE", api["STRIPE_API_KEY"].File)
	assert.Equal(t, "holdfast", api["HOLDFAST_JWT_ISSUER"].Default)
	assert.NotContains(t, settingNames(t, "worker"), "HOLDFAST_JWT_SECRET")
	_, stdout, _ := holdfast(t, "settings", "api")
	assert.Contains(t, stdout, "HOLDFAST_JWT_SECRET or HOLDFAST_JWT_SECRET_FILE")
	code, _, stderr := holdfast(t, "settings", "fly")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "fly")
	_, stdout, _ = holdfast(t, "api", "--help")
	assert.Contains(t, stdout, "HOLDFAST_JWT_SECRET")
	assert.NotContains(t, stdout, "--jwt-secret")
	assert.NotContains(t, stdout, "hush")
}
