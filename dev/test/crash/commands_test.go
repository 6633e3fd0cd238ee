package crash_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/cmd/holdfast/replay"
	"holdfast/command"
	"holdfast/commands"
	"holdfast/dev/await"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/script"
)

const checkSource = `export function execute(view) {
  return {patch: [{op: "add", path: "/tags/-", value: "checked"}], note: view.paymentStatus};
}`

// Commands run when orders are placed and once they are paid. Whatever is killed, each paid order has
// the result of its commands once, and none stays on hold for them.
func TestKilledStackRunsItsCommands(t *testing.T) {
	keepsItsWord(t, story{
		orders: 60, acks: 90, outcomes: []string{string(order.StatusPaid), string(order.StatusAwaitingShipment)},
		shares:  replay.Shares{Paid: 0.8, Abandoned: 0.1, Cancelled: 0.1},
		prepare: publishChains, after: requireCommands,
	})
}

func publishChains(t *testing.T, redisURL string) {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), redisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }() // the chains are stored
	chains := commands.New(rdb, commands.NewBox(script.Options{}))
	check, _, err := chains.Put(t.Context(), command.Command{
		ID: "check", Target: command.TargetOrder, Behaviour: command.BehaviourJS, Inputs: []string{"paymentStatus"}, Source: checkSource,
	}, "", "merchant")
	require.NoError(t, err)
	for scenario, step := range map[order.Scenario]command.Step{
		order.ScenarioSubmit: {Command: "tag", Version: 1, Params: json.RawMessage(`{"tag":"submitted"}`)},
		order.ScenarioPaid:   {Command: check.ID, Version: check.Version},
	} {
		_, err := chains.PutDraft(t.Context(), scenario, []command.Step{step}, "", "merchant")
		require.NoError(t, err)
		_, _, err = chains.Publish(t.Context(), scenario, "", "merchant")
		require.NoError(t, err)
	}
}

func requireCommands(t *testing.T, redisURL string) {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), redisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }() // it was read only
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	paid := 0
	require.NoError(t, await.Success(ctx, func(ctx context.Context) error {
		var unfinished []error
		paid = 0
		err := eachOrder(ctx, rdb, func(o order.Order) {
			if !slices.Contains(o.Commands.Tags, "submitted") {
				unfinished = append(unfinished, fmt.Errorf("order %s was placed without its commands", o.ID))
			}
			if o.Fulfilment == nil {
				return
			}
			paid++
			if o.Brake != nil || !slices.Contains(o.Commands.Tags, "checked") || len(o.Commands.Notes) != 1 {
				unfinished = append(unfinished, fmt.Errorf("order %s, paid, has %+v and the hold %+v", o.ID, o.Commands, o.Brake))
			}
		})
		return errors.Join(append(unfinished, err)...)
	}))
	require.NotZero(t, paid)
	t.Logf("%d paid orders had their commands run", paid)
}

// eachOrder reads all orders of a single Redis.
func eachOrder(ctx context.Context, rdb redis.UniversalClient, do func(order.Order)) error {
	docs := records.New(rdb)
	keys := rdb.Scan(ctx, 0, "*:order:*", 1000).Iterator()
	for keys.Next(ctx) {
		_, id, _ := strings.Cut(keys.Val(), ":order:")
		doc, _, found, err := docs.Get(ctx, id)
		if err != nil || !found {
			return errors.Join(fmt.Errorf("read order %s", id), err)
		}
		var o order.Order
		if err := json.Unmarshal(doc, &o); err != nil {
			return err
		}
		do(o)
	}
	return keys.Err()
}
