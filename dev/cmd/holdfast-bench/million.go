package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"time"

	"holdfast/dev/bench/load"
	"holdfast/inventory"
	"holdfast/search"
	"holdfast/search/elastic"
	"holdfast/search/reindex"
	"holdfast/worker/views"
)

// millionBench fills an index of many products and searches it.
type millionBench struct {
	Elasticsearch string `help:"URL of Elasticsearch." env:"ELASTICSEARCH_URL" required:""`
	Products      int    `default:"1000000" help:"Products in the index."`
	C             []int  `name:"concurrency" default:"1,8" help:"Concurrencies to measure at."`
	N             int    `default:"1000" help:"Searches at each."`
}

// Run measures filling, size, searches and a rebuild.
func (b *millionBench) Run(ctx context.Context, out report) error {
	prefix := benchPrefix + "million-"
	x, err := elastic.Open(ctx, elastic.Options{URLs: []string{b.Elasticsearch}, Prefix: prefix})
	if err != nil {
		return err
	}
	defer x.Close() //nolint:errcheck,contextcheck // nothing is under way
	took, err := fill(ctx, x, b.Products)
	if err != nil {
		return err
	}
	size, err := b.size(ctx, prefix)
	if err != nil {
		return err
	}
	out.printf("%d products: filled in %.0f s (%.0f/s), %.2f GB on disk.\n\n", b.Products, took.Seconds(), float64(b.Products)/took.Seconds(), float64(size)/1e9)
	search := func(ctx context.Context, i int) (time.Duration, error) {
		start := time.Now()
		_, err := x.SearchProducts(ctx, search.ProductQuery{Q: queries()[i%len(queries())]})
		return time.Since(start), err
	}
	if _, err := load.Run(ctx, b.N, 2, search, nil); err != nil { // warm up
		return err
	}
	out.printf("| c | search p50 | p99 | per second |\n|---:|---:|---:|---:|\n")
	for _, c := range b.C {
		res, err := load.Run(ctx, b.N, c, search, nil)
		if err != nil {
			return err
		}
		out.printf("| %d | %.1f ms | %.1f ms | %.0f |\n", c, ms(res.P(50)), ms(res.P(99)), res.PerSecond())
	}
	return b.reindex(ctx, out)
}

// reindex creates as many products in a Redis of its own, and measures how long a rebuild
// of their view takes.
func (b *millionBench) reindex(ctx context.Context, out report) error {
	rdb, _, stop, err := ownRedis(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := create(ctx, inventory.New(rdb), b.Products); err != nil {
		return err
	}
	x, err := elastic.Open(ctx, elastic.Options{URLs: []string{b.Elasticsearch}, Prefix: benchPrefix + "reindex-"})
	if err != nil {
		return err
	}
	defer x.Close() //nolint:errcheck,contextcheck // nothing is under way
	r := reindex.Rebuilder{Index: x, Entities: views.NewEntities(rdb), Changes: views.NewChanges(rdb), Lost: nothingLost{}}
	start := time.Now()
	done, err := r.Run(ctx, search.ViewProducts)
	if err != nil {
		return err
	}
	took := time.Since(start)
	out.printf("\nReindexed from Redis: %d products in %.0f s (%.0f/s).\n", done.FromHomes, took.Seconds(), float64(done.FromHomes)/took.Seconds())
	return nil
}

// nothingLost: products have no workflows to ask.
type nothingLost struct{}

func (nothingLost) OrderIDs(context.Context) iter.Seq2[string, error] {
	return func(func(string, error) bool) {}
}

func (nothingLost) Order(context.Context, string) (search.Order, bool, error) {
	return search.Order{}, false, nil
}

// size is how many bytes the products take on the server.
func (b *millionBench) size(ctx context.Context, prefix string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.Elasticsearch+"/"+prefix+"products/_stats/store", http.NoBody)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var stats struct {
		All struct {
			Primaries struct {
				Store struct {
					Size int64 `json:"size_in_bytes"`
				} `json:"store"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	if err := json.NewDecoder(res.Body).Decode(&stats); err != nil {
		return 0, fmt.Errorf("read the size of the index: %w", err)
	}
	return stats.All.Primaries.Store.Size, nil
}
