package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
)

func TestReadinessAndMetrics(t *testing.T) {
	shop := open(t)
	var ready struct {
		Status string            `json:"status"`
		Checks map[string]string `json:"checks"`
	}
	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/readyz"}).Into(t, &ready)
	require.Equal(t, "ok", ready.Status)
	require.Equal(t, map[string]string{"temporal": "ok", "redis": "ok", "search": "ok"}, ready.Checks)
	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/healthz"})

	shop.Offer(t, "counted", 1)
	before := placements(t, shop)
	shop.Place(t, shoptest.Line{ProductID: "counted", Quantity: 1})
	shop.Must(t, http.StatusConflict, shoptest.Placement(t, "", shoptest.Line{ProductID: "counted", Quantity: 1}))
	after := placements(t, shop)
	require.Equal(t, int64(1), after["held"]-before["held"])
	require.Equal(t, int64(1), after["refused"]-before["refused"])
}
