package version

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStampedBinarySaysItsRelease(t *testing.T) {
	stamped = "v1.2.3"
	t.Cleanup(func() { stamped = "" })
	require.Equal(t, "v1.2.3", String())
}

func TestAnUnstampedBinarySaysThatItIsNoRelease(t *testing.T) {
	require.Regexp(t, `^devel(-[0-9a-f]{12})?$`, String())
	require.Equal(t, "devel-862ab1800000", unstamped("862ab180000000000000000000000000000000"))
}
