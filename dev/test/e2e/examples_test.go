package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/audit"
	"holdfast/audits"
	parcels "holdfast/carrier/sandbox"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/settings"
)

// The examples of openapi.yaml are true: each request is sent as it is written, on a stack
// of its own, and each answer has the fields and the values of its example. Only what no
// two runs share (ids, times, secrets) may differ.
func TestTheContractsExamplesAreWhatIsAnswered(t *testing.T) {
	st, err := stack.Start(t.Context(), stack.Options{
		WithoutUI: true, Shop: settings.Shop{ReturnWindow: api.DefaultReturnWindow}, Guests: guests(t),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stop(st)) })
	shop, err := shoptest.At(st.URL)
	require.NoError(t, err)
	defer shop.Close()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer receiver.Close()
	s := newStory(t, shop)

	hook := s.does("registerWebhook", 201, "/v1/webhooks", changes{"url": receiver.URL})
	s.does("putProduct", 201, "/v1/products/mug", nil, "status", "onHand", "available") // the example is of the listed product
	s.does("adjustStock", 200, "/v1/products/mug/stock", nil)
	s.does("listProduct", 200, "/v1/products/mug/list", nil)
	s.does("getProduct", 200, "/v1/products/mug", nil)

	s.does("listPrices", 200, "/v1/prices", nil)
	s.does("quoteOrder", 200, "/v1/quotes", nil)
	bought := s.order(s.does("placeOrder", 201, "/v1/orders", nil))
	offer := s.does("openPayment", 201, "/v1/orders/"+bought.ID+"/payment", nil)
	page := shoptest.Offer{RedirectURL: offer["redirectUrl"].(string)}
	shop.Choose(t, page, "pay")
	shop.Await(t, bought.ID, order.StatusAwaitingShipment)
	s.tells("evt-paid", changes{"data": changes{"orderId": bought.ID, "paymentId": offer["paymentId"]}})
	s.does("getOrder", 200, "/v1/orders/"+bought.ID, nil)
	s.does("refundOrder", 201, "/v1/orders/"+bought.ID+"/refunds", nil, "status") // it may be in progress already
	shop.AwaitRefund(t, bought.ID, offer["paymentId"].(string), order.RefundPaid)
	s.does("getPayment", 200, "/v1/orders/"+bought.ID+"/payment", nil)
	parcel := s.goesOut(bought.ID)
	s.does("deliverOrder", 200, "/v1/orders/"+bought.ID+"/deliver", nil)
	s.comesBack(bought.ID)

	s.tells("evt-unknown", changes{"data": changes{"orderId": "unknown", "paymentId": "pay-unknown"}})
	refund := s.listed("listRefunds", "/v1/refunds?status=case", has(1))
	s.does("decideRefund", 200, "/v1/refunds/decide", changes{"refundId": refund["id"]})
	s.does("getRefund", 200, "/v1/refunds/pay-unknown/"+refund["id"].(string), nil)

	shop.Choose(t, page, "dispute")
	dispute := s.listed("listDisputes", "/v1/disputes", has(1))
	dismissed := s.does("dismissDispute", 200, "/v1/disputes/dismiss", changes{"disputeId": dispute["id"]})

	s.scans("msg-1")
	scan := s.listed("listUnmatchedScans", "/v1/carriers/unmatched", has(1))
	assigned := changes{"orderId": bought.ID, "packageId": parcel}
	s.does("assignScan", 204, "/v1/carriers/unmatched/"+scan["id"].(string)+"/assign", assigned)

	s.listed("listOrders", "/v1/orders?status=delivered", func(found []item) bool {
		return len(found) == 1 && s.caughtUp(found[0], dismissed["dismissedAt"], 2500)
	})
	s.listed("listPackages", "/v1/packages?node=delivered", has(1))
	s.listed("listProductEvents", "/v1/products/mug/events?type=stock.adjusted&type=hold.made", has(2))
	s.listed("searchProducts", "/v1/products?q=mug", func(found []item) bool {
		return len(found) == 1 && found[0]["available"] == 57.0
	})
	s.listed("suggestProducts", "/v1/products/suggest?q=enam", has(1))

	dropped := s.order(s.does("placeOrder", 201, "/v1/orders", nil))
	s.does("cancelOrder", 200, "/v1/orders/"+dropped.ID+"/cancel", nil)
	s.counted()

	hooks := "/v1/webhooks/" + hook["id"].(string)
	s.does("listWebhooks", 200, "/v1/webhooks", nil)
	s.does("getWebhook", 200, hooks, nil)
	s.does("updateWebhook", 200, hooks, changes{"url": receiver.URL})
	s.does("rotateWebhook", 200, hooks+"/rotate", nil)
	s.awaitItems(hooks+"/deliveries?limit=2", has(2)) // so that the first page isn't the last
	sent := s.listed("listWebhookDeliveries", hooks+"/deliveries?limit=1", func(found []item) bool {
		return len(found) == 1 && found[0]["status"] == "delivered"
	}, "type")
	s.listed("listOrderDeliveries", "/v1/orders/"+dropped.ID+"/deliveries", func(found []item) bool {
		return len(found) == 3 && !slices.ContainsFunc(found, func(d item) bool { return d["status"] != "delivered" })
	}, "webhookId", "host", "type")
	s.does("replayWebhookDelivery", 202, hooks+"/deliveries/"+sent["id"].(string)+"/replay", nil)
	s.does("testWebhook", 202, hooks+"/test", nil)
	s.does("removeWebhook", 204, hooks, nil)

	s.does("putProducts", 200, "/v1/products/bulk", nil)
	s.does("adjustStocks", 200, "/v1/stock/bulk", nil)
	s.does("patchProduct", 200, "/v1/products/mug", nil, "description", "onHand", "held", "available")

	s.does("putCustomer", 201, "/v1/customers/ada", nil)
	s.does("getCustomer", 200, "/v1/customers/ada", nil)
	s.does("listCustomers", 200, "/v1/customers", nil)
	s.does("patchCustomer", 200, "/v1/customers/ada", nil, "level", "newsletter")
	s.does("putOwnCustomer", 201, "/v1/customers/me", nil)
	s.does("getOwnCustomer", 200, "/v1/customers/me", nil)
	s.does("patchOwnCustomer", 200, "/v1/customers/me", nil)
	s.does("eraseCustomer", 202, "/v1/customers/ada/erase", nil)
	s.does("getErasure", 200, "/v1/customers/ada/erase", nil, "erased", "open", "status")

	s.does("checkPriceBook", 200, "/v1/price-book/check", nil)
	s.does("publishPriceBook", 201, "/v1/price-book", nil)
	s.does("getPriceBook", 200, "/v1/price-book", nil)
	s.does("getPriceBookVersion", 200, "/v1/price-book/versions/1", nil)
	s.does("listShippingMethods", 200, "/v1/shipping-methods", nil)
	s.does("listPriceBookVersions", 200, "/v1/price-book/versions", nil)
	s.does("createGuest", 201, "/v1/guests", nil, "customerId", "token")

	s.does("putCoupon", 201, "/v1/coupons/spring", nil, "termsVersion")
	s.does("getCoupon", 200, "/v1/coupons/spring", nil, "termsVersion")
	s.does("endCoupon", 200, "/v1/coupons/spring/end", nil, "termsVersion")
	s.does("listCoupons", 200, "/v1/coupons", nil)

	s.rules()

	s.audited(st.RedisURL)
	s.does("latestAudit", 200, "/v1/audits/latest", nil)

	s.does("delistProduct", 202, "/v1/products/mug/delist", nil)
	s.does("problemType", 200, "/problems/insufficient-stock", nil)
	s.does("healthz", 200, "/healthz", nil)
	s.does("readyz", 200, "/readyz", nil)
	s.does("version", 200, "/v1/version", nil)
	s.does("metrics", 200, "/metrics", nil)
	require.Empty(t, s.untold(), "calls that are not in the story")
}

