package web_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// value is what a field has.
func (b *browser) value(selector string) string {
	b.t.Helper()
	var text string
	b.do(chromedp.Value(selector, &text, chromedp.ByQuery))
	return text
}

// addStep adds a step of a command to the draft of the scenario that is open.
func (b *browser) addStep(command string) {
	b.t.Helper()
	b.fill(`select[name="add"]`, command)
	b.press("#add form .btn")
	b.await(fmt.Sprintf(`[data-adding=%q]`, command))
}

// From a script in a form to what it does to an order, to the order that it broke, and back.
func TestAnOperatorPublishesAScriptBreaksItAndRollsBack(t *testing.T) {
	b, _, shop := console(t)
	b.open("/console/commands")
	b.requireFine("console-commands")
	b.press(`a[href="/console/new-command"]`)
	b.requireFine("console-new-command")

	// A mistake is shown where it is, and nothing that was typed is lost.
	script := b.value(`textarea[name="source"]`)
	b.fill(`input[name="id"]`, "large-order")
	b.fill(`textarea[name="source"]`, "export function execute(view, params) {\n  return {patch: [}\n}\n")
	b.press(`button[value="store"]`)
	require.Contains(t, b.text("[data-line]"), "Line 2, column")
	require.Contains(t, b.value(`textarea[name="source"]`), "return {patch: [}")
	require.Equal(t, "large-order", b.value(`input[name="id"]`))
	b.requireFine("console-command-broken")
	b.fill(`textarea[name="source"]`, script)
	b.press(`button[value="test"]`)
	require.Contains(t, b.text("main [role=status]"), "All 2 tests pass")
	b.requireFine("console-command-tested")
	b.press(`button[value="store"]`)
	require.Contains(t, b.text("main"), "large-order@1 is stored")
	b.requireFine("console-command")

	b.open("/console/scenarios")
	b.requireFine("console-scenarios")
	b.press(`[data-scenario="paid"] h2 a`)
	b.requireFine("console-scenario-empty")
	b.addStep("large-order")
	require.Contains(t, b.value(`[data-adding] textarea[name="params"]`), `"from": 1`)
	b.fill(`[data-adding] textarea[name="params"]`, `{"from": 4000}`)
	b.fill(`[data-adding] textarea[name="when"]`, `currency == = "EUR"`)
	b.requireFine("console-step-adding")
	b.press(`[data-adding] .btn.go`)
	require.Contains(t, b.text("#add-when"), "line 1, column", "a condition that can't be read is named beside it")
	require.Equal(t, `{"from": 4000}`, b.value(`[data-adding] textarea[name="params"]`))
	b.requireFine("console-step-wrong")
	b.fill(`[data-adding] textarea[name="when"]`, `currency == "EUR"`)
	b.press(`[data-adding] .btn.go`)
	require.Contains(t, b.text("#step-0"), "large-order@1")

	// What it would do to an order of the past, field by field.
	past := bought(t, shop, 2)
	b.fill(`input[name="order"]`, past.ID)
	b.press(`form[action$="/try#try"] .btn`)
	require.Contains(t, b.text(`[data-path="/tags/-"]`), "large")
	b.requireFine("console-trial")
	b.fill(`input[name="order"]`, bought(t, shop, 1).ID)
	b.press(`form[action$="/try#try"] .btn`)
	require.Contains(t, b.text("[data-trial]"), "Nothing would be changed")

	b.press(`form[action$="/publish"] .btn`)
	require.Contains(t, b.text("main"), "Version 1 is published")
	b.requireFine("console-scenario")
	changed := bought(t, shop, 2)
	require.Equal(t, []string{"large"}, changed.Commands.Tags)
	b.openOrder(changed.ID)
	require.Contains(t, b.text("main"), "large-order@1 changed a field")
	require.Nil(t, shop.Order(t, past.ID).Commands, "what was placed before stays as it is")

	// A version that always fails: its orders wait, and the inbox says because of whom.
	b.open("/console/commands/large-order/edit")
	b.fill(`textarea[name="source"]`, "export function execute() { throw new Error(\"oh no\") }\n")
	b.press(`button[value="store"]`)
	require.Contains(t, b.text("main [role=alert]"), "2 tests fail", "it isn't stored as it is")
	b.requireFine("console-command-failing")
	b.fill(`textarea[name="tests"]`, " ")
	b.press(`button[value="store"]`)
	require.Contains(t, b.text("main"), "large-order@2 is stored")
	b.open("/console/scenarios/paid")
	b.unfold("change-0")
	b.fill(`#change-0 input[name="version"]`, "2")
	b.requireFine("console-step-changing")
	b.send("change-0")
	b.press(`form[action$="/publish"] .btn`)
	o := shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: 2})
	shop.Tell(t, shoptest.PaymentOf(o))
	shoptest.Until(t, "the order is on hold", func(context.Context) error {
		now := shop.Order(t, o.ID) //nolint:contextcheck // it has the test's own
		if now.Fulfilment == nil || now.Brake == nil || now.Brake.Actor != "command:large-order" {
			return fmt.Errorf("it is %s, with %v", now.Status, now.Fulfilment)
		}
		return nil
	})
	b.awaitReloading("/console", `a[href="/console/commands/large-order/versions/2"]`)
	require.Contains(t, b.text(".tasks"), "On hold, because large-order@2 failed")
	require.Contains(t, b.text(".tasks"), "oh no")
	b.requireFine("console-inbox-command")

	b.open("/console/scenarios/paid/versions/1")
	b.requireFine("console-chain-version")
	b.pressText("Publish it again")
	require.Contains(t, b.text("main"), "Version 3 is published, with the steps of version 1")
	require.Equal(t, []string{"large"}, bought(t, shop, 2).Commands.Tags)
}

