package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/coupon"
	"holdfast/customer"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/search"
)

// rolesOf returns the roles of the caller, as the gateway recognizes them.
func (g *gateway) rolesOf(k call) []api.Role {
	if g.cfg.Identity == nil {
		return []api.Role{api.RoleOperator}
	}
	_, token, _ := strings.Cut(k.header.Get("Authorization"), " ")
	caller, err := g.cfg.Identity.Verify(g.t.Context(), token)
	if err != nil {
		return nil
	}
	return caller.Roles
}

// requireReadableBy holds an answer against the contract's x-roles of fields: every
// answer in these tests is checked.
func (g *gateway) requireReadableBy(caller []api.Role, o *openapi3.Operation, a answer) {
	g.t.Helper()
	allowed, _ := o.Extensions["x-roles"].([]any)
	isStaffHere := func(role api.Role) bool { return role.Staff() && slices.Contains(allowed, any(string(role))) }
	if slices.ContainsFunc(caller, isStaffHere) {
		return
	}
	forStaff := map[string]bool{}
	walkFields("", responseSchema(o, a.status), func(path string, s *openapi3.Schema) {
		if roles, ok := s.Extensions["x-roles"]; ok {
			require.Equal(g.t, []any{"staff"}, roles, path)
			forStaff[path] = true
		}
	})
	for path := range fieldsOf(g.t, a.body) {
		require.False(g.t, forStaff[path], "%s is shown to %q: %s", path, caller, a.body)
	}
}

func responseSchema(o *openapi3.Operation, status int) *openapi3.Schema {
	r := o.Responses.Status(status)
	if r == nil || r.Value.Content.Get("application/json") == nil {
		return nil
	}
	return r.Value.Content.Get("application/json").Schema.Value
}

// walkFields visits every field that a schema names, by a path such as
// variants[].onHand.
func walkFields(path string, s *openapi3.Schema, visit func(string, *openapi3.Schema)) {
	if s == nil {
		return
	}
	if s.Items != nil {
		walkFields(path+"[]", s.Items.Value, visit)
	}
	for name, p := range s.Properties {
		at := strings.TrimPrefix(path+"."+name, ".")
		visit(at, p.Value)
		walkFields(at, p.Value, visit)
	}
}

// fieldsOf returns the paths of all fields in a response.
func fieldsOf(t testing.TB, body []byte) map[string]bool {
	t.Helper()
	var v any
	if len(body) == 0 || json.Unmarshal(body, &v) != nil {
		return nil
	}
	found := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(path+"[]", item)
			}
		case map[string]any:
			for name, member := range v {
				at := strings.TrimPrefix(path+"."+name, ".")
				found[at] = true
				walk(at, member)
			}
		}
	}
	walk("", v)
	return found
}

const staffName = "eve-of-support"

// window is a shop in which staff have changed everything: it has a product of each status, and
// orders of Ada's with everything that an order can show.
type window struct {
	*gateway
	t testing.TB
	// paid was placed by staff, paid, refunded in part and delivered by staff; own was
	// placed and cancelled by Ada, ended by staff, rejected was refused, shipped is delivered and has
	// everything that an order's goods can have.
	paid, own, ended, rejected, shipped string
}

func (w window) as(role api.Role, method, path string, body any) answer {
	w.t.Helper()
	k := call{method: method, path: path, body: body}
	switch {
	case role == api.RoleCustomer:
		k = k.as(w.t, "ada", role)
	case role != "":
		k = k.as(w.t, staffName, role)
	}
	return w.do(k)
}

