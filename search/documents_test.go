package search_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

func at() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("", 3600)) }

func TestDocumentOfAProduct(t *testing.T) {
	p := product.Product{
		ID: "p", Version: 7, DocVersion: 3, Status: product.StatusListed, Currency: "EUR",
		CreatedAt: at(), UpdatedAt: at().Add(time.Hour),
		Description: product.Description{
			Title: "Sofa", Description: "Soft.", Brand: "Nordhem", Category: "Living", Tags: []string{"oak"},
			Image: "/sofa.png", Attributes: map[string]string{"material": "wool"},
		},
		Variants: []product.Variant{
			{SKU: "m", Price: 500, Stock: product.Stock{OnHand: 5, Held: 2}},
			{SKU: "l", Price: 300, Stock: product.Stock{OnHand: 1, Held: 1}},
			{SKU: "xl", Price: 900, Stock: product.Stock{OnHand: 2}},
		},
	}
	d := search.FromProduct(p)
	require.Equal(t, search.Product{
		ID: "p", Version: 7, Status: product.StatusListed, Title: "Sofa", Description: "Soft.", Brand: "Nordhem", Category: "Living",
		Tags: []string{"oak"}, Attributes: map[string]string{"material": "wool"}, Image: "/sofa.png",
		Currency: "EUR", MinPrice: 300, MaxPrice: 900, Available: 5,
		CreatedAt: at().UTC(), UpdatedAt: at().Add(time.Hour).UTC(),
	}, d)
	require.NoError(t, d.Validate())
	require.True(t, d.InStock())
	p.Tags[0], p.Attributes["material"] = "x", "x"
	require.Equal(t, []string{"oak"}, d.Tags, "the document shares nothing")
	require.Equal(t, "wool", d.Attributes["material"])
}

func TestDocumentOfAnOrder(t *testing.T) {
	o := order.Order{
		ID: "o", Version: 4, CustomerID: "ada", Status: order.StatusPaid, Currency: "EUR",
		Amounts: map[string]int64{order.AmountTotal: 700, order.AmountItems: 600},
		Lines: []order.Line{
			{ProductID: "p2", Title: "Mug"}, {ProductID: "p1", Title: "Sofa"}, {ProductID: "p2", Title: "Mug"}, {ProductID: "p3"},
		},
		Address:  &order.Address{Recipient: "Ada", Phone: "+44", Email: "a@b.c", Line1: "12 Square", City: "London", Country: "GB"},
		Payment:  order.Payment{Status: order.PaymentPending},
		PlacedAt: at(), UpdatedAt: at(), ExternalReference: "SO-1", Metadata: product.Metadata{"erp.id": "1"},
	}
	d := search.FromOrder(o, []byte(`{}`), 9, nil)
	require.Equal(t, search.Order{
		ID: "o", Revision: 9, Version: 4, CustomerID: "ada", Status: order.StatusPaid, Node: order.NodePaid.String(), ProductIDs: []string{"p1", "p2", "p3"}, Titles: []string{"Mug", "Sofa"},
		Recipient: "Ada", Address: "12 Square, London, GB", Total: 700, Currency: "EUR", PlacedAt: at().UTC(), UpdatedAt: at().UTC(),
		ExternalReference: "SO-1", PaymentStatus: order.PaymentPending, Document: json.RawMessage(`{}`),
	}, d)
	require.NoError(t, d.Validate())
	o.Address = nil
	require.Empty(t, search.FromOrder(o, []byte(`{}`), 9, nil).Address)
}

func TestADocumentHasEachTagAndReturnStatusOnce(t *testing.T) {
	o := order.Order{
		ID: "o", Commands: &order.Commanded{Tags: []string{"vip", "b2b"}},
		Fulfilment: &order.Fulfilment{Returns: []order.Return{{Status: order.ReturnRequested}, {Status: order.ReturnDeclined}, {Status: order.ReturnRequested}}},
	}
	doc, err := json.Marshal(&o)
	require.NoError(t, err)
	d := search.FromOrder(o, doc, 1, nil)
	require.Equal(t, []string{"b2b", "vip"}, d.Tags)
	require.Equal(t, []order.ReturnStatus{order.ReturnDeclined, order.ReturnRequested}, d.ReturnStatuses)
	require.Equal(t, []string{"vip", "b2b"}, o.Commands.Tags, "the caller's order stays as it is")
	older := d
	older.Tags, older.ReturnStatuses = nil, nil
	require.Equal(t, d, older.Refiled(), "a view of an older shape didn't have them")
	erased, err := d.Erased(time.Now(), time.Now())
	require.NoError(t, err)
	require.Empty(t, erased.Tags)
}