// caughtUp reports whether the view shows what was refunded of an order, and what was last recorded beside it.
func (s *story) caughtUp(o item, recorded any, refunded float64) bool {
	s.Helper()
	var at [2]time.Time
	for i, text := range []any{o["updatedAt"], recorded} {
		var err error
		at[i], err = time.Parse(time.RFC3339, text.(string))
		require.NoError(s, err)
	}
	return !at[0].Before(at[1].Truncate(time.Millisecond)) && o["amounts"].(map[string]any)["refunded"] == refunded
}

// goesOut is the part of the story in which an order is redirected, held, packed and reported. It returns
// the id of its package.
func (s *story) goesOut(orderID string) string {
	s.Helper()
	path := "/v1/orders/" + orderID
	s.does("changeAddress", 200, path+"/address", nil)
	s.does("holdOrder", 200, path+"/hold", nil)
	s.does("releaseOrder", 200, path+"/release", nil)
	wrong := s.made(path+"/packages", changes{"items": []any{changes{"lineId": "2", "quantity": 1}}})
	s.does("undoPackage", 204, path+"/packages/"+wrong, nil)
	id := s.does("packOrder", 201, path+"/packages", nil)["id"].(string)
	parcel := path + "/packages/" + id
	s.does("correctPackage", 200, parcel, nil)
	s.does("reportEvents", 200, parcel+"/events", nil)
	s.does("strikeEvent", 200, parcel+"/strike", nil)
	s.reports(parcel, changes{"id": "scan-3", "mark": "lost", "occurredAt": time.Now().UTC()})
	s.does("resolvePackage", 200, parcel+"/resolve", nil)

	s.reports(parcel, changes{"id": "scan-4", "node": "out_for_delivery", "occurredAt": time.Now().UTC().Add(time.Hour)})
	alerts := s.shop.Order(s, orderID).Alerts
	require.Len(s, alerts, 1)
	s.does("dismissAlert", 200, path+"/alerts/"+alerts[0].ID+"/dismiss", nil)
	return id
}

