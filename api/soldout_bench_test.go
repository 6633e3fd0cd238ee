package api_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	"holdfast/commands"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/pricebooks"
	"holdfast/product"
	"holdfast/quoting/reader"
	"holdfast/records"
	"holdfast/redisdb/redistest"
	"holdfast/webhook/registry"
)

const soldOut = `{"customerId":"c-1","lines":[{"productId":"ID","quantity":1}]}`

// BenchmarkSoldOut measures what a flash sale does most, over real connections
// on a real Redis: a sold-out order, compared with a bare Gin handler that
// does one Redis read.
//
//	go test ./api -run xxx -bench SoldOut -benchtime 5s -cpu 2
func BenchmarkSoldOut(b *testing.B) {
	rdb := redistest.Real(b)
	id := redistest.ID("bench")
	stock := int64(0)
	store := inventory.New(rdb)
	_, _, err := store.Put(b.Context(), id, product.Spec{
		Description: product.Description{Title: "T"}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "one", Price: 1, Stock: &stock}},
	}, nil)
	require.NoError(b, err)
	body := strings.Replace(soldOut, "ID", id, 1)
	docs, people := records.New(rdb), customers.New(rdb)
	server, err := api.New(api.Config{
		Addr: "127.0.0.1:0", Products: store, Quoting: reader.New(rdb, nil), Orders: docs, Sagas: newFake(store, docs).asSagas(),
		Customers: people, Coupons: coupons.New(rdb), Audits: audits.New(rdb), Tracking: tracking.New(rdb, time.Now), PriceBooks: pricebooks.New(rdb, people), Commands: commands.New(rdb, nil),
		Webhooks: registry.New(rdb), CheckURL: func(context.Context, string) error { return nil },
		Log:     slog.New(slog.NewJSONHandler(io.Discard, nil)), //nolint:sloglint // what a log line costs counts
		Metrics: prometheus.NewRegistry(),
	})
	require.NoError(b, err)
	b.Run("handler alone/bare gin", func(b *testing.B) { handle(b, bareGin(rdb, id), body) })
	b.Run("handler alone/holdfast", func(b *testing.B) { handle(b, server.Handler(), body) })
	// In turn, twice, so that other load on the machine affects both.
	for range 2 {
		b.Run("bare gin", func(b *testing.B) { load(b, rdb, bareGin(rdb, id), body) })
		b.Run("holdfast", func(b *testing.B) { load(b, rdb, server.Handler(), body) })
	}
}

// bareGin answers 409 after one Redis read, and does nothing else.
func bareGin(rdb redis.UniversalClient, id string) http.Handler {
	e := gin.New()
	e.POST("/v1/orders", func(c *gin.Context) {
		if err := rdb.HGet(c.Request.Context(), "bench:"+id, "onhand").Err(); err != nil && err != redis.Nil { //nolint:errorlint // never wrapped
			c.Status(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusConflict, gin.H{"title": "sold out"})
	})
	return e
}

// handle calls the handler without a network before it.
func handle(b *testing.B, h http.Handler, body string) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/orders", strings.NewReader(body))
		r.Host, r.RemoteAddr = "127.0.0.1", "127.0.0.1:1" // without authentication the gateway answers only loopback
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(b, http.StatusConflict, w.Code)
	}
}

// load posts the body from 64 clients, each on its own connection. In addition to the rate it reports
// the processor time per request, of clients, handler and Redis together: on an idle machine one is
// the inverse of the other, and on a busy machine the processor time is still true.
func load(b *testing.B, rdb redis.UniversalClient, h http.Handler, body string) {
	b.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	var odd atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	before := processorTime(b, rdb)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Post(srv.URL+"/v1/orders", "application/json", strings.NewReader(body)) //nolint:noctx // ends with the run
			if err != nil || resp.StatusCode != http.StatusConflict {
				odd.Add(1)
			}
			if err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric((processorTime(b, rdb)-before)*1e6/float64(b.N), "cpu-µs/request")
	require.Zero(b, odd.Load())
}

// processorTime is what this process and Redis have used so far, in seconds.
func processorTime(b *testing.B, rdb redis.UniversalClient) float64 {
	b.Helper()
	var own syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &own))
	sum := time.Duration(own.Utime.Nano() + own.Stime.Nano()).Seconds()
	info, err := rdb.Info(b.Context(), "cpu").Result()
	require.NoError(b, err)
	for l := range strings.SplitSeq(info, "\r\n") {
		name, value, _ := strings.Cut(l, ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			used, err := strconv.ParseFloat(value, 64)
			require.NoError(b, err)
			sum += used
		}
	}
	return sum
}

// BenchmarkRequestCheck shows why the gateway checks an order by its own strict
// reading, which tests hold against the contract, and not by kin-openapi.
func BenchmarkRequestCheck(b *testing.B) {
	contract := contractRouter(b)
	k := orderCall(strings.Replace(soldOut, "ID", "mug", 1))
	b.Run("kin-openapi", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := k.request(b.Context(), b)
			route, params, err := contract.FindRoute(r)
			if err == nil {
				err = openapi3filter.ValidateRequest(b.Context(), &openapi3filter.RequestValidationInput{
					Request: r, PathParams: params, Route: route,
				})
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("strict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := k.request(b.Context(), b)
			raw, err := io.ReadAll(r.Body)
			if err == nil {
				err = api.CheckOrder(raw)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("request alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := k.request(b.Context(), b)
			_, _ = bytes.NewBuffer(nil).ReadFrom(r.Body)
		}
	})
}