func newWindow(t testing.TB) window {
	w := window{gateway: asking(t), t: t}
	ok := func(a answer, status int) answer {
		t.Helper()
		require.Equal(t, status, a.status, "%s", a.body)
		return a
	}
	for _, id := range []string{"mug", "draft", "gone"} {
		spec := map[string]any{
			"title": "Title of " + id, "description": "d", "brand": "b", "category": "c", "tags": []string{"t"}, "image": "/i.png",
			"attributes": map[string]string{"a": "b"}, "maxPerOrder": 50,
			"externalReference": "ERP-" + id, "metadata": map[string]string{"supplier": "s"}, "currency": "EUR", "status": "listed",
			"variants": []line{{"sku": "one", "title": "One", "price": 1000, "stock": 7}, {"sku": "two", "title": "Two", "price": 1000, "stock": 1}},
		}
		if id == "draft" {
			spec["status"], spec["currency"] = "draft", "USD"
		}
		ok(w.as(api.RoleOperator, http.MethodPut, "/v1/products/"+id, spec), http.StatusCreated)
	}
	address := map[string]string{
		"recipient": "Ada", "phone": "1", "email": "e", "line1": "1", "line2": "2", "city": "c", "region": "r", "postalCode": "p", "country": "GB",
	}
	lines := []line{{"productId": "mug", "sku": "one", "quantity": 1}, {"productId": "gone", "sku": "one", "quantity": 1}}
	place := func(role api.Role) string {
		return ok(w.as(role, http.MethodPost, "/v1/orders", map[string]any{
			"customerId": "ada", "lines": lines, "address": address,
			"externalReference": "SO-1", "metadata": map[string]string{"a": "b"},
		}), 201).order(t).ID
	}
	w.paid, w.own, w.ended, w.rejected = place(api.RoleOperator), place(api.RoleCustomer), place(api.RoleCustomer), place(api.RoleCustomer)
	w.shipped = place(api.RoleCustomer)
	ok(w.as(api.RoleOperator, http.MethodPost, "/v1/orders", map[string]any{ // the last one, which may come back
		"customerId": "carl", "lines": []line{{"productId": "mug", "sku": "two", "quantity": 1}},
	}), 201)
	require.Equal(t, http.StatusNoContent, w.callback(success(w.paid, "p-1", 2000)).status)
	ok(w.as(api.RoleOperator, http.MethodPost, "/v1/orders/"+w.paid+"/deliver", nil), 200)
	ok(w.as(api.RoleCustomer, http.MethodPost, "/v1/orders/"+w.own+"/cancel", nil), 200)
	ok(w.as(api.RoleOperator, http.MethodPost, "/v1/orders/"+w.ended+"/cancel", map[string]string{"reason": "operator"}), 200)
	w.reject()
	w.explain()
	w.ship()
	require.NoError(t, w.stock.Delist(t.Context(), "gone", 1))
	w.refund()
	for _, id := range w.orders() {
		w.index.orders = append(w.index.orders, w.viewOf(id))
	}
	h := hit("mug")
	at := time.Now()
	h.Description, h.Brand, h.Category, h.Tags, h.Image, h.Attributes = "d", "b", "c", []string{"t"}, "/i.png", map[string]string{"a": "b"}
	h.ExternalReference = "ERP-mug"
	h.CreatedAt, h.UpdatedAt, h.Highlights = at, at, map[string][]string{"title": {"x"}, "description": {"y"}}
	w.index.products = []search.ProductHit{h}
	for _, id := range []string{"ada", staffName} {
		w.know(id)
	}
	for code, action := range map[string]price.Action{
		"AMOUNT": {Amount: 1, Currency: "EUR"}, "RATE": {Rate: 1}, "SHIPPING": {FreeShipping: true},
	} {
		w.putCoupon(code, coupon.Spec{
			Window:  price.Window{StartsAt: at, EndsAt: at.Add(time.Hour)},
			Minimum: &price.Money{Amount: 1, Currency: "EUR"}, Scope: &price.Scope{Categories: []string{"a"}, Tags: []string{"b"}, Products: []string{"c"}},
			Action: action, Limit: 1, PerCustomer: 1,
		})
	}
	w.erase("bob")
	require.NoError(t, w.audits.Put(t.Context(), wholeAudit(at)))
	values := []search.FacetValue{{Value: "v", Count: 1}}
	w.index.facets = search.Facets{Category: values, Brand: values, Tag: values}
	w.index.suggests = search.Suggestions{Products: []search.Product{h.Product}, Terms: []search.Term{{Text: "t", Kind: "word", Count: 1}}}
	return w
}