// counted counts orders once the index knows that one was cancelled. Its hour may be the next one.
func (s *story) counted() {
	s.Helper()
	const path = "/v1/orders/counts?hours=1"
	shoptest.Until(s, path, func(ctx context.Context) error {
		a, err := s.shop.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: path})
		if err == nil && !bytes.Contains(a.Body, []byte(`"cancelled":1`)) {
			err = fmt.Errorf("%s", a.Body)
		}
		return err
	})
	s.does("countOrders", http.StatusOK, path, nil, "hours")
}

// comesBack is the part of the story in which delivered units are sent back.
func (s *story) comesBack(orderID string) {
	s.Helper()
	path := "/v1/orders/" + orderID + "/returns"
	back := path + "/" + s.does("openReturn", 201, path, nil)["id"].(string)
	s.does("approveReturn", 200, back+"/approve", nil)
	s.does("receiveReturn", 200, back+"/receive", nil)
	declined := s.made(path, changes{"lines": []any{changes{"lineId": "2", "quantity": 1, "reason": "Changed my mind"}}})
	s.does("declineReturn", 200, path+"/"+declined+"/decline", nil)
}

// rules is the part of the story in which the shop gets a rule of its own.
func (s *story) rules() {
	s.Helper()
	s.does("createCommand", 201, "/v1/commands", nil)
	s.does("tryCommand", 200, "/v1/commands/try", nil)
	s.does("putCommand", 201, "/v1/commands/bulk-discount", nil)
	s.does("getCommand", 200, "/v1/commands/bulk-discount", nil)
	s.does("listCommands", 200, "/v1/commands?limit=1", nil)
	s.does("listCommandVersions", 200, "/v1/commands/bulk-discount/versions", nil)
	s.does("getCommandVersion", 200, "/v1/commands/bulk-discount/versions/1", nil)
	s.does("putDraft", 200, "/v1/scenarios/price/draft", nil)
	s.does("getDraft", 200, "/v1/scenarios/price/draft", nil)
	s.does("tryChain", 200, "/v1/scenarios/price/try", nil)
	s.does("publishChain", 201, "/v1/scenarios/price/publish", nil)
	s.does("rollbackChain", 200, "/v1/scenarios/price/rollback", nil)
	s.does("listChainVersions", 200, "/v1/scenarios/price/versions", nil)
	s.does("getChainVersion", 200, "/v1/scenarios/price/versions/1", nil)
	s.does("listScenarios", 200, "/v1/scenarios", nil)
}

// audited stores the report of the example, as an audit would.
func (s *story) audited(redisURL string) {
	s.Helper()
	response := part(s.all["latestAudit"].about, "responses", "200")
	var report audit.Stored
	require.NoError(s, json.Unmarshal(shoptest.JSON(s, s.examples("latestAudit", part(response, "content"))[0]), &report))
	rdb, err := redisdb.Open(s.Context(), redisURL)
	require.NoError(s, err)
	defer func() { _ = rdb.Close() }() // nothing is lost
	require.NoError(s, audits.New(rdb).Put(s.Context(), report))
}

// reports sends a message about a package that is in no example.
func (s *story) reports(parcel string, event changes) {
	s.Helper()
	s.shop.Must(s, http.StatusOK, shoptest.Call{
		Method: http.MethodPost, Path: parcel + "/events", Body: shoptest.JSON(s, changes{"events": []any{event}}),
	})
}

