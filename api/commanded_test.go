package api_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/command/commandtest"
	"holdfast/coupon"
	"holdfast/identity"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

// runs publishes a chain of commands for submitted orders.
func (g *gateway) runs(steps ...command.Step) {
	g.t.Helper()
	g.publishesChain(order.ScenarioSubmit, steps...)
}

func (g *gateway) publishesChain(of order.Scenario, steps ...command.Step) {
	g.t.Helper()
	for i := range steps {
		steps[i].Version = 1
	}
	_, err := g.chains.PutDraft(g.t.Context(), of, steps, "", "merchant")
	require.NoError(g.t, err)
	_, _, err = g.chains.Publish(g.t.Context(), of, "", "merchant")
	require.NoError(g.t, err)
}

func step(id, params string) command.Step {
	s := command.Step{Command: id}
	if params != "" {
		s.Params = json.RawMessage(params)
	}
	return s
}

func TestCommandsChangeAnOrderBeforeItIsPriced(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putProduct("sticker", 1)
	tagged := step("tag", `{"tag":"big"}`)
	tagged.When = `total > 5000 and any(lines, .title == "A mug")`
	g.runs(step("complete-phone", ""), step("gift", `{"productId":"sticker","forProduct":"mug"}`), tagged)
	body := basket(line{"productId": "mug", "quantity": 6})
	body["address"] = map[string]any{
		"recipient": "A Buyer", "phone": "020 7946 0000", "line1": "1 High St", "city": "London", "country": "GB",
	}

	a := g.post("/v1/quotes", body)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Contains(t, string(a.body), `"ordered":{"lines":[{"productId":"mug","sku":"one","title":"A mug","quantity":6},{"productId":"sticker","sku":"one","title":"A sticker","quantity":1,"giftFor":"1"}]`)

	placed := g.place("k-1", body)
	require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
	o := placed.order(t)
	require.Equal(t, "+442079460000", o.Address.Phone)
	require.Len(t, o.Lines, 2)
	require.Equal(t, "1", o.Lines[1].GiftFor)
	require.Equal(t, int64(0), *o.Lines[1].Total)
	require.Equal(t, order.AdjustmentGift, o.Lines[1].Adjustments[0].Kind)
	require.Equal(t, int64(6000), o.Amounts["total"])
	require.Equal(t, []string{"big"}, o.Commands.Tags)
	require.Equal(t, map[order.Scenario]int64{order.ScenarioSubmit: 1}, o.Commands.Chains)
	require.Equal(t, 3, o.Commands.Changed)
	require.Equal(t, "3", o.Journal[0].Detail["changedFields"])

	// The gift is sold out now: the next order does without.
	second := g.place("k-2", body)
	require.Equal(t, http.StatusCreated, second.status, "%s", second.body)
	require.Len(t, second.order(t).Lines, 1)
	require.Equal(t, "the gift sticker was left out: it is sold out", second.order(t).Commands.Notes[0].Text)

	// Another chain changes nothing about an order that was placed.
	g.runs(step("reject", `{"message":"We are closed."}`))
	again := g.place("k-1", body)
	require.Equal(t, http.StatusCreated, again.status, "%s", again.body)
	require.Equal(t, o.Lines, again.order(t).Lines)
	refused := g.place("k-3", body)
	require.Equal(t, http.StatusConflict, refused.status)
	require.Equal(t, "/problems/order-refused", refused.problem(t).Type)
	require.Equal(t, "We are closed.", refused.problem(t).Detail)
}

func TestACountryThatACommandWritesIsThatOfTheOrderHoweverItIsWritten(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	_, _, err := g.chains.Put(t.Context(), command.Command{
		ID: "home", Target: command.TargetOrder, Behaviour: command.BehaviourJS,
		Source: `{"patch":[{"op":"set","path":"/address/country","value":"de"}]}`,
	}, "", "merchant")
	require.NoError(t, err)
	g.runs(step("home", ""))
	body := basket(line{"productId": "mug", "quantity": 1})
	body["address"] = map[string]any{"recipient": "A Buyer", "line1": "1", "city": "Bonn", "country": "Germany"}
	require.Equal(t, "DE", g.place("", body).order(t).Address.Country)
}

