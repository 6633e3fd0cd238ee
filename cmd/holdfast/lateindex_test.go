package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/cmd/holdfast/gatewaytest"
	"holdfast/search"
)

var _ api.Index = (*lateIndex)(nil)

// openIndex answers one thing, and knows whether it was closed.
type openIndex struct {
	search.Index
	closed atomic.Bool
}

func (i *openIndex) GetOrder(context.Context, string) (search.Order, error) {
	return search.Order{}, search.ErrNotFound
}

func (i *openIndex) Close() error {
	i.closed.Store(true)
	return nil
}

func TestAnIndexMayComeLate(t *testing.T) {
	var tries atomic.Int64
	there := &openIndex{}
	log := slog.New(slog.DiscardHandler)
	late, err := connectIndex(t.Context(), func(context.Context) (search.Index, error) {
		if tries.Add(1) < 2 {
			return nil, &search.UnavailableError{Doing: "open", Cause: errors.New("connection refused")}
		}
		return there, nil
	}, log)
	require.NoError(t, err)
	_, err = late.GetOrder(t.Context(), "o")
	require.ErrorIs(t, err, search.ErrUnavailable)
	_, err = late.SearchProducts(t.Context(), search.ProductQuery{})
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.Eventually(t, func() bool {
		_, err := late.GetOrder(t.Context(), "o")
		return errors.Is(err, search.ErrNotFound)
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, late.Close())
	require.True(t, there.closed.Load())
}

func TestAnIndexThatNeverComesIsGivenUpAtTheEnd(t *testing.T) {
	down := &search.UnavailableError{Doing: "open", Cause: errors.New("connection refused")}
	late, err := connectIndex(t.Context(), func(context.Context) (search.Index, error) { return nil, down }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, late.Close())

	wrong := errors.New("no URL")
	_, err = connectIndex(t.Context(), func(context.Context) (search.Index, error) { return nil, wrong }, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, wrong, "a mistake isn't waited for")
}

func TestBadSynonymsAreRefusedBeforeTheWait(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
	t.Setenv("ELASTICSEARCH_URL", "http://127.0.0.1:1")
	bad := filepath.Join(t.TempDir(), "synonyms.txt")
	require.NoError(t, os.WriteFile(bad, []byte("sofa, couch\nsofa\n"), 0o600))
	for file, says := range map[string]string{bad: "line 2", "nowhere.txt": "nowhere.txt"} {
		t.Setenv("HOLDFAST_SYNONYMS", file)
		for _, command := range []string{"api", "worker"} {
			code, _, stderr := holdfast(t, command, "--wait", "1h")
			require.Equal(t, exitUsage, code)
			require.Contains(t, stderr, says)
			require.Contains(t, stderr, "HOLDFAST_SYNONYMS")
		}
	}
}
