package crash_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	sdk "go.temporal.io/sdk/worker"

	"holdfast/activities"
	"holdfast/dev/await"
	"holdfast/dev/test/crash"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/redisdb"
	"holdfast/worker"
)

// victimEnv makes the test program a worker that dies at a failpoint.
const victimEnv = "HOLDFAST_TEST_CRASHING_WORKER"

// casesAtOnce is how many cases run at a time. Most of the time, each waits for Temporal to
// notice a dead worker.
const casesAtOnce = "16"

func TestMain(m *testing.M) {
	if spec := os.Getenv(victimEnv); spec != "" {
		fmt.Fprintln(os.Stderr, beVictim(context.Background(), spec))
		os.Exit(1)
	}
	flag.Parse()
	if err := flag.Set("test.parallel", casesAtOnce); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if programs, err = os.MkdirTemp("", "holdfast-crash-"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(programs)) }()
	return m.Run(), nil
}

// victim is what a crashing worker needs to know.
type victim struct {
	Temporal, Namespace, Queue, RedisURL string
	Names                                map[string]string
	Kill                                 int
	After                                bool
}

// beVictim works until it dies at its failpoint, or its parent does.
func beVictim(ctx context.Context, spec string) error {
	var v victim
	if err := json.Unmarshal([]byte(spec), &v); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		stop()
	}()
	c, err := client.DialContext(ctx, client.Options{
		HostPort: v.Temporal, Namespace: v.Namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return err
	}
	return work(ctx, c, v.Queue, v.RedisURL, &crash.Failpoint{Names: v.Names, Kill: v.Kill, After: v.After})
}

// mayBeAway is a provider that cancels nothing while a key exists, whichever process asks:
// it fails once, and from then on keeps its caller waiting.
type mayBeAway struct {
	activities.Provider
	rdb redis.UniversalClient
	key string
}

func awayKey(queue string) string { return "crash:away:" + queue }

func (p mayBeAway) Cancel(ctx context.Context, id string, r order.PaymentRequest) (order.Cancellation, error) {
	is := func() bool { return p.rdb.Exists(ctx, p.key).Val() > 0 }
	if is() && p.rdb.Incr(ctx, p.key).Val() == 1 {
		return order.Cancellation{}, errors.New("no route to the provider")
	}
	err := await.Success(ctx, func(context.Context) error {
		if is() {
			return errors.New("the provider doesn't answer")
		}
		return nil
	})
	if err != nil {
		return order.Cancellation{}, err
	}
	return p.Provider.Cancel(ctx, id, r)
}

// work runs a worker until the context ends.
func work(ctx context.Context, c client.Client, queue, redisURL string, point *crash.Failpoint) error {
	rdb, err := redisdb.Open(ctx, redisURL)
	if err != nil {
		return err
	}
	defer func() { _ = rdb.Close() }()
	rdb.AddHook(point)
	w, err := worker.New(worker.Config{
		Temporal: c, Redis: rdb, TaskQueue: queue,
		Providers: activities.Providers{sandbox.Name: mayBeAway{
			Provider: sandbox.NewProvider(nil, sandbox.NewBooks(rdb), sandbox.Options{}), rdb: rdb, key: awayKey(queue),
		}},
		Options: sdk.Options{
			StickyScheduleToStartTimeout: stickyTimeout,
			// A room has one order at a time, and the house many rooms.
			MaxConcurrentWorkflowTaskPollers: 2, MaxConcurrentActivityTaskPollers: 1,
		},
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}