// A rule about totals would refuse an order whose coupon doesn't exist, because it has no total yet.
func TestACouponThatCantBeUsedIsNamedBeforeAnyRule(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putCoupon("BIG", coupon.Spec{Action: price.Action{Rate: 1000}, Minimum: &price.Money{Amount: 2000, Currency: "EUR"}})
	small := step("reject", `{"message":"Please order for ten euros."}`)
	small.When = "total < 1000"
	g.runs(small)
	body := basket(line{"productId": "mug", "quantity": 1})
	for code, reason := range map[string]order.CouponReason{"NONE": order.CouponReasonUnknown, "BIG": ""} {
		body["couponCodes"] = []string{code}
		p := g.post("/v1/quotes", body).problem(t)
		if reason == "" {
			require.Equal(t, "/problems/order-refused", p.Type, "a rule may add what is missing to the minimum, so it runs")
			continue
		}
		require.Equal(t, []order.CouponRefusal{{Code: code, Reason: reason}}, p.Coupons)
	}
}

// Buyers don't ask for gifts: whatever is wrong with one, the order goes on without it.
func TestAGiftThatCantBeGivenIsLeftOut(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putProduct("a-dollar", 5, func(s *product.Spec) { s.Currency = "USD" }) // it stands before the mug wherever products are sorted
	for _, id := range []string{"a-dollar", "unknown"} {
		g.runs(step("gift", `{"productId":"`+id+`"}`))
		a := g.place("", basket(line{"productId": "mug", "quantity": 1}))
		require.Equal(t, http.StatusCreated, a.status, "%s: %s", id, a.body)
		o := a.order(t)
		require.Len(t, o.Lines, 1, id)
		require.Equal(t, "EUR", o.Currency)
		require.Contains(t, o.Commands.Notes[0].Text, id)
	}
}

// A command sees an order, and a price of a single unit belongs to none.
func TestPricesOfSingleUnitsAreThoseBeforeCommands(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	_, _, err := g.chains.Put(t.Context(), command.Command{
		ID: "off", Description: "Takes 1.00 off.", Target: command.TargetOrder, Behaviour: command.BehaviourJS,
		Source: `{"patch":[{"op":"add","path":"/adjustments/-","value":{"amount":-100}}]}`,
	}, "", "merchant")
	require.NoError(t, err)
	g.publishesChain(order.ScenarioPrice, step("off", ""))
	body := basket(line{"productId": "mug", "quantity": 1})
	quoted := g.post("/v1/quotes", body)
	require.Equal(t, http.StatusOK, quoted.status, "%s", quoted.body)
	require.Contains(t, string(quoted.body), `"total":900`)
	prices := map[string]any{"customerId": "c-1", "items": []line{{"productId": "mug"}}}
	a := g.post("/v1/prices", prices)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Contains(t, string(a.body), `"price":1000`)

	g.publishesChain(order.ScenarioPrice, step("reject", `{"message":"We are closed."}`))
	g.runs(step("reject", `{"message":"We are closed."}`))
	require.Equal(t, "/problems/order-refused", g.post("/v1/quotes", body).problem(t).Type)
	require.Equal(t, http.StatusOK, g.post("/v1/prices", prices).status)
}

// The region as it was typed has no tax, so the order can't be quoted before its address is mended. A rule
// about the total holds all the same.
func TestARuleAboutTheTotalHoldsForAnOrderThatIsMended(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putProduct("sticker", 50)
	g.publish(`{"taxes": {"included": true, "home": {"country": "US", "region": "New York"}, "classes": [{"id": "goods", "default": true}],
		"rules": [{"class": "goods", "country": "US", "region": "New York", "rate": 800}]}}`)
	limit, big := step("reject", `{"message":"Call us."}`), step("tag", `{"tag":"big"}`)
	limit.When, big.When = "total >= 6000", "total >= 5000 and lines[0].total == 5000"
	gift := step("gift", `{"productId":"sticker"}`)
	g.runs(limit, big, gift, step("normalize-address", ""))
	for region, mugs := range map[string]int64{"New York": 6, "New  York": 6, "New \u00a0York": 5} {
		body := basket(line{"productId": "mug", "quantity": mugs})
		body["address"] = map[string]any{"recipient": "A Buyer", "line1": "1 Main St", "city": "New York", "region": region, "country": "US"}
		a := g.place("k-"+strconv.Itoa(len(region)), body)
		if mugs == 6 {
			require.Equal(t, http.StatusConflict, a.status, "%q: %s", region, a.body)
			require.Equal(t, "Call us.", a.problem(t).Detail, region)
			continue
		}
		require.Equal(t, http.StatusCreated, a.status, "%q: %s", region, a.body)
		require.Equal(t, []string{"big"}, a.order(t).Commands.Tags)
		require.Equal(t, "New York", a.order(t).Address.Region)
		require.Len(t, a.order(t).Lines, 2, "one gift")
	}
	body := basket(line{"productId": "mug", "quantity": 5})
	body["address"] = map[string]any{"recipient": "A Buyer", "line1": "1 Main St", "city": "Nowhere", "region": "No  where", "country": "US"}
	require.Equal(t, "/problems/not-quotable", g.place("k-nowhere", body).problem(t).Type)
}

