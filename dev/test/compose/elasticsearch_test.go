package compose

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/await"
	"holdfast/dev/loopback"
)

// elasticsearch is where the services find theirs: a real one if ELASTICSEARCH_URL names
// one, otherwise an address on which nothing listens. Their views have the names of
// production, so no others may exist there, and what the services created is removed.
func elasticsearch(t *testing.T) (url string, there bool) {
	t.Helper()
	url = strings.TrimSuffix(os.Getenv("ELASTICSEARCH_URL"), "/")
	if url == "" {
		if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "elasticsearch") {
			t.Fatal("elasticsearch is required, but ELASTICSEARCH_URL is not set")
		}
		free, err := loopback.Ports(0)
		require.NoError(t, err)
		return "http://" + loopback.Address(free[0]), false
	}
	require.Empty(t, views(t, url), "%s has somebody's views: these tests need a server without any", url)
	t.Cleanup(func() {
		for _, index := range views(t, url) {
			_, err := ask(context.WithoutCancel(t.Context()), http.MethodDelete, url+"/"+index, http.StatusOK)
			require.NoError(t, err)
		}
		_, err := ask(context.WithoutCancel(t.Context()), http.MethodDelete, url+"/_data_stream/product-events", http.StatusOK)
		if err != nil {
			t.Logf("the events stay on the server: %v", err) // the server of the tests lacks this call
		}
	})
	return url, true
}

// views lists the indices that answer for a Holdfast.
func views(t *testing.T, url string) []string {
	t.Helper()
	all := map[string]any{}
	for _, alias := range []string{"products", "orders"} {
		body, err := ask(context.WithoutCancel(t.Context()), http.MethodGet, url+"/_alias/"+alias, http.StatusOK, http.StatusNotFound)
		require.NoError(t, err)
		var found struct{ Error any }
		require.NoError(t, json.Unmarshal(body, &found))
		if found.Error == nil {
			require.NoError(t, json.Unmarshal(body, &all))
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// ask sends a request without a body, and requires one of these statuses.
func ask(ctx context.Context, method, url string, statuses ...int) ([]byte, error) {
	return askAs(ctx, "", method, url, statuses...)
}

// askAs is ask with a token.
func askAs(ctx context.Context, token, method, url string, statuses ...int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && !slices.Contains(statuses, response.StatusCode) {
		err = fmt.Errorf("%s %s: %s: %s", method, url, response.Status, body)
	}
	return body, err
}

// requireFound waits until a list has this many items: views follow within a second.
func requireFound(t *testing.T, url string, total int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	token := operatorsToken(t)
	require.NoError(t, await.Success(ctx, func(ctx context.Context) error {
		body, err := askAs(ctx, token, http.MethodGet, url, http.StatusOK)
		if err != nil {
			return err
		}
		var page struct{ Total int }
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		if page.Total != total {
			return fmt.Errorf("%s has %d: %s", url, page.Total, body)
		}
		return nil
	}))
}
