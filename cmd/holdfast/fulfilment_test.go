package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func TestOrderIsPackedAndFollowed(t *testing.T) {
	_, o := gateway(t)
	code, _, stderr := holdfast(t, "pay", "o1")
	require.Equal(t, exitOK, code, stderr)
	pack := func(args ...string) (int, order.Package, string) {
		code, stdout, stderr := holdfast(t, append([]string{"order", "pack", "o1"}, args...)...)
		var p order.Package
		if code == exitOK {
			require.NoError(t, json.Unmarshal([]byte(stdout), &p))
		}
		return code, p, stderr
	}
	code, p, stderr := pack("--line", "1=2", "--number", "EX1234,EX5678", "--left", "--key", "k")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, []order.LineUnits{{LineID: "1", Quantity: 2}}, p.Items)
	require.Equal(t, []string{"EX1234", "EX5678"}, p.TrackingNumbers)
	require.Equal(t, order.NodeLeftWarehouse, p.Node())
	_, again, _ := pack("--line", "1=2", "--key", "k")
	require.Equal(t, p.ID, again.ID)
	code, _, stderr = pack("--line", "1=1")
	require.Equal(t, exitFindings, code)
	require.Contains(t, stderr, "line 1: asked 1, open 0")

	for _, what := range []string{"delayed", "delivered"} {
		code, _, stderr = holdfast(t, "order", "event", "o1", p.ID, what)
		require.Equal(t, exitOK, code, stderr)
	}
	require.Equal(t, order.StatusDelivered, o.Status)
}

func TestUnitsAndMessagesThatMakeNoSenseAreUsageErrors(t *testing.T) {
	gateway(t)
	for _, args := range [][]string{
		{"order", "pack", "o1", "--line", "1"},
		{"order", "pack", "o1", "--line", "1=0"},
		{"order", "pack", "o1"},
		{"order", "return", "o1", "--line", "=1"},
		{"order", "cancel", "o1", "--line", "1=x"},
		{"order", "event", "o1", "p", "eaten"},
		{"order", "event", "o1", "p", "delivered", "--at", "yesterday"},
	} {
		code, _, _ := holdfast(t, args...)
		require.Equal(t, exitUsage, code, "%v", args)
	}
}