func TestACustomerDoesntSeeWhatCommandsNoted(t *testing.T) {
	g := asking(t)
	stock := int64(10)
	mug := product.Spec{
		Description: product.Description{Title: "A mug"}, Currency: "EUR", Variants: []product.VariantSpec{{SKU: "one", Price: 1000, Stock: &stock}},
	}
	put := call{method: http.MethodPut, path: "/v1/products/mug", body: mug}
	require.Equal(t, http.StatusCreated, g.do(put.as(t, "op", identity.RoleOperator)).status)
	g.runs(step("hold-for-review", `{"reason":"looks odd"}`))
	place := call{method: http.MethodPost, path: "/v1/orders", body: map[string]any{"lines": []line{{"productId": "mug", "quantity": 1}}}}
	placed := g.do(place.as(t, "buyer", identity.RoleCustomer))
	require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
	require.NotContains(t, string(placed.body), "looks odd")
	require.NotContains(t, string(placed.body), `"commands"`)
	read := call{method: http.MethodGet, path: "/v1/orders/" + placed.order(t).ID}
	require.NotContains(t, string(g.do(read.as(t, "buyer", identity.RoleCustomer)).body), "looks odd")
	require.Equal(t, "looks odd", g.do(read.as(t, "staff", identity.RoleSupport)).order(t).Commands.Review.Reason)
}

func TestACommandThatFailsRefusesUnlessItsStepSaysOtherwise(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	tooLong := step("tag", `{"tag":"x"}`)
	tooLong.When = "lines[7].quantity > 1"
	g.runs(tooLong)
	body := basket(line{"productId": "mug", "quantity": 1})
	a := g.place("k-1", body)
	require.Equal(t, "/problems/order-refused", a.problem(t).Type)
	require.NotContains(t, a.problem(t).Detail, "lines[7]", "buyers don't learn how the shop's rules fail")
	require.Contains(t, g.log.String(), "a command failed")

	for onError, check := range map[command.OnError]func(*order.Commanded){
		command.OnErrorSkip: func(c *order.Commanded) { require.Nil(t, c.Review); require.Contains(t, c.Notes[0].Text, "skipped") },
		command.OnErrorPark: func(c *order.Commanded) { require.Contains(t, c.Review.Reason, "the command failed") },
	} {
		tooLong.OnError = onError
		g.runs(tooLong)
		placed := g.place("k-"+string(onError), body)
		require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
		check(placed.order(t).Commands)
	}
}

func TestARuleAboutAddressesHoldsForLaterOnesToo(t *testing.T) {
	g := asking(t)
	stock := int64(10)
	mug := product.Spec{
		Description: product.Description{Title: "A mug"}, Currency: "EUR", Variants: []product.VariantSpec{{SKU: "one", Price: 1000, Stock: &stock}},
	}
	put := call{method: http.MethodPut, path: "/v1/products/mug", body: mug}
	require.Equal(t, http.StatusCreated, g.do(put.as(t, "op", identity.RoleOperator)).status)
	island := step("reject", `{"message":"We don't deliver to islands."}`)
	island.When = `address.postalCode == "27498"`
	g.runs(island, step("normalize-address", ""))
	address := func(code string) map[string]any {
		return map[string]any{"recipient": "A  Buyer", "line1": "1 High St", "city": "There", "postalCode": code, "country": "DE"}
	}
	place := call{method: http.MethodPost, path: "/v1/orders", body: map[string]any{
		"lines": []line{{"productId": "mug", "quantity": 1}}, "address": address("20457"),
	}}
	placed := g.do(place.as(t, "buyer", identity.RoleCustomer))
	require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
	move := func(code string) answer {
		return g.do(call{
			method: http.MethodPut, path: "/v1/orders/" + placed.order(t).ID + "/address", body: map[string]any{"address": address(code)},
		}.as(t, "buyer", identity.RoleCustomer))
	}
	refused := move("27498")
	require.Equal(t, "/problems/order-refused", refused.problem(t).Type)
	require.Equal(t, "We don't deliver to islands.", refused.problem(t).Detail)
	require.NotEqual(t, "/problems/order-refused", func() string {
		a := move("20459")
		if a.status == http.StatusOK {
			return ""
		}
		return a.problem(t).Type
	}())

	// Nor can staff be kept from looking at an address.
	look := step("hold-for-review", `{"reason":"An island"}`)
	look.When = island.When
	g.runs(look)
	require.Equal(t, "/problems/order-refused", move("27498").problem(t).Type)
	require.Equal(t, http.StatusOK, move("20459").status)
	look.When = ""
	g.runs(look)
	require.Equal(t, http.StatusOK, move("20457").status, "they look at it anyway")
	every := step("hold-for-review", `{"reason":"We look at every order"}`)
	g.runs(every, step("normalize-address", ""))
	require.Equal(t, http.StatusOK, move("20459").status)
	look.When = island.When
	g.runs(every, look)
	require.Equal(t, "/problems/order-refused", move("27498").problem(t).Type, "the second reason is about the address")
	require.Equal(t, http.StatusOK, move("20457").status)

	// A rule that would refuse the order anyway is no reason to refuse its new address.
	closed := step("reject", `{"message":"We are closed."}`)
	g.runs(closed)
	require.Equal(t, http.StatusOK, move("20459").status)
	g.runs(closed, island)
	require.Equal(t, "We don't deliver to islands.", move("27498").problem(t).Detail, "the other rules hold nevertheless")
	require.Equal(t, http.StatusOK, move("20457").status)
}