// reject has the order rejected by its saga, as if the availability read had failed.
func (w window) reject() {
	w.t.Helper()
	price := int64(9)
	at := time.Now()
	o := w.temporal.sagas["order/"+w.rejected].order
	o.RefusedCoupons = []order.CouponRefusal{{Code: "C", Reason: order.CouponReasonUsedUp}}
	o.Reject(order.Reason(product.ReasonNotListed), []order.Shortage{
		{ProductID: "gone", SKU: "one", Requested: 1, Reason: product.ReasonNotListed},
		{ProductID: "gone", SKU: "one", Requested: 1, Reason: product.ReasonOtherCurrency},
		{ProductID: "mug", SKU: "one", Requested: 1, Available: 3, Reason: product.ReasonPriceChanged, CurrentPrice: &price, Limit: 4},
	}, at)
	doc, err := json.Marshal(o)
	require.NoError(w.t, err)
	require.NoError(w.t, w.docs.Put(w.t.Context(), order.Record{
		OrderID: o.ID, CustomerID: "ada", Status: o.Status, Version: o.Version, Doc: doc, PlacedAt: o.PlacedAt,
	}))
}

// explain gives an order a price that follows from everything that there is.
func (w window) explain() {
	w.t.Helper()
	o := w.temporal.sagas["order/"+w.own].order
	total := int64(1)
	off := []order.Adjustment{{Kind: order.AdjustmentLevel, Source: "1", Version: 1, Amount: -1}}
	o.Lines[0].GiftFor = order.GiftForOrder
	o.Commands = &order.Commanded{
		Chains: map[order.Scenario]int64{order.ScenarioSubmit: 1}, Gifts: []order.Gift{{Cause: "1", Command: "gift", Version: 1}},
		Tags: []string{"t"}, Notes: []order.Note{{Command: "c", Version: 1, Text: "t"}},
		Review: &order.Review{Command: "c", Version: 1, Reason: "r"}, Changed: 1,
		Changes: []order.FieldChange{{
			Scenario: order.ScenarioSubmit, Command: "c", Version: 1, Path: "/tags/-", Before: "b", After: "a", At: time.Now(),
		}},
	}
	o.Lines[0].LinePrice = order.LinePrice{Adjustments: off, Net: 1, Tax: 1, Total: &total}
	o.Pricing = &order.Pricing{
		QuotedAt: time.Now(), Book: &order.BookVersion{Number: 1, Hash: "h"}, Level: 1, TaxIncluded: true, Step: 1,
		Destination: &order.Destination{Country: "GB", Region: "r", AnyRegion: true},
		Coupons:     []order.QuotedCoupon{{Code: "C", Version: 1, Amount: 1, Limited: true}},
		Shipping:    &order.Shipping{MethodID: "m", Title: "t", Price: 1, Adjustments: off, Net: 1, Tax: 1, Total: 1},
		Taxes:       []order.TaxSum{{Class: "c", Country: "GB", Region: "r", Rate: 1, Net: 1, Tax: 1}},
	}
	for _, name := range []string{order.AmountDiscount, order.AmountShipping, order.AmountTax, order.AmountIncludedTax} {
		o.Amounts[name] = 1
	}
	doc, err := json.Marshal(o)
	require.NoError(w.t, err)
	require.NoError(w.t, w.docs.Put(w.t.Context(), order.Record{
		OrderID: o.ID, CustomerID: "ada", Status: o.Status, Version: o.Version + 1, Doc: doc, PlacedAt: o.PlacedAt,
	}))
}

func (w window) orders() []string { return []string{w.paid, w.own, w.ended, w.rejected, w.shipped} }

