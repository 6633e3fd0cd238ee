package client_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client"
)

func TestCallsAboutCommandsAreWhatTheContractSays(t *testing.T) {
	spec := client.CommandSpec{ID: "bulk", Source: "x", Tests: []client.CommandTest{{Name: "ten", Expect: json.RawMessage(`{}`)}}}
	for name, row := range map[string]struct {
		call func(context.Context, *client.Client) error
		want sent
	}{
		"commands": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Commands(ctx, 100, "next")
			return err
		}, sent{method: "GET", path: "/v1/commands?cursor=next&limit=100"}},
		"command": {func(ctx context.Context, c *client.Client) error {
			found, err := c.Command(ctx, "bulk", 0)
			if err == nil && found.ETag != `"3-abc"` {
				t.Errorf("the tag is %q", found.ETag)
			}
			return err
		}, sent{method: "GET", path: "/v1/commands/bulk"}},
		"old command": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Command(ctx, "bulk", 2)
			return err
		}, sent{method: "GET", path: "/v1/commands/bulk/versions/2"}},
		"versions of a command": {func(ctx context.Context, c *client.Client) error {
			_, err := c.CommandVersions(ctx, "bulk", 5, "")
			return err
		}, sent{method: "GET", path: "/v1/commands/bulk/versions?limit=5"}},
		"trial of a command": {func(ctx context.Context, c *client.Client) error {
			_, err := c.TryCommand(ctx, spec)
			return err
		}, sent{method: "POST", path: "/v1/commands/try", body: `{"id":"bulk","source":"x","tests":[{"name":"ten","expect":{}}]}`}},
		"new command": {func(ctx context.Context, c *client.Client) error {
			_, _, err := c.CreateCommand(ctx, client.CommandSpec{ID: "bulk", Source: "x", Inputs: []string{"lines"}})
			return err
		}, sent{method: "POST", path: "/v1/commands", body: `{"id":"bulk","inputs":["lines"],"source":"x"}`}},
		"changed command": {func(ctx context.Context, c *client.Client) error {
			_, _, err := c.ChangeCommand(ctx, `"2-def"`, client.CommandSpec{ID: "bulk", Source: "x"})
			return err
		}, sent{method: "PUT", path: "/v1/commands/bulk", match: `"2-def"`, body: `{"id":"bulk","source":"x"}`}},
		"scenarios": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Scenarios(ctx)
			return err
		}, sent{method: "GET", path: "/v1/scenarios"}},
		"chain": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Chain(ctx, "price", 2)
			return err
		}, sent{method: "GET", path: "/v1/scenarios/price/versions/2"}},
		"versions of a chain": {func(ctx context.Context, c *client.Client) error {
			_, err := c.ChainVersions(ctx, "price", 5, "next")
			return err
		}, sent{method: "GET", path: "/v1/scenarios/price/versions?cursor=next&limit=5"}},
		"draft": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Draft(ctx, "price")
			return err
		}, sent{method: "GET", path: "/v1/scenarios/price/draft"}},
		"saved draft": {func(ctx context.Context, c *client.Client) error {
			_, err := c.SaveDraft(ctx, "price", `"1-abc"`, []client.ChainStep{{Command: "tag", Version: 1, Params: json.RawMessage(`{"tag":"a"}`)}})
			return err
		}, sent{method: "PUT", path: "/v1/scenarios/price/draft", match: `"1-abc"`, body: `{"steps":[{"command":"tag","version":1,"params":{"tag":"a"}}]}`}},
		"first draft": {func(ctx context.Context, c *client.Client) error {
			_, err := c.SaveDraft(ctx, "price", "", nil)
			return err
		}, sent{method: "PUT", path: "/v1/scenarios/price/draft", match: "*", body: `{"steps":[]}`}},
		"trial on an order": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Trial(ctx, "price", client.ChainTry{OrderID: "o", Steps: []client.ChainStep{}})
			return err
		}, sent{method: "POST", path: "/v1/scenarios/price/try", body: `{"steps":[],"orderId":"o"}`}},
		"trial on a view": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Trial(ctx, "price", client.ChainTry{Version: 2, View: json.RawMessage(`{"total":1}`)})
			return err
		}, sent{method: "POST", path: "/v1/scenarios/price/try", body: `{"version":2,"view":{"total":1}}`}},
		"deliveries about an order": {func(ctx context.Context, c *client.Client) error {
			_, err := c.OrderDeliveries(ctx, "o/1")
			return err
		}, sent{method: "GET", path: "/v1/orders/o%2F1/deliveries"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, last := answering(t, http.StatusOK, `{}`)
			require.NoError(t, row.call(t.Context(), c))
			require.Equal(t, row.want, *last)
			c, _ = answering(t, http.StatusPreconditionFailed, `{"type":"/problems/stale","title":"Changed"}`)
			var p *client.Problem
			require.ErrorAs(t, row.call(t.Context(), c), &p)
			require.Equal(t, "stale", p.Kind())
		})
	}
}
