package redis_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/redis"
	"holdfast/redisdb/redistest"
)

// parentEnv makes the test program a parent that starts a Redis in the folder it names,
// prints its URL and waits to be killed.
const parentEnv = "HOLDFAST_TEST_REDIS_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		beParent(dir)
	}
	os.Exit(m.Run())
}

func beParent(dir string) {
	server, err := redis.Start(testContext(), redis.Options{Dir: dir})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(server.URL())
	<-server.Done() // only if the child ends first
	os.Exit(1)
}

func TestChildDiesWithKilledParentAndDataStays(t *testing.T) {
	redistest.Program(t)
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	url := strings.TrimSpace(line)

	c := connectURL(t, url)
	require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait() // "signal: killed"
	next, err := redis.Start(t.Context(), redis.Options{Dir: dir})
	require.NoError(t, err, "a start right after the kill")
	t.Cleanup(func() { require.NoError(t, next.Stop(testContext())) })
	require.Error(t, c.Ping(t.Context()).Err(), "the first redis-server is gone")
	require.Equal(t, "v", connect(t, next).Get(t.Context(), "k").Val())
}

// A thread that ends must not take the child with it: the kernel's signal depends on the
// thread, and Go ends the thread of a goroutine that kept it locked.
func TestChildOutlivesTheStartingThread(t *testing.T) {
	redistest.Program(t)
	var server redis.Server
	var err error
	thread := onDoomedThread(func() { server, err = redis.Start(t.Context(), redis.Options{}) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(testContext())) })

	task := filepath.Join("/proc/self/task", strconv.Itoa(thread))
	require.Eventually(t, func() bool {
		_, err := os.Stat(task)
		return os.IsNotExist(err)
	}, 5*time.Second, 5*time.Millisecond)
	require.NoError(t, connect(t, server).Ping(t.Context()).Err())
	require.NoError(t, server.Err())
}

// onDoomedThread runs fn on a thread that ends afterwards, and returns the thread's id.
func onDoomedThread(fn func()) int {
	thread := make(chan int)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		if syscall.Gettid() == syscall.Getpid() {
			// The main thread never ends. While it is held here, the next goroutine gets
			// another one.
			thread <- onDoomedThread(fn)
			runtime.UnlockOSThread()
			return
		}
		fn()
		thread <- syscall.Gettid()
	}()
	return <-thread
}