// made makes something that is in no example, and returns its id.
func (s *story) made(path string, body changes) (id string) {
	s.Helper()
	var o struct{ ID string }
	s.shop.Must(s, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: path, Key: "made", Body: shoptest.JSON(s, body)}).Into(s, &o)
	return o.ID
}

type (
	changes = map[string]any
	item    = map[string]any
)

func has(n int) func([]item) bool { return func(found []item) bool { return len(found) == n } }

// story is the contract, whose operations are called one by one.
type story struct {
	testing.TB
	shop *shoptest.Shop
	doc  map[string]any
	all  map[string]operation
	done map[string]int
}

type operation struct {
	method string
	about  map[string]any
}

func newStory(t testing.TB, shop *shoptest.Shop) *story {
	t.Helper()
	s := &story{TB: t, shop: shop, all: map[string]operation{}, done: map[string]int{}}
	a := shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/openapi.yaml"})
	raw, err := yaml.YAMLToJSON(a.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &s.doc))
	for _, item := range part(s.doc, "paths") {
		for method, about := range item.(map[string]any) {
			if about, ok := about.(map[string]any); ok {
				s.all[about["operationId"].(string)] = operation{strings.ToUpper(method), about}
			}
		}
	}
	return s
}

// part descends into a document.
func part(doc map[string]any, path ...string) map[string]any {
	for _, name := range path {
		doc, _ = doc[name].(map[string]any)
	}
	return doc
}

// resolve follows a reference, if it is one.
func (s *story) resolve(doc map[string]any) map[string]any {
	if ref, ok := doc["$ref"].(string); ok {
		return part(s.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return doc
}

// examples are those of the content, or otherwise those of its schema; none if there is no
// content.
func (s *story) examples(what string, content map[string]any) (all []any) {
	s.Helper()
	if content == nil {
		return nil
	}
	_, media := mediaOf(content)
	for _, e := range part(media, "examples") {
		all = append(all, s.resolve(e.(map[string]any))["value"])
	}
	if e, ok := media["example"]; ok {
		all = append(all, e)
	}
	if len(all) > 0 {
		return all
	}
	e, ok := s.resolve(part(media, "schema"))["example"]
	require.True(s, ok, "%s has no example", what)
	return []any{e}
}

// mediaOf returns the media type whose examples count, and what the contract says of it.
func mediaOf(content map[string]any) (string, map[string]any) {
	for _, media := range []string{"application/json", "application/merge-patch+json", linesType, "text/plain"} {
		if about, ok := content[media].(map[string]any); ok {
			return media, about
		}
	}
	return "", nil
}

const linesType = "application/jsonl"

// request is the example of the operation's body, with the necessary changes.
func (s *story) request(op string, about map[string]any, with changes) []byte {
	s.Helper()
	examples := s.examples(op+"'s body", part(about, "requestBody", "content"))
	if len(examples) == 0 {
		return nil
	}
	if lines, ok := examples[0].([]any); ok {
		var body []byte
		for _, line := range lines {
			body = append(append(body, shoptest.JSON(s, line)...), '\n')
		}
		return body
	}
	body := examples[0].(map[string]any)
	replace(s, body, with)
	return shoptest.JSON(s, body)
}

func replace(t testing.TB, body map[string]any, with changes) {
	t.Helper()
	for name, value := range with {
		require.Contains(t, body, name, "the example lacks what the call needs")
		if inner, ok := value.(changes); ok {
			replace(t, body[name].(map[string]any), inner)
			continue
		}
		body[name] = value
	}
}

// does sends the operation's example, and compares the answer with its example, except for
// loose fields.
func (s *story) does(op string, status int, path string, with changes, loose ...string) map[string]any {
	s.Helper()
	o, ok := s.all[op]
	require.True(s, ok, op)
	s.done[op]++
	c := shoptest.Call{Method: o.method, Path: path, Key: fmt.Sprint(op, s.done[op]), Body: s.request(op, o.about, with)}
	if media, _ := mediaOf(part(o.about, "requestBody", "content")); media != "" {
		c.Header = http.Header{"Content-Type": {media}}
	}
	a := s.shop.Must(s, status, c)
	return s.compare(op, o, status, a, loose)
}

// listed is does for a list, once the index has caught up; it returns the first item.
func (s *story) listed(op, path string, caughtUp func([]item) bool, loose ...string) item {
	s.Helper()
	found := s.awaitItems(path, caughtUp)
	s.does(op, http.StatusOK, path, nil, loose...)
	return found[0]
}

// awaitItems returns the items of a list once they are as wanted.
func (s *story) awaitItems(path string, wanted func([]item) bool) []item {
	s.Helper()
	var list struct{ Items []item }
	shoptest.Until(s, path, func(ctx context.Context) error {
		list.Items = nil // what is decoded into the maps of the last try would keep their fields
		a, err := s.shop.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: path})
		if err == nil {
			err = json.Unmarshal(a.Body, &list)
		}
		if err == nil && !wanted(list.Items) {
			err = fmt.Errorf("%s", a.Body)
		}
		return err
	})
	return list.Items
}