// ship stores an order with everything that can become of its goods, in one document.
func (w window) ship() {
	w.t.Helper()
	at := time.Now()
	stored, err := w.docs.ReadMany(w.t.Context(), []string{w.shipped})
	require.NoError(w.t, err)
	var o order.Order
	require.NoError(w.t, json.Unmarshal(stored[0].Doc, &o))
	o.Pay(order.PaymentEvent{Provider: "sandbox", PaymentID: "p-2", Amount: 2000, OccurredAt: at}, at)
	o.Fulfil(at)
	first := []order.LineUnits{{LineID: "1", Quantity: 1}}
	require.NoError(w.t, o.Change("packed", staffName, at, nil, func(f *order.Fulfilment) error {
		for _, id := range []string{"undone", "sent"} {
			require.NoError(w.t, f.Pack(order.Package{
				ID: id, Carrier: "sandbox", Service: "express", Courier: "Post", EstimatedDelivery: at, TrackingNumbers: []string{"EX1"},
				Items: first, Address: o.Address, CreatedAt: at, Fingerprint: "fingerprint-of-a-package",
			}))
			if id == "undone" {
				require.NoError(w.t, f.RemovePackage(id, at))
			}
		}
		return nil
	}))
	for i, e := range []order.PackageEvent{
		{Node: order.NodeDelivered, Actor: staffName, Detail: "words of " + staffName},
		{Node: order.NodeInTransit, Actor: "carrier:sandbox", Detail: "arrived at the depot"},
		{Mark: order.MarkLost, Actor: staffName},
		{Mark: order.MarkDelayed, Actor: staffName},
	} {
		e.ID, e.OccurredAt, e.RecordedAt = fmt.Sprint("e-", i), at.Add(time.Duration(i)), at
		require.Equal(w.t, order.TakenNew, o.Report("sent", e, at))
	}
	o.Raise(order.Alert{Rule: "rule_to_come", PackageID: "sent", LineID: "1", EventID: "e-0", ID: "alert-1", Detail: "about " + staffName})
	require.NoError(w.t, o.Change("struck", staffName, at, nil, func(f *order.Fulfilment) error {
		require.NoError(w.t, f.Strike("sent", "e-0"))
		f.Removals = []order.Removal{{
			ID: "c", Lines: first, Reason: order.ReasonFraud, Actor: staffName, Note: "by " + staffName, At: at, Refund: 1, Fingerprint: "f",
		}}
		f.Returns = []order.Return{{
			ID: "r", Status: order.ReturnReceived, Lines: []order.ReturnLine{{LineUnits: first[0], Reason: "small"}},
			Received:  []order.ReceivedUnits{{LineUnits: first[0], Condition: order.ConditionDamaged}},
			PackageID: "sent", Refund: 1, Actor: staffName, Note: "by " + staffName, Fingerprint: "f", ReceiptFingerprint: "f", CreatedAt: at, UpdatedAt: at,
		}}
		f.Dismissed = []string{"alert-0"}
		f.Brake = &order.Brake{At: at, Actor: staffName, Note: "by " + staffName}
		return nil
	}))
	p := o.Package("sent")
	p.Struck[0].Mark, p.Struck[0].Resolved = order.MarkDelayed, true
	o.Floor = order.NodeLeftWarehouse
	p.Events[1].Resolved, p.AddressChange = true, order.AddressTooLate
	p.Resolution = &order.Resolution{ID: "s", Action: order.ResolveFound, At: at, Actor: staffName, Note: "by " + staffName, Refund: 1}
	o.Addresses = []order.AddressEntry{{Address: o.Address, Until: at, Actor: staffName, Note: "by " + staffName}}
	o.ReturnBy, o.ClosedAt = at, at
	l := &o.Lines[0]
	l.Removed, l.Restocked, l.Damaged = 1, 1, 1
	rec, err := order.NewRecord(&o, nil)
	require.NoError(w.t, err)
	// No order that has all the rest says so.
	rec.Doc = bytes.Replace(rec.Doc, []byte(`{`), fmt.Appendf(nil, `{"erasedAt":%q,`, at.Format(time.RFC3339)), 1)
	require.NoError(w.t, w.docs.Put(w.t.Context(), rec))
	for reason, id := range map[order.RefundReason]string{order.RefundPartCancelled: "c", order.RefundReturned: "r", order.RefundLost: "s"} {
		r := order.RefundOfPart(order.PaymentEvent{Provider: "sandbox", PaymentID: "p-2", OrderID: o.ID, Currency: "EUR"}, reason, id, 1)
		r.Status, r.Version = order.RefundPaid, 1
		doc, err := json.Marshal(r)
		require.NoError(w.t, err)
		require.NoError(w.t, w.docs.PutRefund(w.t.Context(), o.ID, r.PaymentID, r.ID, doc))
	}
}

