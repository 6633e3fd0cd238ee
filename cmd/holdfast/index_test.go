package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
)

func TestAMistakeAboutTheIndexIsToldBeforeTheWait(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
	t.Setenv("HOLDFAST_SANDBOX", "true")
	bad := filepath.Join(t.TempDir(), "synonyms.txt")
	require.NoError(t, os.WriteFile(bad, []byte("sofa, couch\nsofa\n"), 0o600))
	for _, c := range []struct{ url, synonyms, says string }{
		{"http://127.0.0.1:1", bad, "line 2"},
		{"http://127.0.0.1:1", "nowhere.txt", "HOLDFAST_SYNONYMS"},
		{"ftp://127.0.0.1:1", "", "ELASTICSEARCH_URL"},
	} {
		t.Setenv("ELASTICSEARCH_URL", c.url)
		t.Setenv("HOLDFAST_SYNONYMS", c.synonyms)
		for _, command := range []string{"api", "worker"} {
			code, _, stderr := holdfast(t, command, "--wait", "1h")
			require.Equal(t, exitUsage, code, stderr)
			require.Contains(t, stderr, c.says)
			require.NotContains(t, stderr, "TEMPORAL_ADDRESS")
		}
	}
}
