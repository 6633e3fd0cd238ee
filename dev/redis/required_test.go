package redis_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// skipUnlessRequired leaves a test out for want of redis-server, except where
// HOLDFAST_REQUIRE names it: there its absence is a failure.
func skipUnlessRequired(t *testing.T, reason error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "redis") {
		t.Fatalf("redis is required: %v", reason)
	}
	t.Skipf("without redis-server: %v", reason)
}