// know writes a customer with everything that is known about one.
func (w window) know(id string) {
	w.t.Helper()
	address := order.Address{Recipient: "Ada", Phone: "1", Email: "e", Line1: "1", Line2: "2", City: "c", Region: "r", PostalCode: "p", Country: "GB"}
	_, _, err := w.customers.Put(w.t.Context(), customer.Change{
		ID: id, At: time.Now(),
		Profile: &customer.Profile{
			Name: "Ada", Email: "ada@example.com", Phone: "1", Addresses: []customer.Address{{ID: "home", Address: address}}, DefaultAddress: "home",
		},
		Standing: &customer.Standing{Level: 1, Attachments: product.Attachments{ExternalReference: "CRM-1", Metadata: product.Metadata{"a": "b"}}},
	})
	require.NoError(w.t, err)
}

// erase records an erasure that is completed.
func (w window) erase(id string) {
	w.t.Helper()
	at := time.Now()
	_, err := w.customers.Erase(w.t.Context(), id, at)
	require.NoError(w.t, err)
	require.NoError(w.t, w.customers.Erasing(w.t.Context(), customer.Erasure{CustomerID: id, RequestedAt: at, Erased: 1, CompletedAt: at}))
}

// refund records a refund of the paid order by staff, with a note, and a dispute.
func (w window) refund() {
	w.t.Helper()
	paid := success(w.paid, "p-1", 2000)
	paid.Provider, paid.OccurredAt = "sandbox", time.Now()
	taken, err := order.EncodePayments(map[string]order.Attempt{paid.Key(): order.NewAttempt(paid, true)})
	require.NoError(w.t, err)
	require.NoError(w.t, w.docs.PutAsked(w.t.Context(), w.paid, taken))
	for _, r := range []order.Refund{{
		ID: "part:sandbox:r", Amount: 300, Shortfall: 100, PaymentAmount: 2000, Reason: order.RefundRequested, Status: order.RefundPaid, Actor: staffName,
		Note: "note of " + staffName, Detail: "said by " + staffName, DueAt: time.Now(), PaidAt: time.Now(), ProviderID: "re_1",
		Decisions: []order.RefundDecision{{Choice: "refund", OrderID: w.paid, Actor: staffName, At: time.Now()}},
	}, {
		ID: order.FullRefund("sandbox", w.paid), Amount: 2000, Reason: order.RefundDouble, Status: order.RefundNotOwed, Actor: "ada", DueAt: time.Now(),
	}} {
		r.PaymentID, r.OrderID, r.Provider, r.Currency, r.Version = "p-1", w.paid, "sandbox", "EUR", 1
		doc, err := json.Marshal(r)
		require.NoError(w.t, err)
		require.NoError(w.t, w.docs.PutRefund(w.t.Context(), w.paid, "p-1", r.ID, doc))
	}
	d := order.Dispute{
		ID: "dp_1", Provider: "sandbox", PaymentID: "p-1", OrderID: w.paid, Amount: 2000, Currency: "EUR", Reason: "fraudulent",
		Status: order.DisputeLost, DueBy: time.Now(), Funds: order.DisputeFundsWithdrawn, OccurredAt: time.Now(), FundsAt: time.Now(),
		Version: 1, DismissedAt: time.Now(), DismissedBy: staffName,
	}
	disputed, err := json.Marshal(d)
	require.NoError(w.t, err)
	require.NoError(w.t, w.docs.PutDispute(w.t.Context(), w.paid, d.Provider, d.ID, disputed))
}

// viewOf is an order as the index has it.
func (w window) viewOf(id string) search.Order {
	w.t.Helper()
	stored, err := w.docs.ReadMany(w.t.Context(), []string{id})
	require.NoError(w.t, err)
	var o order.Order
	require.NoError(w.t, json.Unmarshal(stored[0].Doc, &o))
	d := search.FromOrder(o, stored[0].Doc, stored[0].Revision, stored[0].Payments)
	require.NoError(w.t, d.Validate())
	return d
}

// staff has all staff roles.
var staff = []api.Role{api.RoleOperator, api.RoleCatalog, api.RoleFulfilment, api.RoleSupport, api.RoleReadonly}

