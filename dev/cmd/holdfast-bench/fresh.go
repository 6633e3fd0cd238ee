package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
)

// freshBench changes stock and searches until the change is found.
type freshBench struct {
	Elasticsearch string        `help:"URL of Elasticsearch; without it the embedded index." env:"ELASTICSEARCH_URL"`
	N             int           `default:"200" help:"Changes."`
	Poll          time.Duration `default:"5ms" help:"Pause between two searches."`
}

// Run measures one change after the other, at irregular moments.
func (b *freshBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{WithoutUI: true, ElasticsearchURL: b.Elasticsearch, ElasticsearchPrefix: benchPrefix + "fresh-"})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	s, err := newShop(st.URL, "", 2)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("fresh-%d", time.Now().UnixMilli())
	if err := s.product(ctx, id, 1); err != nil {
		return err
	}
	if err := searchUntil(ctx, st.URL, id, 1, b.Poll); err != nil {
		return err
	}
	available := int64(1)
	res, err := load.Run(ctx, b.N, 1, func(ctx context.Context, _ int) (time.Duration, error) {
		time.Sleep(time.Duration(rand.Int64N(int64(time.Second)))) //nolint:gosec,forbidigo // no secret; an irregular moment
		available++
		if _, err := s.Adjust(ctx, id, "", "", 1); err != nil {
			return 0, err
		}
		start := time.Now()
		err := searchUntil(ctx, st.URL, id, available, b.Poll)
		return time.Since(start), err
	}, nil)
	if err != nil {
		return err
	}
	out.printf("| a stock change is found after | p50 | p99 |\n|---|---:|---:|\n| %d changes | %.0f ms | %.0f ms |\n", b.N, ms(res.P(50)), ms(res.P(99)))
	return nil
}

// searchUntil searches for a product until it is shown with this many units.
func searchUntil(ctx context.Context, gateway, id string, available int64, poll time.Duration) error {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway+"/v1/products?q="+url.QueryEscape(id), http.NoBody)
		if err != nil {
			return err
		}
		found, err := shows(req, id, available)
		if found || err != nil {
			return err
		}
		time.Sleep(poll) //nolint:forbidigo // the resolution of the measurement
	}
	return fmt.Errorf("%s isn't found with %d units", id, available)
}

// shows reports whether a search finds the product with this many units.
func shows(req *http.Request, id string, available int64) (bool, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	var page struct {
		Items []struct {
			ID        string `json:"id"`
			Available int64  `json:"available"`
		} `json:"items"`
	}
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil || res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("search for %s: %s: %w", id, res.Status, err)
	}
	for _, p := range page.Items {
		if p.ID == id && p.Available == available {
			return true, nil
		}
	}
	return false, nil
}
