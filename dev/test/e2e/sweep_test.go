package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"holdfast/activities"
	"holdfast/dev/test/shoptest"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
	"holdfast/setup"
)

func TestSweeperGivesBackWhatATerminatedOrderHeld(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "swept", 5)
	gone := shop.Place(t, shoptest.Line{ProductID: "swept", Quantity: 2})
	alive := shop.Place(t, shoptest.Line{ProductID: "swept", Quantity: 1})
	terminate(t, gone.ID)
	sweep(t)
	shop.RequireStock(t, "swept", 5, 3) // the window is not over: not the sweeper's business yet

	letTimePass(t, "swept", gone.ID)
	letTimePass(t, "swept", alive.ID)
	// The list of workflows may still show it as waiting, and the schedule may sweep first.
	require.Eventually(t, func() bool {
		sweep(t)
		v := shop.Product(t, "swept").Variants
		return len(v) == 1 && v[0].Held == 1
	}, time.Minute, 100*time.Millisecond)
	sweep(t)
	shop.RequireStock(t, "swept", 5, 1) // a running order handles its hold itself
	closed := shop.Await(t, gone.ID, order.StatusCancelled)
	require.Equal(t, order.ReasonTerminated, closed.CancelReason)
	swept := int64(0)
	for _, s := range []*shoptest.Shop{shop, everything.hasty} { // either one's worker may have swept
		swept += s.Metric(t, "holdfast_sweeper_settled_total", "settled")[string(activities.SettlingReleased)]
	}
	require.Equal(t, int64(1), swept, "an operator has to see that the sweeper had something to do")
}

// The sweeper finds orders that hold nothing through Temporal's own list.
func TestOrdersWhoseWorkflowsWereEndedByForceAreListed(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "ended-by-force", 5)
	first := shop.Place(t, shoptest.Line{ProductID: "ended-by-force", Quantity: 1})
	second := shop.Place(t, shoptest.Line{ProductID: "ended-by-force", Quantity: 1})
	alive := shop.Place(t, shoptest.Line{ProductID: "ended-by-force", Quantity: 1})
	paid := shop.Place(t, shoptest.Line{ProductID: "ended-by-force", Quantity: 1})
	shop.Pay(t, paid)
	shop.Await(t, paid.ID, order.StatusAwaitingShipment)
	terminate(t, first.ID)
	terminate(t, second.ID)
	sagas := sagaclient.New(everything.stack.Temporal, everything.stack.Namespace)
	var listed []string
	require.Eventually(t, func() bool { // the list lags for a moment
		listed = nil
		for behind := []byte(nil); ; {
			page, next, err := sagas.EndedByForce(t.Context(), time.Now(), behind, 1)
			if err != nil {
				t.Log(err)
				return false
			}
			if listed = append(listed, page...); len(next) == 0 {
				return slices.Contains(listed, first.ID) && slices.Contains(listed, second.ID)
			}
			behind = next
		}
	}, 20*time.Second, 100*time.Millisecond)
	require.NotContains(t, listed, alive.ID)
	require.NotContains(t, listed, paid.ID)
	early, _, err := sagas.EndedByForce(t.Context(), time.Now().Add(-time.Hour), nil, 100)
	require.NoError(t, err)
	require.Empty(t, early)
}

