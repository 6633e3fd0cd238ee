package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/inventory"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/search/elastic"
	"holdfast/search/projector"
)

// projectorBench carries many changed products into Elasticsearch, and sends the same
// requests with a client that does nothing else.
type projectorBench struct {
	Elasticsearch string `help:"URL of Elasticsearch." env:"ELASTICSEARCH_URL" required:""`
	Products      int    `default:"100000" help:"Changed products."`
	Rounds        int    `default:"3" help:"Rounds of both, by turns."`
}

// Run measures both.
func (b *projectorBench) Run(ctx context.Context, out report) error {
	rdb, _, stop, err := ownRedis(ctx)
	if err != nil {
		return err
	}
	defer stop()

	run := time.Now().UnixMilli() % 1_000_000
	prefix := func(n int) string { return fmt.Sprintf("bench-%06d-%02d-", run, n) } // all of the same length
	proxy, err := newRecorder(ctx, b.Elasticsearch, "_bulk")
	if err != nil {
		return err
	}
	defer proxy.close()
	if _, err := b.project(ctx, rdb, proxy.url, prefix(0)); err != nil {
		return err
	}
	requests := proxy.take()

	out.printf("%d products, %d requests.\n\n| round | projector | bare client | ratio |\n|---:|---:|---:|---:|\n", b.Products, len(requests))
	for round := range b.Rounds {
		ours, err := b.project(ctx, rdb, b.Elasticsearch, prefix(1+2*round))
		if err != nil {
			return err
		}
		bare, err := b.bare(ctx, requests, prefix(0), prefix(2+2*round))
		if err != nil {
			return err
		}
		n := float64(b.Products)
		out.printf("| %d | %.0f products/s | %.0f products/s | %.2f |\n", round+1, n/ours.Seconds(), n/bare.Seconds(), bare.Seconds()/ours.Seconds())
	}
	return nil
}

