package redis_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// skipUnlessRequired skips a test without redis-server, unless HOLDFAST_REQUIRE names it:
// then its absence is a failure.
func skipUnlessRequired(t *testing.T, reason error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "redis") {
		t.Fatalf("redis is required: %v", reason)
	}
	t.Skipf("without redis-server: %v", reason)
}