// readers are the calls that show something, by the roles that may make them.
func (w window) readers() map[string][]string {
	of := func(path string) []string {
		var all []string
		for _, id := range w.orders() {
			all = append(all, "/v1/orders/"+id+path)
		}
		return all
	}
	return map[string][]string{
		"/v1/products/{id}": {"/v1/products/mug"}, "/v1/products": {"/v1/products?q=x"}, "/v1/products/suggest": {"/v1/products/suggest?q=m"},
		"/v1/orders": {"/v1/orders"}, "/v1/packages": {"/v1/packages"}, "/v1/orders/{id}": append(of("?expand=products"), of("?wait=1s&version=1")...),
		"/v1/orders/{id}/payment": of("/payment"),
		"/v1/coupons":             {"/v1/coupons"}, "/v1/coupons/{code}": {"/v1/coupons/amount", "/v1/coupons/rate", "/v1/coupons/shipping"},
		"/v1/customers": {"/v1/customers"}, "/v1/customers/{id}": {"/v1/customers/ada"}, "/v1/customers/me": {"/v1/customers/me"},
		"/v1/customers/{id}/erase": {"/v1/customers/bob/erase"},
		"/v1/audits/latest":        {"/v1/audits/latest"}, "/v1/orders/counts": {"/v1/orders/counts"},
	}
}

// A table of every field of every response: staff see all fields of the calls that they may make;
// everyone else sees all fields except those for staff.
func TestEachRoleSeesOnlyItsFields(t *testing.T) {
	w := newWindow(t)
	doc, err := loadContract()
	require.NoError(t, err)
	for route, paths := range w.readers() {
		t.Run(route, func(t *testing.T) {
			operation := doc.Paths.Value(route).Get
			read := func(role api.Role) map[string]bool {
				all := map[string]bool{}
				for _, path := range paths {
					a := w.as(role, http.MethodGet, path, nil)
					require.Equal(t, http.StatusOK, a.status, "%s: %s", path, a.body)
					maps.Copy(all, fieldsOf(t, a.body))
				}
				return all
			}
			operators, own := read(api.RoleOperator), map[string]bool{}
			walkFields("", responseSchema(operation, http.StatusOK), func(path string, s *openapi3.Schema) {
				require.True(t, operators[path] || path == "nextCursor", "%s: no operator reads it here: the table is blind to it", path)
				own[path] = s.Extensions["x-roles"] != nil || liesInOwn(own, path)
			})
			for _, role := range staff {
				allowed, listed := operation.Extensions["x-roles"].([]any)
				if listed && slices.Contains(allowed, any(string(role))) {
					require.Equal(t, operators, read(role), role)
				}
			}
			for _, role := range []api.Role{api.RoleCustomer, ""} {
				if listed, _ := operation.Extensions["x-roles"].([]any); role != "" && !slices.Contains(listed, any(string(role))) ||
					role == "" && operation.Security == nil {
					continue
				}
				others := read(role)
				for path := range operators {
					require.Equal(t, !own[path] && !liesInOwn(own, path), others[path], "%s, to a %q", path, role)
				}
			}
		})
	}
}

// liesInOwn reports whether the field lies in one that is kept for operators: what is in it is
// kept with it.
func liesInOwn(own map[string]bool, path string) bool {
	for at := strings.LastIndexAny(path, ".["); at > 0; at = strings.LastIndexAny(path[:at], ".[") {
		if own[path[:at]] {
			return true
		}
	}
	return false
}

