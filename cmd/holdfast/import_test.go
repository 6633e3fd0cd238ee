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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	"holdfast/command/commandtest"
	commandstore "holdfast/commands"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/pricebooks"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/webhook/registry"
)

// noSagas: the catalogue needs none.
type noSagas struct{ api.Sagas }

// Through the real gateway, onto the real product entities.
func TestImport(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	defer rdb.Close() //nolint:errcheck // the test ends
	stock, people := inventory.New(rdb), customers.New(rdb)
	gateway, err := api.New(api.Config{
		Addr: "127.0.0.1:0", Products: stock, Orders: records.New(rdb), Customers: people, Coupons: coupons.New(rdb), Sagas: noSagas{}, Tracking: tracking.New(rdb, time.Now),
		PriceBooks: pricebooks.New(rdb, people), Commands: commandstore.New(rdb, &commandtest.Box{}), Audits: audits.New(rdb), Webhooks: registry.New(rdb), CheckURL: func(context.Context, string) error { return nil },
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	server := httptest.NewServer(gateway.Handler())
	defer server.Close()

	name := filepath.Join(t.TempDir(), "products.jsonl")
	write := func(lines string) { require.NoError(t, os.WriteFile(name, []byte(lines), 0o600)) }
	const lamp = `{"id":"lamp","title":"Lamp","currency":"EUR","variants":[{"sku":"lamp","price":500,"stock":7}]}`
	const mug = `{"id":"mug","title":"Mug","currency":"EUR","variants":[{"sku":"mug","price":300}]}`

	write(lamp + "\n" + mug + "\n")
	code, stdout, stderr := holdfast(t, "import", name, "--url", server.URL)
	assert.Equal(t, exitOK, code, stderr)
	assert.Equal(t, "2 created, 0 updated, 0 failed\n", stdout)
	p, err := stock.Get(t.Context(), "lamp")
	require.NoError(t, err)
	assert.Equal(t, int64(7), p.Variants[0].Stock.OnHand)

	write(lamp + "\n\n" + `{"id":"new","title":"New"}` + "\nnot json\n" + `{"title":"Nameless"}`)
	code, stdout, _ = holdfast(t, "import", name, "--url", server.URL)
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stdout, "0 created, 1 updated, 3 failed")
	for _, why := range []string{"line 3: put product new: 4", "line 4: not a JSON object", "line 5: it has no id"} {
		assert.Contains(t, stdout, why)
	}

	const ada = `{"id":"ada","name":"Ada","level":2,"addresses":[{"id":"home","recipient":"Ada","line1":"1","city":"London","country":"GB"}]}`
	write(ada + "\n" + `{"id":"bob","level":-1}` + "\n")
	code, stdout, _ = holdfast(t, "import", name, "--kind", "customers", "--url", server.URL)
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stdout, "1 created, 0 updated, 1 failed")
	assert.Contains(t, stdout, "line 2: put customer bob: 422")
	assert.NotContains(t, stdout, "London")
	c, err := people.Get(t.Context(), "ada")
	require.NoError(t, err)
	assert.Equal(t, 2, c.Level)
	assert.Equal(t, "London", c.Addresses[0].City)

	write(`{"id":"spring","action":{"rate":1000},"limit":5}` + "\n" + `{"id":"summer","action":{"rate":20000}}` + "\n")
	code, stdout, _ = holdfast(t, "import", name, "--kind", "coupons", "--url", server.URL)
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stdout, "1 created, 0 updated, 1 failed")
	assert.Contains(t, stdout, "line 2: put coupon summer: 422")
	spring, err := coupons.New(rdb).Get(t.Context(), "SPRING")
	require.NoError(t, err)
	assert.Equal(t, int64(5), spring.Limit)

	write(`{"levels": [{"number": 1, "name": "Member", "discount": 0},
		{"number": 2, "name": "Gold", "discount": 500}]}`)
	for _, want := range []string{"published as version 1 of the price book\n", "version 1 of the price book is the same already\n"} {
		code, stdout, stderr = holdfast(t, "import", name, "--kind", "price-book", "--url", server.URL)
		assert.Equal(t, exitOK, code, stderr)
		assert.Equal(t, want, stdout)
	}
	write(`{"levels": [{"number": 1, "name": "Member", "discount": 0}]}`)
	code, _, stderr = holdfast(t, "import", name, "--kind", "price-book", "--url", server.URL)
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stderr, "levels must keep level 2 (customers who have it: 1)")
	code, _, stderr = holdfast(t, "import", name+".none", "--kind", "price-book", "--url", server.URL)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "no such file")
}
