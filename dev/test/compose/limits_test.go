package compose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"holdfast/api"
)

// A container that is killed in the middle of its stop leaves calls without an answer.
func TestContainersAreGivenTheTimeThatTheyTakeToStop(t *testing.T) {
	p := project(t)
	for _, name := range []string{"api", "worker", "setup"} {
		grace := time.Duration(*service(t, p, name).StopGracePeriod)
		require.Greater(t, grace, api.ShutdownTimeout+5*time.Second, name)
	}
	for _, s := range settingsOf(t, "worker") {
		if s.Name == "HOLDFAST_GRACE" {
			grace, err := time.ParseDuration(s.Default)
			require.NoError(t, err)
			require.Greater(t, time.Duration(*service(t, p, "worker").StopGracePeriod), grace+10*time.Second)
			return
		}
	}
	require.Fail(t, "the worker has no HOLDFAST_GRACE")
}

// A service without a limit takes the machine's memory, and with it that of its neighbours.
func TestEveryContainerHasALimitOfMemory(t *testing.T) {
	p := project(t)
	for name, s := range p.Services {
		require.Positive(t, s.MemLimit, name)
	}
	for _, name := range []string{"api", "worker"} {
		s := service(t, p, name)
		require.Less(t, size(t, strings.TrimSuffix(*s.Environment["GOMEMLIMIT"], "iB")), int64(s.MemLimit), name)
	}
	redis := service(t, p, "redis")
	at := slices.Index(redis.Command, "--maxmemory")
	require.GreaterOrEqual(t, at, 0)
	require.LessOrEqual(t, 2*size(t, redis.Command[at+1]), int64(redis.MemLimit), "a rewrite of its file takes memory again")
	heap := *service(t, p, "elasticsearch").Environment["ES_JAVA_OPTS"]
	_, most, found := strings.Cut(heap, "-Xmx")
	require.True(t, found)
	require.Less(t, size(t, most), int64(service(t, p, "elasticsearch").MemLimit))
}

func size(t *testing.T, text string) int64 {
	t.Helper()
	var n types.UnitBytes
	require.NoError(t, n.DecodeMapstructure(text))
	return int64(n)
}

// An image whose name stays while its content changes differs between machines.
func TestImagesAreOfAnExactVersion(t *testing.T) {
	for name, s := range project(t).Services {
		if s.Build != nil {
			continue
		}
		_, tag, _ := strings.Cut(s.Image, ":")
		version, _, _ := strings.Cut(tag, "-")
		parts := 3
		if name == "postgresql" { // its versions have two
			parts = 2
		}
		require.Len(t, strings.Split(version, "."), parts, "%s: %s", name, s.Image)
	}
}