// What only the shop's programs need is in no answer.
func TestInternalMembersAreShownToNobody(t *testing.T) {
	w := newWindow(t)
	stored, err := w.docs.ReadMany(t.Context(), []string{w.shipped})
	require.NoError(t, err)
	internal := []string{"floor", "falls", "alertEvents", "dismissedAlerts", "fingerprint", "receiptFingerprint"}
	for _, name := range internal {
		require.Contains(t, string(stored[0].Doc), `"`+name+`":`, "the test is blind to it")
	}
	for _, role := range append(slices.Clone(staff), api.RoleCustomer) {
		a := w.as(role, http.MethodGet, "/v1/orders/"+w.shipped, nil)
		for path := range fieldsOf(t, a.body) {
			name := path[strings.LastIndex(path, ".")+1:]
			require.NotContains(t, internal, name, "%s, to %s", path, role)
		}
	}
	var own struct {
		Packages []order.Package `json:"packages"`
		Removals []order.Removal `json:"removals"`
	}
	require.NoError(t, json.Unmarshal([]byte(ownView(w, w.shipped)), &own))
	require.Equal(t, order.ReasonOperator, own.Removals[0].Reason, "a suspicion of fraud is not disclosed")
	require.Equal(t, []string{"arrived at the depot", "", ""}, details(own.Packages[1].Events))
	require.Contains(t, ownView(w, w.shipped), `"items":[],`, "of a package that was undone")
}

func details(events []order.PackageEvent) (all []string) {
	for _, e := range events {
		all = append(all, e.Detail)
	}
	return all
}

