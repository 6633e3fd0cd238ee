package views_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/redisdb/redistest"
	"holdfast/search"
	"holdfast/search/elastic"
)

// tagging publishes a chain that tags orders of two units or more.
func (h house) tagging(t *testing.T) {
	t.Helper()
	steps := map[string]any{"steps": []any{map[string]any{
		"command": "tag", "version": 1, "params": map[string]any{"tag": "vip"}, "when": "lines[0].quantity > 1",
	}}}
	h.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPut, Path: "/v1/scenarios/submit/draft", Body: shoptest.JSON(t, steps)})
	h.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: "/v1/scenarios/submit/publish"})
}

// sendBack opens a return of the order's first unit, and returns the return's path.
func (h house) sendBack(t *testing.T, o order.Order) string {
	t.Helper()
	h.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/deliver"})
	var opened struct{ ID string }
	path := "/v1/orders/" + o.ID + "/returns"
	h.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: path, Key: "return-" + o.ID, Body: shoptest.JSON(t, map[string]any{
		"lines": []any{map[string]any{"lineId": "1", "quantity": 1, "reason": "Too small"}},
	})}).Into(t, &opened)
	return path + "/" + opened.ID
}

func TestOrdersAreFoundByTagsAndReturnsAndCounted(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.tagging(t)
		h.offer(t, "coat", "Coat", 10)
		vip := h.Pay(t, h.Place(t, shoptest.Line{ProductID: "coat", Quantity: 2}))
		plain := h.Pay(t, h.Place(t, shoptest.Line{ProductID: "coat", Quantity: 1}))
		h.awaitOrders(t, "tag=vip", vip.ID)
		h.awaitOrders(t, "tag=vip&tag=other")
		back := h.sendBack(t, plain)
		h.awaitOrders(t, "return=requested", plain.ID)
		h.awaitOrders(t, "return=requested&tag=vip")
		h.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPost, Path: back + "/approve"})
		h.awaitOrders(t, "return=requested")
		h.awaitOrders(t, "return=approved", plain.ID)
		h.requireSameAsEntities(t)

		gateway, err := client.New(client.Config{URL: h.stack.URL})
		require.NoError(t, err)
		page, err := gateway.Orders(t.Context(), client.OrderFilter{Tag: []string{"vip"}})
		require.NoError(t, err)
		require.Equal(t, []string{"vip"}, page.Items[0].Tags)
		shoptest.Until(t, "the counts", func(ctx context.Context) error {
			counts, err := gateway.OrderCounts(ctx, 2)
			if err != nil {
				return err
			}
			placed := counts.Hours[0].Placed + counts.Hours[1].Placed
			if counts.Total != 2 || placed != 2 || counts.Statuses[client.OrderDelivered] != 1 || counts.Statuses[client.OrderAwaitingShipment] != 1 {
				return fmt.Errorf("%+v", counts)
			}
			return nil
		})
	})
}