// project creates the products, then a projector, and measures until the index has all.
func (b *projectorBench) project(ctx context.Context, rdb goredis.UniversalClient, url, prefix string) (time.Duration, error) {
	if err := rdb.FlushAll(ctx).Err(); err != nil {
		return 0, err
	}
	if err := create(ctx, inventory.New(rdb), b.Products); err != nil {
		return 0, err
	}
	x, err := elastic.Open(ctx, elastic.Options{URLs: []string{url}, Prefix: prefix})
	if err != nil {
		return 0, err
	}
	defer x.Close() //nolint:errcheck,contextcheck // nothing is under way
	metrics := prometheus.NewRegistry()
	p, err := projector.New(projector.Options{
		Redis: rdb, Index: x, Products: inventory.New(rdb), Orders: records.New(rdb), Metrics: metrics,
	})
	if err != nil {
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	start := time.Now()
	go func() {
		defer close(done)
		p.Run(running)
	}()
	err = untilCaughtUp(ctx, rdb)
	took := time.Since(start)
	stop()
	<-done
	return took, err
}

// create puts products with a description each.
func create(ctx context.Context, to *inventory.Store, n int) error {
	_, err := load.Run(ctx, n, 32, func(ctx context.Context, i int) (time.Duration, error) {
		d := made(i)
		notThere := product.NotThere
		_, _, err := to.Put(ctx, d.ID, product.Spec{
			Currency: d.Currency, Status: product.StatusListed,
			Description: product.Description{
				Title: d.Title, Description: d.Description, Brand: d.Brand, Category: d.Category, Tags: d.Tags,
			},
			Variants: []product.VariantSpec{{SKU: d.ID, Price: d.MinPrice, Stock: &d.Available}},
		}, &notThere)
		return time.Millisecond, err
	}, nil)
	return err
}

// untilCaughtUp waits until all entries of all streams are acknowledged.
func untilCaughtUp(ctx context.Context, rdb goredis.UniversalClient) error {
	for {
		lag, err := behind(ctx, rdb)
		if err != nil || lag == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// behind is how many entries the projectors have not acknowledged.
func behind(ctx context.Context, rdb goredis.UniversalClient) (int64, error) {
	pipe := rdb.Pipeline()
	var answers []*goredis.XInfoGroupsCmd
	for _, bucket := range redisdb.AllBuckets() {
		answers = append(answers, pipe.XInfoGroups(ctx, redisdb.EventsKey(bucket)))
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	var n int64
	for _, a := range answers {
		groups, err := a.Result()
		if err != nil || len(groups) == 0 {
			n++ // not even created yet
			continue
		}
		for _, g := range groups {
			n += g.Lag + g.Pending
		}
	}
	return n, ctx.Err()
}

// bare sends the recorded requests to an index of the same mapping.
func (b *projectorBench) bare(ctx context.Context, requests []sent, from, to string) (time.Duration, error) {
	x, err := elastic.Open(ctx, elastic.Options{URLs: []string{b.Elasticsearch}, Prefix: to})
	if err != nil {
		return 0, err
	}
	defer x.Close() //nolint:errcheck,contextcheck // nothing is under way
	for i := range requests {
		requests[i].renamed = bytes.ReplaceAll(requests[i].body, []byte(from), []byte(to))
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	start := time.Now()
	for _, r := range requests {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Elasticsearch+r.path, bytes.NewReader(r.renamed))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Content-Type", r.contentType)
		if _, err := timed(client, req); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// busyBench places orders while a projector has a backlog, while it has none, and while a
// client that does nothing else sends Elasticsearch the same documents: the cost of the
// latter is Elasticsearch's own work on the same machine.
type busyBench struct {
	Elasticsearch string `help:"URL of Elasticsearch." env:"ELASTICSEARCH_URL" required:""`
	Products      int    `default:"200000" help:"Changed products of the backlog."`
}

// Run measures both on one stack.
func (b *busyBench) Run(ctx context.Context, out report) error {
	rdb, redisURL, stop, err := ownRedis(ctx)
	if err != nil {
		return err
	}
	defer stop()
	// Without a projector first, so that its dependencies are warm.
	without, err := b.place(ctx, rdb, stack.Options{RedisURL: redisURL, WithoutSearch: true}, 600)
	if err != nil {
		return err
	}
	if err := create(ctx, inventory.New(rdb), b.Products); err != nil {
		return err
	}
	with, err := b.place(ctx, rdb, stack.Options{
		RedisURL: redisURL, ElasticsearchURL: b.Elasticsearch, ElasticsearchPrefix: fmt.Sprintf("bench-busy-%d-", time.Now().UnixMilli()),
	}, 0)
	if err != nil {
		return err
	}
	beside, err := b.besideBare(ctx, rdb, redisURL)
	if err != nil {
		return err
	}
	out.printf("| place, c = 1 | p50 | p99 | orders |\n|---|---:|---:|---:|\n")
	out.printf("| without a projector | %.1f ms | %.1f ms | %d |\n", ms(without.P(50)), ms(without.P(99)), without.Calls)
	out.printf("| the same, a bare client sends the documents of %d products | %.1f ms | %.1f ms | %d |\n", bareProducts, ms(beside.P(50)), ms(beside.P(99)), beside.Calls)
	out.printf("| projector carries %d changed products | %.1f ms | %.1f ms | %d |\n", b.Products, ms(with.P(50)), ms(with.P(99)), with.Calls)
	out.printf("\nRatio of the medians: %.2f, beside the bare client %.2f.\n",
		ms(with.P(50))/ms(without.P(50)), ms(with.P(50))/ms(beside.P(50)))
	return nil
}

// bareProducts is as many as a bare client sends while about a thousand orders are placed.
const bareProducts = 100_000

// besideBare places orders for as long as a bare client sends documents to Elasticsearch.
func (b *busyBench) besideBare(ctx context.Context, rdb goredis.UniversalClient, redisURL string) (load.Result, error) {
	proxy, err := newRecorder(ctx, b.Elasticsearch, "_bulk")
	if err != nil {
		return load.Result{}, err
	}
	defer proxy.close()
	run := time.Now().UnixMilli() % 1_000_000
	prefix := func(n int) string { return fmt.Sprintf("bench-%06d-%02d-", run, n) }
	other := projectorBench{Elasticsearch: b.Elasticsearch, Products: bareProducts}
	if _, err := other.project(ctx, rdb, proxy.url, prefix(0)); err != nil {
		return load.Result{}, err
	}
	requests := proxy.take()
	sent := make(chan error, 1)
	go func() {
		_, err := other.bare(ctx, requests, prefix(0), prefix(1))
		sent <- err
	}()
	res, err := b.placeUntil(ctx, stack.Options{RedisURL: redisURL, WithoutSearch: true}, func() (bool, error) {
		select {
		case err := <-sent:
			return true, err
		default:
			return false, nil
		}
	})
	return res, err
}

// place places n orders, or as many as fit until the projector has caught up.
func (b *busyBench) place(ctx context.Context, rdb goredis.UniversalClient, opts stack.Options, n int) (load.Result, error) {
	return b.placeUntil(ctx, opts, func() (bool, error) {
		if n > 0 {
			n -= some
			return n <= 0, nil
		}
		lag, err := behind(ctx, rdb)
		return lag < 200, err
	})
}

// some is how many orders are placed between two checks whether it is over.
const some = 20

// placeUntil places orders with one client, on a stack of its own, until it is over.
func (b *busyBench) placeUntil(ctx context.Context, opts stack.Options, over func() (bool, error)) (load.Result, error) {
	opts.WithoutUI = true
	st, err := stack.Start(ctx, opts)
	if err != nil {
		return load.Result{}, err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	s, err := newShop(st.URL, "", 2)
	if err != nil {
		return load.Result{}, err
	}
	id := fmt.Sprintf("busy-%d", time.Now().UnixMilli())
	if err := s.product(ctx, id, 10_000_000); err != nil {
		return load.Result{}, err
	}
	place := func(ctx context.Context, _ int) (time.Duration, error) {
		start := time.Now()
		_, err := s.place(ctx, id, "")
		return time.Since(start), err
	}
	if _, err := load.Run(ctx, 50, 1, place, nil); err != nil {
		return load.Result{}, err
	}
	all, err := load.Run(ctx, some, 1, place, nil)
	for err == nil {
		var done bool
		if done, err = over(); done || err != nil {
			break
		}
		var more load.Result
		if more, err = load.Run(ctx, some, 1, place, nil); err == nil {
			all.Calls += more.Calls
			all.Latency.Merge(more.Latency)
		}
	}
	return all, err
}
