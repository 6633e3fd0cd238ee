// Relevance measures how well searches put first what people judged to answer them:
// nDCG@10 over judged queries, for both indexes side by side and for plain ways to
// ask Elasticsearch.
//
//	go run ./bench/relevance -data ../../shared/data
//
// The judged products are for measuring only; they don't belong into the project.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"holdfast/dev/search/embedded"
	"holdfast/search"
	"holdfast/search/elastic"
)

func main() {
	data := flag.String("data", os.Getenv("RELEVANCE_DATA"), "folder with judged_products.jsonl and judged_queries.csv")
	synonyms := flag.String("synonyms", "", "file of synonyms, as a merchant writes it")
	verbose := flag.Bool("v", false, "print each query")
	flag.Parse()
	if err := run(*data, *synonyms, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "relevance:", err)
		os.Exit(1)
	}
}

func run(data, synonyms string, verbose bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	judged, err := read(data)
	if err != nil {
		return err
	}
	fmt.Printf("%d products, %d queries, %d of them with a product that answers\n\n", len(judged.products), len(judged.queries), judged.answerable())
	same, err := readSynonyms(synonyms)
	if err != nil {
		return err
	}
	fmt.Println("| searched by | nDCG@10, all queries | nDCG@10, answerable ones | the same in the best order | queries that find nothing |")
	fmt.Println("|---|---|---|---|---|")
	if err := measureEmbedded(ctx, judged, same, verbose); err != nil {
		return err
	}
	url := os.Getenv("ELASTICSEARCH_URL")
	if url == "" {
		fmt.Println("\nELASTICSEARCH_URL is not set: only the embedded index was measured")
		return nil
	}
	if err := measureElastic(ctx, url, judged, same, verbose); err != nil {
		return err
	}
	return measurePlain(ctx, url, judged, verbose)
}

func readSynonyms(path string) (same search.Synonyms, err error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.ReadFile(path) //nolint:gosec // whoever measures names the file
	if err != nil {
		return nil, err
	}
	return search.ParseSynonyms(strings.NewReader(string(file)))
}

func measureEmbedded(ctx context.Context, j judged, same search.Synonyms, verbose bool) error {
	x, err := embedded.Open(embedded.Options{Synonyms: same})
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	return measureIndex(ctx, "embedded index", x, j, verbose)
}

func measureElastic(ctx context.Context, url string, j judged, same search.Synonyms, verbose bool) error {
	s := server{url}
	prefix := "relevance-" + unique() + "-"
	x, err := elastic.Open(ctx, elastic.Options{URLs: []string{url}, Prefix: prefix, Synonyms: same})
	if err != nil {
		return err
	}
	defer s.forget(ctx, prefix+"products-first", prefix+"orders-first")
	defer func() { _ = x.Close() }() //nolint:contextcheck // it has a bound of its own
	return measureIndex(ctx, "Elasticsearch", x, j, verbose)
}

func measureIndex(ctx context.Context, name string, x search.Index, j judged, verbose bool) error {
	if _, err := x.Put(ctx, search.Batch{Products: j.products}); err != nil {
		return err
	}
	if r, ok := x.(interface{ Refresh(context.Context) error }); ok {
		if err := r.Refresh(ctx); err != nil {
			return err
		}
	}
	ask := func(tolerant bool) func(string) ([]string, error) {
		return func(q string) ([]string, error) {
			page, err := x.SearchProducts(ctx, search.ProductQuery{Q: q, Limit: new(found)})
			if err != nil || page.Tolerant && !tolerant {
				return nil, err
			}
			var ids []string
			for _, hit := range page.Items {
				ids = append(ids, hit.ID)
			}
			return ids, nil
		}
	}
	if err := j.report(name, ask(true), verbose); err != nil {
		return err
	}
	return j.report(name+", without the tolerant second search", ask(false), false)
}
