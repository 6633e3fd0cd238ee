// Relevance measures how well searches rank what people judged to match: nDCG@10 over
// judged queries, for both indexes side by side and for plain Elasticsearch queries.
//
//	go run ./bench/relevance -data ../../shared/data
//
// The judged products are only for measuring; they don't belong in the project.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"holdfast/search"
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
	fmt.Println("| searched by | nDCG@10, all queries | nDCG@10, answerable ones | the same in the best order | queries that find nothing | answerable ones that find nothing |")
	fmt.Println("|---|---|---|---|---|---|")
	m := measure{judged: judged, same: same, verbose: verbose}
	if err := m.both(ctx, "embedded index", m.embedded); err != nil {
		return err
	}
	m.url = os.Getenv("ELASTICSEARCH_URL")
	if m.url == "" {
		fmt.Println("\nELASTICSEARCH_URL is not set: only the embedded index was measured")
		return nil
	}
	if err := m.both(ctx, "Elasticsearch", m.elastic); err != nil {
		return err
	}
	return measurePlain(ctx, m.url, judged, verbose)
}

func readSynonyms(path string) (same search.Synonyms, err error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.ReadFile(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, err
	}
	return search.ParseSynonyms(strings.NewReader(string(file)))
}
