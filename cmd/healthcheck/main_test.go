package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHealthyIsASuccessfulAnswerAndNothingElse(t *testing.T) {
	for status, healthy := range map[int]bool{
		http.StatusOK:                  true,
		http.StatusNoContent:           true,
		http.StatusNotFound:            false,
		http.StatusServiceUnavailable:  false,
		http.StatusInternalServerError: false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
		}))
		err := check(t.Context(), server.URL)
		server.Close()
		if healthy {
			require.NoError(t, err, "status %d", status)
		} else {
			require.Error(t, err, "status %d", status)
		}
	}
}

func TestNobodyListeningIsUnhealthy(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	require.Error(t, check(t.Context(), server.URL))
}