// Redis comes back as it was before the order was paid, as a replica that takes over may:
// the order's workflow is running, waits for its delivery, and knows that its units are
// sold.
func TestSweeperCommitsAgainWhatRedisLostOfAPaidOrder(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "lost-commit", 5)
	o := shop.Place(t, shoptest.Line{ProductID: "lost-commit", Quantity: 2})
	rdb, err := redisdb.Open(t.Context(), everything.stack.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	bucket, was := redisdb.Bucket("lost-commit"), map[string]string{}
	for _, key := range []string{":product:lost-commit", ":hold:lost-commit:" + o.ID, ":holds:lost-commit"} {
		was[key], err = rdb.Dump(t.Context(), bucket+key).Result()
		require.NoError(t, err)
	}
	shop.Pay(t, o)
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
	shop.RequireStock(t, "lost-commit", 3, 0)
	for key, dump := range was {
		require.NoError(t, rdb.RestoreReplace(t.Context(), bucket+key, 0, dump).Err())
	}
	overdue := redis.Z{Score: float64(time.Now().Add(-time.Hour).UnixMilli()), Member: "lost-commit/" + o.ID}
	require.NoError(t, rdb.ZAdd(t.Context(), bucket+":deadlines", overdue).Err())
	shop.RequireStock(t, "lost-commit", 5, 2)

	store := inventory.New(rdb)
	require.Eventually(t, func() bool { // the list of workflows may still show it as waiting
		sweep(t)
		hold, err := store.HoldDetail(t.Context(), "lost-commit", o.ID)
		return err == nil && hold.State == product.HoldStateCommitted
	}, time.Minute, 100*time.Millisecond)
	shop.RequireStock(t, "lost-commit", 3, 0)
	shop.Must(t, http.StatusOK, shoptest.Delivery(o.ID))
}

func TestDelistingEndsOnHoldsOfTerminatedOrders(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "orphaned", 5)
	o := shop.Place(t, shoptest.Line{ProductID: "orphaned", Quantity: 2})
	terminate(t, o.ID)
	awaitDelisting(t, shop.Delist(t, "orphaned"))
	shop.RequireStock(t, "orphaned", 5, 0)
	shop.Await(t, o.ID, order.StatusCancelled)
}

func terminate(t *testing.T, orderID string) {
	t.Helper()
	require.NoError(t, everything.stack.Temporal.TerminateWorkflow(
		t.Context(), saga.OrderWorkflowID(orderID), "", "a test of what becomes of its hold"))
}

// sweep runs the sweeper as its schedule does.
func sweep(t *testing.T) {
	t.Helper()
	run, err := everything.stack.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		TaskQueue: saga.TaskQueue,
	}, saga.SweepType)
	require.NoError(t, err)
	var res activities.SweepResult
	require.NoError(t, run.Get(t.Context(), &res))
	require.Zero(t, res.Failed)
}

// The schedule passes each run the result of the last one: its position in the walk.
func TestTheScheduledSweeperRemembersWhereItWas(t *testing.T) {
	open(t)
	before := scheduledSweep(t, "")
	after := scheduledSweep(t, before.runID)
	require.NotEqual(t, before.Next.Rounds, after.Next.Rounds, "each run goes through all buckets once more")
}

type scheduledRun struct {
	activities.SweepResult
	runID string
}

// scheduledSweep has the schedule run the sweeper now, and awaits a run other than the
// given one.
func scheduledSweep(t *testing.T, not string) (run scheduledRun) {
	t.Helper()
	temporal := everything.stack.Temporal
	handle := temporal.ScheduleClient().GetHandle(t.Context(), setup.SweepID)
	require.NoError(t, handle.Trigger(t.Context(), client.ScheduleTriggerOptions{
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE,
	}))
	require.Eventually(t, func() bool {
		d, err := handle.Describe(t.Context())
		if err != nil || len(d.Info.RecentActions) == 0 {
			return false
		}
		last := d.Info.RecentActions[len(d.Info.RecentActions)-1].StartWorkflowResult
		if last == nil || last.FirstExecutionRunID == not {
			return false
		}
		run.runID = last.FirstExecutionRunID
		return temporal.GetWorkflow(t.Context(), last.WorkflowID, last.FirstExecutionRunID).Get(t.Context(), &run.SweepResult) == nil
	}, time.Minute, 100*time.Millisecond)
	return run
}

// letTimePass moves a hold's deadline on the sweeper's list back by an hour; waiting for
// the end of the window and of the sweeper's grace would take 20 minutes.
func letTimePass(t *testing.T, productID, orderID string) {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), everything.stack.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	moved, err := rdb.ZAddArgs(t.Context(), redisdb.Bucket(productID)+":deadlines", redis.ZAddArgs{
		XX: true, Ch: true,
		Members: []redis.Z{{Score: float64(time.Now().Add(-time.Hour).UnixMilli()), Member: productID + "/" + orderID}},
	}).Result()
	require.NoError(t, err)
	require.EqualValues(t, 1, moved, "the hold is on the list")
}
