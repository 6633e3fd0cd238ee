package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/command"
	commandstore "holdfast/commands"
	"holdfast/dev/stack"
	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/script"
)

// commandsBench places and pays orders of a shop whose chain for submitted orders has three built-in
// commands or a script, against orders of the same shop with an empty chain.
type commandsBench struct {
	sagaBench `embed:""`
	Script    bool `help:"A script, instead of three built-in commands."`
}

const benchScript = `export function execute(view, params) {
  let units = 0;
  for (const line of view.lines) units += line.quantity;
  return units >= params.from ? {patch: [{op: "add", path: "/tags/-", value: "bulk"}]} : {};
}`

// Run measures both in turn, on one server.
func (b *commandsBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{Data: b.Data, WithoutUI: true, WithoutSearch: b.WithoutViews})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the figures are out
	contenders, err := b.contenders(ctx, st, rdb)
	if err != nil {
		return err
	}
	with := "three commands"
	if b.Script {
		with = "a script"
	}
	out.printf("Stack: %s, Redis: %s.\n\n", where(b.Data), st.RedisKind)
	out.printf("| c | | empty chain, orders/s | %s, orders/s | ratio | empty, place p50 | with, place p50 | ratio |\n", with)
	out.printf("|---:|---|---:|---:|---:|---:|---:|---:|\n")
	for _, c := range b.C {
		if err := b.compare(ctx, out, contenders, c, true); err != nil {
			return err
		}
	}
	return nil
}

func (b *commandsBench) contenders(ctx context.Context, st *stack.Stack, rdb redis.UniversalClient) ([]contender, error) {
	s, err := newShop(st.URL, "", 64)
	if err != nil {
		return nil, err
	}
	if err := s.product(ctx, "bench", 1_000_000); err != nil {
		return nil, err
	}
	chains := commandstore.New(rdb, commandstore.NewBox(script.Options{})) //nolint:contextcheck // the engine outlives the call
	steps, err := b.steps(ctx, chains)
	if err != nil {
		return nil, err
	}
	buyer := &pricedBuyer{shop: s, body: []byte(`{"customerId":"bench","lines":[{"productId":"bench","sku":"bench-1","quantity":6}],
		"address":{"recipient":"A  Buyer","phone":"020 7946 0000","line1":"1 High St","city":"London","country":"GB"}}`)}
	paid := func(ctx context.Context) (int64, error) {
		units, err := sold(ctx, rdb)
		return units / 6, err
	}
	with := func(name string, steps []command.Step) contender {
		return contender{name: name, place: buyer.place, pay: buyer.pay, paid: paid, prepare: func(ctx context.Context) error {
			return publishChain(ctx, chains, steps)
		}}
	}
	return []contender{with("empty", nil), with("with", steps)}, nil
}

func (b *commandsBench) steps(ctx context.Context, chains *commandstore.Store) ([]command.Step, error) {
	if !b.Script {
		return []command.Step{
			{Command: "complete-phone", Version: 1},
			{Command: "normalize-address", Version: 1},
			{Command: "limit-quantity", Version: 1, Params: json.RawMessage(`{"max": 10}`)},
		}, nil
	}
	c, _, err := chains.Put(ctx, command.Command{
		ID: "bulk", Target: command.TargetOrder, Behaviour: command.BehaviourJS, Inputs: []string{"lines"}, Source: benchScript,
		Params: json.RawMessage(`{"type": "object", "properties": {"from": {"type": "integer"}}}`),
	}, "", "bench")
	if err != nil {
		return nil, err
	}
	return []command.Step{{Command: c.ID, Version: c.Version, Params: json.RawMessage(`{"from": 5}`)}}, nil
}

func publishChain(ctx context.Context, chains *commandstore.Store, steps []command.Step) error {
	if _, err := chains.PutDraft(ctx, order.ScenarioSubmit, steps, "", "bench"); err != nil {
		return err
	}
	if _, _, err := chains.Publish(ctx, order.ScenarioSubmit, "", "bench"); err != nil {
		return fmt.Errorf("publish the chain: %w", err)
	}
	return nil
}