// A view of the shape before: orders stay listed, and the worker that finds it rebuilds it with what the new
// shape has, orders that have left Redis included.
func TestAnOlderViewOfOrdersIsRebuiltWithTheirTags(t *testing.T) {
	redistest.Program(t)
	opts := stack.Options{Data: t.TempDir(), ElasticsearchURL: elasticsearch(t), ElasticsearchPrefix: prefix()}
	h := start(t, opts)
	h.tagging(t)
	h.offer(t, "coat", "Coat", 10)
	vip := h.Pay(t, h.Place(t, shoptest.Line{ProductID: "coat", Quantity: 2}))
	h.sendBack(t, vip)
	h.awaitFilled(t) // no worker fills a view on its own once orders have left Redis
	h.putCold(t, h.documents(t), "cold", func(o *order.Order) { o.Commands = &order.Commanded{Tags: []string{"vip"}} })
	h.awaitOrders(t, "tag=vip", vip.ID, "cold")
	h.awaitCaughtUp(t)
	h.stop(t)
	ageOrders(t, opts.ElasticsearchPrefix)

	x, err := elastic.Open(t.Context(), elastic.Options{URLs: []string{opts.ElasticsearchURL}, Prefix: opts.ElasticsearchPrefix, ReadOnly: true})
	require.NoError(t, err)
	defer x.Close() //nolint:errcheck // it was only read
	all, err := x.ListOrders(t.Context(), search.OrderQuery{})
	require.NoError(t, err)
	require.EqualValues(t, 2, all.Total)
	counts, err := x.CountOrders(t.Context(), search.OrderCountQuery{Now: time.Now()})
	require.NoError(t, err)
	require.EqualValues(t, 2, counts.Total)
	for _, q := range []search.OrderQuery{{Tag: []string{"vip"}}, {ReturnStatus: []order.ReturnStatus{order.ReturnRequested}}} {
		_, err = x.ListOrders(t.Context(), q)
		require.ErrorIs(t, err, search.ErrUnavailable)
	}

	h = start(t, opts)
	h.awaitOrders(t, "tag=vip", vip.ID, "cold")
	h.awaitOrders(t, "return=requested", vip.ID)
	h.requireSameAsEntities(t)
}

// ageOrders replaces the index of the orders by one as the program with shape 3 left it.
func ageOrders(t *testing.T, prefix string) {
	t.Helper()
	const age = 3
	added := []string{"tags", "returnStatuses"}
	alias := prefix + "orders"
	var found map[string]struct {
		Settings struct {
			Index struct {
				Analysis any `json:"analysis"`
			} `json:"index"`
		} `json:"settings"`
		Mappings map[string]any `json:"mappings"`
	}
	elasticCall(t, http.MethodGet, "/"+alias, nil, &found)
	require.Len(t, found, 1)
	for name, index := range found {
		var docs struct {
			Hits struct {
				Hits []struct {
					ID      string         `json:"_id"`
					Version int64          `json:"_version"`
					Source  map[string]any `json:"_source"`
				} `json:"hits"`
			} `json:"hits"`
		}
		elasticCall(t, http.MethodPost, "/"+name+"/_refresh", nil, nil)
		elasticCall(t, http.MethodPost, "/"+name+"/_search", map[string]any{"size": 100, "version": true}, &docs)
		require.NotEmpty(t, docs.Hits.Hits)
		elasticCall(t, http.MethodDelete, "/"+name, nil, nil)
		fields := index.Mappings["properties"].(map[string]any)
		for _, field := range added {
			require.Contains(t, fields, field)
			delete(fields, field)
		}
		index.Mappings["_meta"] = map[string]any{"shape": age, "complete": true}
		old := fmt.Sprintf("/%s_v%d-20260101000000-before", alias, age)
		elasticCall(t, http.MethodPut, old, map[string]any{
			"settings": map[string]any{"number_of_shards": 1, "auto_expand_replicas": "0-1", "analysis": index.Settings.Index.Analysis},
			"mappings": index.Mappings, "aliases": map[string]any{alias: map[string]any{}, fmt.Sprintf("%s_v%d", alias, age): map[string]any{}},
		}, nil)
		for _, d := range docs.Hits.Hits {
			for _, field := range added {
				delete(d.Source, field)
			}
			elasticCall(t, http.MethodPut, fmt.Sprintf("%s/_doc/%s?version=%d&version_type=external&refresh=true", old, d.ID, d.Version), d.Source, nil)
		}
	}
}

// elasticCall makes a request that has to succeed.
func elasticCall(t *testing.T, method, path string, body, into any) {
	t.Helper()
	var sent io.Reader = http.NoBody
	if body != nil {
		sent = bytes.NewReader(shoptest.JSON(t, body))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, elasticsearch(t)+path, sent)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Less(t, res.StatusCode, http.StatusMultipleChoices, "%s %s: %s", method, path, answer)
	if into != nil {
		d := json.NewDecoder(bytes.NewReader(answer))
		d.UseNumber() // revisions and amounts must not be rounded
		require.NoError(t, d.Decode(into))
	}
}