// A draft is changed by forms alone.
func TestAChainIsEditedWithoutScripts(t *testing.T) {
	b, _, _ := console(t)
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.open("/console/scenarios/submit")
	for _, command := range []string{"normalize-address", "complete-phone"} {
		b.addStep(command)
		b.press(`[data-adding] .btn.go`)
	}
	require.Contains(t, b.text("#step-1"), "complete-phone@1")
	b.press(`#step-1 form[action$="/up"] button`)
	require.Contains(t, b.text("#step-0"), "complete-phone@1")
	b.press(`#step-1 form[action$="/remove"] button`)
	b.unfold("change-0")
	b.fill(`#change-0 textarea[name="when"]`, "guest")
	b.send("change-0")
	require.Contains(t, b.text("#step-0"), "guest")
	b.press(`form[action$="/try#try"] .btn`)
	require.Contains(t, b.text(`[data-path="/address/phone"]`), "+4930901820", "on the sample")
	b.press(`form[action$="/publish"] .btn`)
	require.Contains(t, b.text("main"), "Version 1 is published")
	b.press(`#step-0 form[action$="/remove"] button`)
	require.Contains(t, b.text("main"), "No steps yet")
	b.press(`form[action$="/reset"] button`)
	require.Contains(t, b.text("#step-0"), "complete-phone@1")
}

// The page of an order follows the order, but never under a form that is being filled in.
func TestTheConsolesOrderPageIsLive(t *testing.T) {
	b, _, shop := console(t)
	o := bought(t, shop, 3)
	b.openOrder(o.ID)
	b.do(chromedp.Focus("#refund > summary", chromedp.ByQuery))
	var p order.Package
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/packages", Key: "pack-1",
		Body: shoptest.JSON(t, map[string]any{"items": []any{map[string]any{"lineId": o.Lines[0].ID, "quantity": 3}}, "node": "left_warehouse"}),
	}).Into(t, &p)
	b.await(fmt.Sprintf(`[data-package=%q]`, p.ID))
	var focused string
	b.do(chromedp.Evaluate(`document.activeElement.closest('details')?.id ?? document.activeElement.tagName`, &focused))
	require.Equal(t, "refund", focused, "the focus stays where it was")
	b.await(`[data-spoken-news]:not(:empty)`)
	spoken := b.text("[data-spoken-news]")

	report := func(id, node string) {
		shop.Must(t, http.StatusOK, shoptest.Call{
			Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/packages/" + p.ID + "/events",
			Body: shoptest.JSON(t, map[string]any{"events": []any{map[string]any{"id": id, "node": node, "occurredAt": time.Now().UTC().Format(time.RFC3339)}}}),
		})
	}
	b.unfold("refund")
	b.fill(`#refund input[name="amount"]`, "3.21")
	report("scan-1", "in_transit")
	b.await(`[data-held-back]:not([hidden])`)
	require.Equal(t, "3.21", b.value(`#refund input[name="amount"]`))
	b.await(`[data-package][data-node="left_warehouse"]`)
	b.requireFine("console-order-held-back")
	report("scan-2", "out_for_delivery")
	b.do(chromedp.Click("#refund > summary", chromedp.ByQuery))
	b.await(`[data-package][data-node="out_for_delivery"]`)
	b.await(`[data-held-back][hidden]`)
	require.Equal(t, spoken, b.text("[data-spoken-news]"), "it is said aloud once a minute at most")

	// What the reader opened stays open.
	b.do(chromedp.Click("#why-not > summary", chromedp.ByQuery))
	report("scan-3", "delivered")
	b.await(`[data-package][data-node="delivered"]`)
	b.await("#why-not[open]")
}

func TestTheOverviewAndTheAudits(t *testing.T) {
	b, _, shop := console(t)
	b.open("/console/overview")
	b.requireFine("console-overview-empty")
	b.open("/console/audits")
	b.requireFine("console-audits")
	for range 3 {
		bought(t, shop, 1)
	}
	shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: 1})
	b.awaitReloading("/console/overview?hours=48", `[data-status="awaiting_shipment"]`)
	b.awaitReloading("/console/overview?hours=48", `.chart rect.waiting`)
	require.Contains(t, b.text(`[data-status="awaiting_shipment"]`), "3")
	require.Contains(t, b.text("h2"), "4 orders placed in 48 hours")
	b.do(chromedp.Click(".chart + details > summary", chromedp.ByQuery))
	b.requireFine("console-overview")
}