// tells sends the example of a provider's callback, signed.
func (s *story) tells(event string, with changes) {
	s.Helper()
	s.done["paymentCallback"]++
	c, err := s.shop.Signed(event, s.request("paymentCallback", s.all["paymentCallback"].about, with))
	require.NoError(s, err)
	s.shop.Must(s, http.StatusNoContent, c)
}

// scans sends the example of a carrier's callback, signed.
func (s *story) scans(message string) {
	s.Helper()
	s.done["carrierCallback"]++
	adapter, err := parcels.New(stack.DefaultCarrierSecret)
	require.NoError(s, err)
	body := s.request("carrierCallback", s.all["carrierCallback"].about, nil)
	header, err := adapter.Sign(message, time.Now(), body)
	require.NoError(s, err)
	s.shop.Must(s, http.StatusNoContent, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/carriers/sandbox/callbacks", Header: header, Body: body,
	})
}

func (s *story) order(o map[string]any) (read order.Order) {
	s.Helper()
	require.NoError(s, json.Unmarshal(shoptest.JSON(s, o), &read))
	return read
}

func (s *story) compare(op string, o operation, status int, a shoptest.Answer, loose []string) map[string]any {
	s.Helper()
	response := s.resolve(part(o.about, "responses", strconv.Itoa(status)))
	require.NotNil(s, response, "%s doesn't say that it answers %d", op, status)
	examples := s.examples(op+"'s answer", part(response, "content"))
	if len(examples) == 0 {
		require.Empty(s, a.Body, op)
		return nil
	}
	if text, ok := examples[0].(string); ok {
		line, _, _ := strings.Cut(text, "\n")
		require.Contains(s, string(a.Body), line+"\n", op)
		return nil
	}
	if lines, ok := examples[0].([]any); ok {
		var got []any
		for line := range bytes.Lines(a.Body) {
			var v any
			require.NoError(s, json.Unmarshal(line, &v))
			got = append(got, v)
		}
		require.Empty(s, differences(op, lines, got, slices.Concat(fleeting, loose)), "%s", a.Body)
		return nil
	}
	var got map[string]any
	a.Into(s, &got)
	var wrong []string
	for _, want := range examples {
		if wrong = differences(op, want, got, slices.Concat(fleeting, loose)); wrong == nil {
			return got
		}
	}
	require.Empty(s, wrong, "no example of %s is what is answered, which is %s", op, a.Body)
	return nil
}

// untold are the operations that were not called.
func (s *story) untold() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.all)), func(op string) bool { return s.done[op] > 0 })
}

// fleeting are the fields that no two runs share, beside times.
var fleeting = []string{
	"id", "orderId", "paymentId", "providerId", "productVersion", "nextCursor", "secret", "redirectUrl", "url", "workflowId",
	"durationMs", "version", "requestId", "deliveryId",
}

// differences describes where an answer differs from its example. For loose fields only the
// type counts.
func differences(at string, want, got any, loose []string) (all []string) {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))) {
			return []string{at + ": other fields"}
		}
		for name := range want {
			switch {
			case !slices.Contains(loose, name):
				all = append(all, differences(at+"."+name, want[name], got[name], loose)...)
			case fmt.Sprintf("%T", want[name]) != fmt.Sprintf("%T", got[name]):
				all = append(all, at+"."+name+": another type")
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(want) != len(got) {
			return []string{at + ": another length"}
		}
		for i := range want {
			all = append(all, differences(fmt.Sprintf("%s[%d]", at, i), want[i], got[i], loose)...)
		}
	default:
		if want != got && (!isTime(want) || !isTime(got)) {
			return []string{fmt.Sprintf("%s: %v is %v", at, want, got)}
		}
	}
	return all
}

func isTime(v any) bool {
	text, _ := v.(string)
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}
