package shoptest

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Metric reads a counter by its one label; values that were never counted are missing.
func (s *Shop) Metric(t testing.TB, name, label string) map[string]int64 {
	t.Helper()
	values := map[string]int64{}
	for line := range strings.Lines(string(s.Must(t, http.StatusOK, Call{Method: http.MethodGet, Path: "/metrics"}).Body)) {
		rest, ok := strings.CutPrefix(line, name+"{"+label+`="`)
		if !ok {
			continue
		}
		of, number, ok := strings.Cut(strings.TrimSpace(rest), `"} `)
		require.True(t, ok, line)
		v, err := strconv.ParseFloat(number, 64)
		require.NoError(t, err, line)
		values[of] = int64(v)
	}
	return values
}