func TestCustomersSeeStaffInsteadOfNames(t *testing.T) {
	w := newWindow(t)
	for route, paths := range w.readers() {
		for _, path := range paths {
			require.NotContains(t, string(w.as(api.RoleCustomer, http.MethodGet, path, nil).body), staffName, path)
			if strings.HasPrefix(route, "/v1/orders/{id}") && strings.Contains(path, w.paid) {
				require.Contains(t, string(w.as(api.RoleOperator, http.MethodGet, path, nil).body), staffName, path)
			}
		}
	}
	actors := func(role api.Role, id string) (names []string) {
		for _, e := range w.as(role, http.MethodGet, "/v1/orders/"+id, nil).order(t).Journal {
			names = append(names, e.Actor)
		}
		return names
	}
	require.Equal(t, []string{"staff", "system", "provider:sandbox", "system", "staff", "staff", "system"}, actors(api.RoleCustomer, w.paid))
	require.Equal(t, []string{staffName, "system", "provider:sandbox", "system", staffName, staffName, "system"}, actors(api.RoleOperator, w.paid))
	require.Equal(t, []string{"ada", "system", "ada"}, actors(api.RoleCustomer, w.own), "what they did themself stays theirs")
	require.Equal(t, []string{"ada", "system", "staff"}, actors(api.RoleCustomer, w.ended))

	var shown openapi.PaymentResult
	require.NoError(t, json.Unmarshal(w.as(api.RoleCustomer, http.MethodGet, "/v1/orders/"+w.paid+"/payment", nil).body, &shown))
	require.Len(t, shown.Refunds, 2)
	for _, r := range shown.Refunds {
		require.Equal(t, map[bool]string{true: "staff", false: "ada"}[r.Amount == 300], r.Actor)
		require.Empty(t, r.Note+r.Detail)
	}

	first := ownView(w, w.paid)
	for range 20 {
		require.Equal(t, first, ownView(w, w.paid), "the same order is written the same: its ETag is made of it")
	}

	again := call{method: http.MethodPost, path: "/v1/orders/" + w.ended + "/cancel"}
	a := w.do(again.as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.NotContains(t, string(a.body), staffName, "an answer to a change is one as well")
}

// ownView is an order as its customer reads it.
func ownView(w window, id string) string {
	return string(w.as(api.RoleCustomer, http.MethodGet, "/v1/orders/"+id, nil).body)
}

// To customers, a product that isn't listed doesn't exist.
func TestWhatIsNotListedIsForOperators(t *testing.T) {
	w := newWindow(t)
	for _, id := range []string{"draft", "gone"} {
		require.Equal(t, http.StatusOK, w.as(api.RoleOperator, http.MethodGet, "/v1/products/"+id, nil).status)
		for _, role := range []api.Role{api.RoleCustomer, "", "admin"} {
			k := call{method: http.MethodGet, path: "/v1/products/" + id}
			if role != "" {
				k = k.as(t, "ada", role)
			}
			nothing := k
			nothing.path = "/v1/products/nothing"
			a := w.do(k)
			require.Equal(t, http.StatusNotFound, a.status, "%q: %s", role, a.body)
			require.JSONEq(t, withoutIDs(t, w.do(nothing)), withoutIDs(t, a))
			require.Equal(t, w.do(nothing).header.Get("ETag"), a.header.Get("ETag"))
		}
	}
	require.Equal(t, "Authorization", w.as("", http.MethodGet, "/v1/products/mug", nil).header.Get("Vary"), "for caches")

	var expanded struct {
		Lines []struct {
			ProductID string               `json:"productId"`
			Product   *openapi.LineProduct `json:"product"`
		} `json:"lines"`
	}
	for role, sees := range map[api.Role]bool{api.RoleOperator: true, api.RoleCustomer: false} {
		a := w.as(role, http.MethodGet, "/v1/orders/"+w.paid+"?expand=products", nil)
		expanded.Lines = nil
		require.NoError(t, json.Unmarshal(a.body, &expanded))
		require.NotNil(t, expanded.Lines[0].Product)
		require.Equal(t, "gone", expanded.Lines[1].ProductID)
		require.Equal(t, sees, expanded.Lines[1].Product != nil, role)
	}
}

// An invalid token hides no listed product, and is refused if a valid one might show more, even if
// there is no such product.
func TestAnInvalidTokenIsIgnoredForListedProducts(t *testing.T) {
	w := newWindow(t)
	for name, header := range badTokens(t) {
		if name == "no token at all" {
			continue
		}
		get := func(id string) answer {
			return w.do(call{method: http.MethodGet, path: "/v1/products/" + id, header: header})
		}
		require.Equal(t, http.StatusOK, get("mug").status, name)
		require.NotContains(t, string(get("mug").body), "onHand")
		for _, id := range []string{"draft", "gone", "nothing"} {
			a := get(id)
			require.Equal(t, "/problems/unauthenticated", a.problem(t).Type, "%s %s", name, id)
			require.Contains(t, a.header.Get("WWW-Authenticate"), "invalid_token")
		}
	}
}

// The refusal of a placement reveals no more to a customer than the product itself.
func TestARefusalRevealsNothingAboutUnlistedProducts(t *testing.T) {
	w := newWindow(t)
	place := func(role api.Role, id string) answer {
		lines := []line{{"productId": id, "sku": "one", "quantity": 1}, {"productId": "mug", "sku": "one", "quantity": 1}}
		return w.as(role, http.MethodPost, "/v1/orders", map[string]any{"customerId": "ada", "lines": lines})
	}
	nothing := withoutIDs(t, place(api.RoleCustomer, "nothing"))
	for _, id := range []string{"draft", "gone"} {
		require.Equal(t, "/problems/not-listed", place(api.RoleOperator, id).problem(t).Type)
		a := place(api.RoleCustomer, id)
		require.Equal(t, "/problems/unknown-product", a.problem(t).Type)
		require.JSONEq(t, strings.ReplaceAll(nothing, `"nothing"`, `"`+id+`"`), withoutIDs(t, a))
	}
	o := w.as(api.RoleCustomer, http.MethodGet, "/v1/orders/"+w.rejected, nil).order(t)
	require.Equal(t, order.Reason(product.ReasonNotFound), o.CancelReason)
	require.Equal(t, "not_found", o.Journal[len(o.Journal)-1].Detail["reason"])
	require.Len(t, o.Shortages, 2)
	require.Equal(t, product.ReasonNotFound, o.Shortages[0].Reason)
	require.Equal(t, product.ReasonPriceChanged, o.Shortages[1].Reason)
	require.Equal(t, order.Reason(product.ReasonNotListed), w.as(api.RoleOperator, http.MethodGet, "/v1/orders/"+w.rejected, nil).order(t).CancelReason)

	short := w.as(api.RoleCustomer, http.MethodPost, "/v1/orders", map[string]any{"lines": []line{{"productId": "mug", "sku": "one", "quantity": 40}}})
	require.Equal(t, http.StatusConflict, short.status)
	require.Equal(t, []order.Shortage{{ProductID: "mug", SKU: "one", Requested: 40, Available: 4, Reason: product.ReasonOutOfStock}}, short.problem(t).Shortages,
		"what can be bought, as the product itself says; not what others hold")
}
