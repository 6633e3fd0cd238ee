package inventory_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/customer"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// documented is one row of the table of types in docs/events.md.
type documented struct {
	ledger string // "every variant, with ledger", "the variants, without ledger", "[]"
	more   []string
}

// readDocs reads the envelope's fields and the types from docs/events.md.
func readDocs(t *testing.T) (envelope []string, types map[string]documented) {
	t.Helper()
	text, err := os.ReadFile("../docs/events.md")
	require.NoError(t, err)
	types = map[string]documented{}
	for row := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(row), "|")
		switch {
		case !strings.HasPrefix(row, "| `"):
		case len(cells) == 4:
			envelope = append(envelope, names(cells[1])...)
		case len(cells) == 6:
			types[names(cells[1])[0]] = documented{ledger: strings.TrimSpace(cells[3]), more: names(cells[4])}
		}
	}
	require.Len(t, envelope, 8)
	return envelope, types
}

// names lists what stands between backquotes.
func names(cell string) []string {
	var list []string
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			list = append(list, part)
		}
	}
	return list
}

// elsewhere are the entities whose events their own packages hold against the document.
var elsewhere = []string{"customer", "coupon", "price_book", "command", "chain"}

func TestEventsAreAsDocumented(t *testing.T) {
	envelope, types := readDocs(t)
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		id := strings.ToUpper(redistest.ID("shirt"))
		doEverything(t, rdb, id)
		entries, err := rdb.XRange(t.Context(), redisdb.EventsKey(redisdb.Bucket(id)), "-", "+").Result()
		require.NoError(t, err)
		var seen []string
		for _, e := range entries {
			if e.Values["id"] != id {
				continue
			}
			kind, _ := e.Values["type"].(string)
			doc, ok := types[kind]
			require.True(t, ok, "docs/events.md has no %s", kind)
			var fields []string
			for name := range e.Values {
				if _, field, of := strings.Cut(name, ":"); of { // was:<field> and now:<field>
					require.Contains(t, strings.Fields(e.Values["payments"].(string)), field, name)
					continue
				}
				fields = append(fields, name)
			}
			require.ElementsMatch(t, slices.Concat(envelope, doc.more), fields, kind)
			requireStock(t, kind, doc, e.Values["stock"].(string))
			seen = append(seen, kind)
		}
		delete(types, "price_book.published") // there is one for all tests: package pricebooks has its test
		for kind := range types {
			if entity, _, _ := strings.Cut(kind, "."); slices.Contains(elsewhere, entity) {
				continue
			}
			require.Contains(t, seen, kind, "documented, but never seen")
		}
	})
}

func requireStock(t *testing.T, kind string, doc documented, encoded string) {
	t.Helper()
	var stock []map[string]any
	require.NoError(t, json.Unmarshal([]byte(encoded), &stock))
	if doc.ledger == "`[]`" {
		require.Empty(t, stock, kind)
		return
	}
	require.NotEmpty(t, stock, kind)
	want := []string{"sku", "onHand", "held", "adjusted", "committed", "restocked"}
	if strings.Contains(doc.ledger, "without ledger") {
		want = want[:3]
	}
	for _, s := range stock {
		var fields []string
		for name := range s {
			fields = append(fields, name)
		}
		require.ElementsMatch(t, want, fields, kind)
	}
}

// doEverything causes one event of each type. The order, the customer and the coupon have the
// product's id, so that they are in the same bucket.
func doEverything(t *testing.T, rdb redis.UniversalClient, id string) {
	t.Helper()
	ctx, store, docs := t.Context(), inventory.New(rdb), records.New(rdb)
	put := func(title string) {
		spec := shirt(5, 5)
		spec.Title = title
		_, _, err := store.Put(ctx, id, spec, nil)
		require.NoError(t, err)
	}
	put("Shirt")
	put("Hemd")
	require.NoError(t, store.Delist(ctx, id, 1))
	_, err := store.List(ctx, id)
	require.NoError(t, err)
	one := int64(1)
	_, err = store.Adjust(ctx, product.Adjustment{ProductID: id, ActionID: "a", SKU: "S", Delta: &one, Reason: "found"})
	require.NoError(t, err)
	for _, o := range []string{"o1", "o2"} {
		_, err = store.Hold(ctx, []product.HoldRequest{request(id, o, 1, line("S", 1), line("M", 1))})
		require.NoError(t, err)
	}
	_, err = store.Commit(ctx, product.Holder{OrderID: "o1"}, []string{id})
	require.NoError(t, err)
	_, err = store.Release(ctx, product.Holder{OrderID: "o2"}, 1, []string{id}, "expired")
	require.NoError(t, err)
	_, err = store.Restock(ctx, product.Holder{OrderID: "o1"}, id, "r", []product.Item{{SKU: "S", Quantity: 1}})
	require.NoError(t, err)
	require.NoError(t, docs.PutRefund(ctx, id, "p", "r", []byte("{}")))
	require.NoError(t, docs.Put(ctx, order.Record{
		OrderID: id, Version: 1, Doc: []byte("{}"), Status: order.StatusPaid, CustomerID: "c",
		Facts: []order.Fact{{ID: "f", Kind: order.FactNode, Name: order.NodePaid.String()}},
	}))
	for n := range int64(2) {
		_, _, err = coupons.New(rdb).Put(ctx, coupon.Change{Code: id, Spec: coupon.Spec{Action: price.Action{Rate: 1000}, Limit: n}})
		require.NoError(t, err)
		_, _, err = customers.New(rdb).Put(ctx, customer.Change{ID: id, Standing: &customer.Standing{Level: int(n)}, At: time.Now()})
		require.NoError(t, err)
	}
	_, err = customers.New(rdb).Erase(ctx, id, time.Now().Add(time.Hour))
	require.NoError(t, err)
}
