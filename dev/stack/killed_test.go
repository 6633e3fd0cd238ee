package stack_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"holdfast/dev/stack"
	"holdfast/redisdb/redistest"
)

// dataEnv makes the test program a stack on the folder that it names, which
// writes one workflow and one key after another until it is killed.
const dataEnv = "HOLDFAST_TEST_STACK_DATA"

func TestMain(m *testing.M) {
	if dir := os.Getenv(dataEnv); dir != "" {
		fmt.Println(writeUntilKilled(context.Background(), dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled prints each number after both of its writes were confirmed.
func writeUntilKilled(ctx context.Context, dir string) error {
	s, err := stack.Start(ctx, stack.Options{Data: dir, WithoutUI: true})
	if err != nil {
		return err
	}
	opts, err := goredis.ParseURL(s.RedisURL)
	if err != nil {
		return err
	}
	keys := goredis.NewClient(opts)
	for i := 0; ; i++ {
		_, err := s.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: fmt.Sprintf("order/%d", i), TaskQueue: "q"}, "Order")
		if err != nil {
			return err
		}
		if err := keys.Set(ctx, fmt.Sprintf("key/%d", i), i, 0).Err(); err != nil {
			return err
		}
		fmt.Println("confirmed", i)
	}
}

func TestKilledStackGoesOnWhereItWas(t *testing.T) {
	redistest.Program(t)
	dir := t.TempDir()
	const least = 20 // confirmed writes before the kill, which falls into the next ones
	confirmed := killAfter(t, dir, least)
	require.GreaterOrEqual(t, confirmed, least)

	s := start(t, stack.Options{Data: dir, WithoutUI: true})
	keys := connectRedis(t, s.RedisURL)
	for i := range confirmed {
		found, err := s.Temporal.DescribeWorkflowExecution(t.Context(), fmt.Sprintf("order/%d", i), "")
		require.NoError(t, err)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, found.GetWorkflowExecutionInfo().GetStatus())
		require.Equal(t, fmt.Sprint(i), keys.Get(t.Context(), fmt.Sprintf("key/%d", i)).Val())
	}
	_, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "order/new", TaskQueue: "q"}, "Order")
	require.NoError(t, err)
}

// killAfter runs a stack in a process of its own, kills it without warning
// once it has confirmed the least number of writes, and returns how many it
// confirmed.
func killAfter(t *testing.T, dir string, least int) int {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), dataEnv+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	confirmed := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "confirmed ") {
			t.Log(lines.Text())
			continue
		}
		if confirmed++; confirmed == least {
			require.NoError(t, child.Process.Kill())
		}
	}
	_ = child.Wait() // "signal: killed"
	return confirmed
}