func TestADocumentIsUpdatedWhenItsRevisionSays(t *testing.T) {
	stored := at().Add(time.Hour)
	d := search.FromOrder(order.Order{UpdatedAt: at()}, []byte(`{}`), stored.UnixMilli(), nil)
	require.Equal(t, stored.UTC(), d.UpdatedAt, "and not when the order's saga decided: that may be stored late")
	d.Revision += 1000
	require.Equal(t, stored.UTC().Add(time.Second), d.Refiled().UpdatedAt)
}

// A refund changes what an order is found by, and nothing of the order's own document.
func TestADocumentIsRefiledByItsRefunds(t *testing.T) {
	o := order.Order{
		ID: "o", Amounts: map[string]int64{order.AmountPaid: 700, order.AmountRefunded: 0},
		Payment: order.Payment{Status: order.PaymentPaid, ID: "p", Provider: "sandbox"}, ExternalReference: "SO-1",
	}
	doc, err := json.Marshal(o)
	require.NoError(t, err)
	refund := []byte(`{"paymentId":"p","provider":"sandbox","status":"paid","amount":300}`)
	d := search.FromOrder(o, doc, 1, map[string][]byte{"refund:p/1": refund})
	require.Equal(t, order.PaymentPartiallyRefunded, d.PaymentStatus)
	require.Zero(t, o.Amounts[order.AmountRefunded], "the caller's order stays as it is")
	d.Payments["refund:p/2"] = json.RawMessage(strings.Replace(string(refund), "300", "400", 1))
	require.Equal(t, order.PaymentRefunded, d.Refiled().PaymentStatus)
	d.Payments["refund:p/3"] = json.RawMessage(`[]`)
	require.Equal(t, order.PaymentPaid, d.Refiled().PaymentStatus, "what can't be read counts for nothing")

	older := search.Order{ID: "o", Document: doc, UpdatedAt: at()}.Refiled()
	require.Equal(t, "SO-1", older.ExternalReference, "a view of an older shape didn't have it")
	require.Equal(t, order.PaymentPaid, older.PaymentStatus)
	require.Equal(t, at(), older.UpdatedAt)
	damaged := search.Order{ID: "o", Document: json.RawMessage(`[]`), PaymentStatus: order.PaymentPaid}
	require.Equal(t, damaged, damaged.Refiled())
}

// An alert about money changes beside its order, which may have closed unpaid.
func TestADocumentIsRefiledByItsAlertsAboutMoney(t *testing.T) {
	o := order.Order{ID: "o", Status: order.StatusExpired}
	doc, err := json.Marshal(o)
	require.NoError(t, err)
	d := search.FromOrder(o, doc, 1, map[string][]byte{"refund:p/1": []byte(`{"id":"1","paymentId":"p","amount":1,"shortfall":2}`)})
	require.Equal(t, []order.AlertRule{order.RuleRefundShortfall}, d.Alerts)
	d.Payments["dispute:sandbox:dp"] = json.RawMessage(`{"id":"dp","provider":"sandbox"}`)
	d = d.Refiled()
	require.Equal(t, []order.AlertRule{order.RuleDisputed, order.RuleRefundShortfall}, d.Alerts)
	settled, err := d.Settled()
	require.NoError(t, err)
	require.Equal(t, d.Alerts, settled.Summary().Alerts)
	for _, a := range settled.AllAlerts() {
		d.Payments["alert:"+a.ID] = json.RawMessage(`{"alertId":"` + a.ID + `"}`)
	}
	d = d.Refiled()
	require.Equal(t, []order.AlertRule{order.RuleDisputed}, d.Alerts, "a dispute is dismissed by its workflow")
	d.Payments["dispute:sandbox:dp"] = json.RawMessage(`{"id":"dp","provider":"sandbox","dismissedAt":"2026-03-02T09:00:00Z"}`)
	require.Empty(t, d.Refiled().Alerts)
}

