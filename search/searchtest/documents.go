package searchtest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// requireOrder compares orders, with their documents by content, since an index may format
// JSON in its own way.
func requireOrder(t *testing.T, want, got search.Order) {
	t.Helper()
	requireJSON(t, want.Document, got.Document)
	require.Len(t, got.Payments, len(want.Payments))
	for field, doc := range want.Payments {
		requireJSON(t, doc, got.Payments[field])
	}
	want.Document, want.Payments, got.Document, got.Payments = nil, nil, nil, nil
	require.Equal(t, want, got)
}

// requireEvent does the same for events.
func requireEvent(t *testing.T, want, got search.Event) {
	t.Helper()
	requireJSON(t, want.Stock, got.Stock)
	requireJSON(t, want.Prices, got.Prices)
	want.Stock, want.Prices, got.Stock, got.Prices = nil, nil, nil, nil
	require.Equal(t, want, got)
}

// requireJSON compares numbers as written: money must not be rounded.
func requireJSON(t *testing.T, want, got json.RawMessage) {
	t.Helper()
	if len(want) == 0 {
		require.Empty(t, got)
		return
	}
	require.Equal(t, decoded(t, want), decoded(t, got))
}

func decoded(t *testing.T, doc json.RawMessage) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(doc)))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v), "%s", doc)
	return v
}