// What a rule tells orders apart by is there when it runs for a later address, too.
func TestARuleAboutAddressesKnowsGuestsAndCategoriesLater(t *testing.T) {
	g := asking(t)
	stock := int64(10)
	knife := product.Spec{
		Description: product.Description{Title: "A knife", Category: "blades", Tags: []string{"adults"}}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "one", Price: 1000, Stock: &stock}},
	}
	put := call{method: http.MethodPut, path: "/v1/products/knife", body: knife}
	require.Equal(t, http.StatusCreated, g.do(put.as(t, "op", identity.RoleOperator)).status)
	boxes := step("reject", `{"message":"Not to a box."}`)
	address := func(line1 string) map[string]any {
		return map[string]any{"recipient": "A Buyer", "line1": line1, "city": "There", "country": "DE"}
	}
	for _, rule := range []string{`any(lines, .category == "blades")`, `all(lines, "adults" in .tags)`, `guest`} {
		boxes.When = rule + ` and hasPrefix(address.line1, "Box")`
		g.runs(boxes)
		guest, err := guests(t).New()
		require.NoError(t, err)
		placed := g.do(call{method: http.MethodPost, path: "/v1/orders", body: map[string]any{
			"lines": []line{{"productId": "knife", "quantity": 1}}, "address": address("1 High St"),
		}}.with(guest.Token))
		require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
		moved := g.do(call{
			method: http.MethodPut, path: "/v1/orders/" + placed.order(t).ID + "/address", body: map[string]any{"address": address("Box 1")},
		}.with(guest.Token))
		require.Equal(t, "/problems/order-refused", moved.problem(t).Type, rule)
	}
}

// Few scripts run at a time. One visitor with many quotes must not make all others wait.
func TestAVisitorRunsAFewChainsAtATime(t *testing.T) {
	g := asking(t)
	g.sell(t, 9)
	slow := commandtest.Tagging("slow", "x")
	slow.Tests = nil
	_, _, err := g.chains.Put(t.Context(), slow, "", "merchant")
	require.NoError(t, err)
	g.runs(step("slow", ""))
	g.scripts.Held = make(chan struct{})
	quote := func(customer string) call {
		return call{method: http.MethodPost, path: "/v1/quotes", body: basketOf(customer)}
	}
	answers := make(chan answer, 20)
	running := 0
	ask := func(address string, k call) {
		running++
		go func() { answers <- g.fromAddress(k, address, "") }()
	}
	await := func() {
		t.Helper()
		require.Eventually(t, func() bool { return g.scripts.Run.Load() == int64(running) }, 5*time.Second, time.Millisecond)
	}
	many := quote("").asGuest(t)
	for range 4 {
		ask("192.0.2.1:1", many)
	}
	await()
	refused := g.fromAddress(many, "192.0.2.1:1", "")
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.Equal(t, "/problems/too-many-requests", refused.problem(t).Type)
	for range 4 { // and as many of other guests of the network
		ask("192.0.2.1:1", quote("").asGuest(t))
	}
	await()
	require.Equal(t, http.StatusTooManyRequests, g.fromAddress(quote("").asGuest(t), "192.0.2.1:1", "").status)
	ask("192.0.2.2:1", quote("").as(t, "bob", identity.RoleCustomer))
	ask("192.0.2.1:1", quote("ada").as(t, "op", identity.RoleOperator))
	await()
	close(g.scripts.Held)
	for range running {
		require.Equal(t, http.StatusOK, (<-answers).status)
	}
}