func TestDocumentsThatCantBeTaken(t *testing.T) {
	doc := json.RawMessage(`{"id":"o"}`)
	good := search.Order{ID: "o", Revision: 1, Version: 1, CustomerID: "ada", Status: order.StatusPaid, PlacedAt: at(), Document: doc}
	require.NoError(t, good.Validate())
	for path, change := range map[string]func(*search.Order){
		"id":                func(o *search.Order) { o.ID = "" },
		"customerId":        func(o *search.Order) { o.CustomerID = "a b" },
		"version":           func(o *search.Order) { o.Version = 0 },
		"revision":          func(o *search.Order) { o.Revision = 0 },
		"status":            func(o *search.Order) { o.Status = "" },
		"placedAt":          func(o *search.Order) { o.PlacedAt = time.Time{} },
		"total":             func(o *search.Order) { o.Total = -1 },
		"currency":          func(o *search.Order) { o.Currency = "eur" },
		"productIds[1]":     func(o *search.Order) { o.ProductIDs = []string{"p", "/"} },
		"titles":            func(o *search.Order) { o.Titles = []string{strings.Repeat("x", search.MaxDocumentBytes+1)} },
		"recipient":         func(o *search.Order) { o.Recipient = "\xff" },
		"address":           func(o *search.Order) { o.Address = "\xff" },
		"externalReference": func(o *search.Order) { o.ExternalReference = "\xff" },
		"document":          func(o *search.Order) { o.Document = json.RawMessage(`["o"]`) },
		"payments":          func(o *search.Order) { o.Payments = map[string]json.RawMessage{"payment:1": doc, "payment:2": nil} },
	} {
		bad := good
		change(&bad)
		var problems search.Invalid
		require.ErrorAs(t, bad.Validate(), &problems, path)
		require.Len(t, problems, 1)
		require.Equal(t, path, problems[0].Path)
	}
	fine := search.Product{ID: "p", Version: 1, Status: product.StatusDraft, Title: "T", Currency: "EUR"}
	require.NoError(t, fine.Validate())
	fine.Description = strings.Repeat("x", search.MaxDocumentBytes)
	require.ErrorContains(t, fine.Validate(), "description: all texts together")
	fine.Description, fine.MaxPrice = "", product.MaxPrice+1
	require.ErrorContains(t, fine.Validate(), "maxPrice")
	fine.MaxPrice, fine.Attributes = 0, map[string]string{"a": "\xff"}
	require.ErrorContains(t, fine.Validate(), "attributes: must be UTF-8")
}

func TestEventsThatCantBeTaken(t *testing.T) {
	good := search.Event{
		ID: "17-1790000000000-0", ProductID: "p", Type: "StockChanged", Version: 1, At: at(),
		Stock: json.RawMessage(`[]`), Prices: json.RawMessage(`{}`),
	}
	require.NoError(t, good.Validate())
	for path, change := range map[string]func(*search.Event){
		"id":        func(e *search.Event) { e.ID = strings.Repeat("x", search.MaxValueBytes+1) },
		"productId": func(e *search.Event) { e.ProductID = "a/b" },
		"type":      func(e *search.Event) { e.Type = "" },
		"version":   func(e *search.Event) { e.Version = 0 },
		"at":        func(e *search.Event) { e.At = time.Time{} },
		"orderId":   func(e *search.Event) { e.OrderID = "\xff" },
		"actor":     func(e *search.Event) { e.Actor = "\xff" },
		"reason":    func(e *search.Event) { e.Reason = strings.Repeat("x", search.MaxDocumentBytes) },
		"stock":     func(e *search.Event) { e.Stock = json.RawMessage(`[`) },
		"prices":    func(e *search.Event) { e.Prices = json.RawMessage{} },
	} {
		bad := good
		change(&bad)
		var problems search.Invalid
		require.ErrorAs(t, bad.Validate(), &problems, path)
		require.Len(t, problems, 1)
		require.Equal(t, path, problems[0].Path)
	}
	bad := good
	bad.ID = "\xff"
	require.ErrorContains(t, bad.Validate(), "id: must be UTF-8", "a cursor has to hold it")
}

func TestUnavailableHidesTheWorks(t *testing.T) {
	err := error(&search.UnavailableError{Doing: "search products", Cause: context.DeadlineExceeded})
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, "search products: the index can't answer", err.Error())
	require.NotErrorIs(t, err, search.ErrClosed)
	var u *search.UnavailableError
	require.ErrorAs(t, err, &u)
	require.Equal(t, context.DeadlineExceeded, u.Cause)
}

func TestDefaultsOfAQuery(t *testing.T) {
	require.Equal(t, search.SortNewest, search.ProductQuery{Q: " "}.EffectiveSort())
	require.Equal(t, search.SortNewest, search.ProductQuery{Sort: search.SortRelevance}.EffectiveSort())
	require.Equal(t, search.SortRelevance, search.ProductQuery{Q: "a"}.EffectiveSort())
	require.Equal(t, search.SortPrice, search.ProductQuery{Q: "a", Sort: search.SortPrice}.EffectiveSort())
	require.Equal(t, 20, search.ProductQuery{}.PageSize())
	require.Equal(t, 20, search.OrderQuery{}.PageSize())
	require.Equal(t, 20, search.EventQuery{}.PageSize())
	require.Equal(t, 8, search.SuggestQuery{}.PageSize())
	require.Equal(t, 3, search.SuggestQuery{Limit: new(3)}.PageSize())
}
