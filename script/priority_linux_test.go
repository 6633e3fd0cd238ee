package script

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestScriptsComeAfterEverythingElse reads the nice values of the threads that run a script and the test.
func TestScriptsComeAfterEverythingElse(t *testing.T) {
	own := 0
	require.NoError(t, onOwnThread(func() (err error) { own, err = niceOf(syscall.Gettid()); return err }))
	require.Equal(t, niceness, own)
	rest, err := niceOf(syscall.Gettid())
	require.NoError(t, err)
	require.Less(t, rest, niceness)
}

// niceOf reads field 19 of /proc/self/task/TID/stat, see proc_pid_stat(5).
func niceOf(tid int) (int, error) {
	stat, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(tid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strconv.Atoi(strings.Fields(rest)[16])
}
