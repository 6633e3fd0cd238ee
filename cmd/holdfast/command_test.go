package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	commandstore "holdfast/commands"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/pricebooks"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/script"
	"holdfast/webhook/registry"
)

const tagging = `id: vip
description: Tags orders.
params: {type: object, required: [tag], properties: {tag: {type: string}}}
sourceFile: vip.js
tests:
  - name: it tags
    params: {tag: a}
    expect: {patch: [{op: add, path: /tags/-, value: a}]}
`

// files writes files into a folder of their own, and returns their paths.
func files(t *testing.T) func(name, text string) string {
	t.Helper()
	dir := t.TempDir()
	return func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
}

func TestTheTestsOfACommandRunWithoutAGateway(t *testing.T) {
	write := files(t)
	name := write("vip.yaml", tagging)
	code, _, stderr := holdfast(t, "command", "test", name)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "sourceFile")

	write("vip.js", "export function execute(view, params) {\n  return {patch: [{op: 'add', path: '/tags/-', value: params.tag}]}\n}\n")
	code, stdout, stderr := holdfast(t, "command", "test", name)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, "passed: it tags\n1 passed, 0 failed\n", stdout)

	write("vip.js", "export function execute(view, params) {\n  return {note: params.tag}\n}\n")
	code, stdout, _ = holdfast(t, "command", "test", name)
	require.Equal(t, exitFindings, code)
	require.Contains(t, stdout, `failed: command vip, test "it tags": execute returned {"note":"a"} instead of`)
	require.Contains(t, stdout, "0 passed, 1 failed\n")

	write("vip.js", "export function execute(view, params) {\n  return {note: }\n}\n")
	code, _, stderr = holdfast(t, "command", "test", name)
	require.Equal(t, exitFindings, code)
	require.Contains(t, stderr, "command vip, line 2, column")

	code, _, stderr = holdfast(t, "command", "test", write("odd.json", `{"id":"vip","sauce":"x"}`))
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, `unknown field "sauce"`)
	code, _, stderr = holdfast(t, "command", "test", write("bad.json", `{"id":"vip","source":"x","inputs":["nix"]}`))
	require.Equal(t, exitFindings, code)
	require.Contains(t, stderr, "inputs[0]")
}

// Through the real gateway, onto the real store, in the real sandbox.
func TestCommandsAndChainsAreStoredTriedAndPublished(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	defer rdb.Close() //nolint:errcheck // the test ends
	people := customers.New(rdb)
	gateway, err := api.New(api.Config{
		Addr: "127.0.0.1:0", Products: inventory.New(rdb), Orders: records.New(rdb), Customers: people, Coupons: coupons.New(rdb), Sagas: noSagas{},
		Tracking: tracking.New(rdb, time.Now), PriceBooks: pricebooks.New(rdb, people), Commands: commandstore.New(rdb, commandstore.NewBox(script.Options{})), Audits: audits.New(rdb),
		Webhooks: registry.New(rdb), CheckURL: func(context.Context, string) error { return nil },
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	server := httptest.NewServer(gateway.Handler())
	defer server.Close()
	write := files(t)
	run := func(code int, args ...string) string {
		t.Helper()
		got, stdout, stderr := holdfast(t, append(args, "--url", server.URL)...)
		require.Equal(t, code, got, "%s%s", stdout, stderr)
		return stdout + stderr
	}

	name := write("vip.yaml", tagging)
	write("vip.js", "export function execute(view, params) {\n  return {patch: [{op: 'add', path: '/tags/-', value: params.tag}]}\n}\n")
	require.Equal(t, "stored as version 1 of the command vip\n", run(exitOK, "command", "put", name))
	require.Equal(t, "version 1 of the command vip is the same already\n", run(exitOK, "command", "put", name))
	require.Contains(t, run(exitUsage, "command", "put", write("nameless.json", `{"source":"x"}`)), "id is required")
	write("vip.js", "export function execute() { return {} }")
	require.Equal(t, "stored as version 2 of the command vip\n", run(exitOK, "command", "put", name))

	const step = "steps: [{command: vip, version: 1, params: {tag: b}, when: total > 5}]\n"
	steps, view := write("steps.yaml", step), write("view.yaml", "{total: 7}")
	require.Contains(t, run(exitOK, "scenario", "try", "paid", "--steps", steps, "--view", view), `"after": "\"b\""`)
	require.Contains(t, run(exitFindings, "scenario", "try", "paid", "--view", view), "the scenario has no draft")
	require.NotEmpty(t, run(exitUsage, "scenario", "try", "paid", "--steps", steps))
	require.Equal(t, "published as version 1 of the chain of paid\n", run(exitOK, "scenario", "publish", "paid", "--steps", steps))
	require.Equal(t, "version 1 of the chain of paid is the same already\n", run(exitOK, "scenario", "publish", "paid"))
	require.Contains(t, run(exitOK, "scenario", "try", "paid", "--version", "1", "--view", view), `"changed": 1`)

	failing := write("failing.yaml", "steps: [{command: vip, version: 2, params: {tag: b}}]\n")
	require.Contains(t, run(exitFindings, "scenario", "publish", "paid", "--steps", failing), `command vip, test "it tags": execute returned {}`)
	require.Contains(t, run(exitFindings, "scenario", "publish", "paid", "--steps", write("unknown.yaml", "steps: [{command: nix, version: 1}]\n")), "steps[0].command")
	require.Contains(t, run(exitUsage, "scenario", "publish", "paid", "--steps", write("none.yaml", "{}\n")), "steps is required")
	require.Equal(t, "published as version 2 of the chain of paid\n", run(exitOK, "scenario", "publish", "paid", "--steps", write("empty.yaml", "steps: []\n")))
	require.Equal(t, "published as version 3 of the chain of paid\n", run(exitOK, "scenario", "rollback", "paid", "1"))
}
