package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"

	"holdfast/audit"
	"holdfast/dev/test/shoptest"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// erasurePatience is longer than the two looks that an erasure takes at least.
const erasurePatience = 5 * time.Minute

// person is a customer whose words are found wherever they are.
type person struct {
	*shoptest.Shop
	t     *testing.T
	id    string
	words []string
	rdb   redis.UniversalClient
	begun time.Time
}

func newPerson(t *testing.T, shop *shoptest.Shop) *person {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), everything.stack.RedisURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	p := &person{Shop: shop, t: t, id: fmt.Sprint("person-", time.Now().UnixNano()), rdb: rdb, begun: time.Now()}
	for _, what := range []string{"name", "street", "email", "phone", "note", "meta"} {
		p.words = append(p.words, fmt.Sprintf("planted-%s-%s", what, p.id[len("person-"):]))
	}
	return p
}

func (p *person) address() order.Address {
	return order.Address{Recipient: p.words[0], Line1: p.words[1], Email: p.words[2] + "@example.com", Phone: p.words[3], City: "London", Country: "GB"}
}

func (p *person) writes() {
	p.t.Helper()
	p.Must(p.t, http.StatusCreated, shoptest.Call{Method: http.MethodPut, Path: "/v1/customers/" + p.id, Body: shoptest.JSON(p.t, map[string]any{
		"name": p.words[0], "email": p.words[2] + "@example.com", "phone": p.words[3], "metadata": map[string]string{"said": p.words[5]},
	})})
}

func (p *person) placement(key string) shoptest.Call {
	return shoptest.Call{Method: http.MethodPost, Path: "/v1/orders", Key: key, Body: shoptest.JSON(p.t, map[string]any{
		"customerId": p.id, "lines": []shoptest.Line{{ProductID: "erased", Quantity: 1}}, "address": p.address(),
		"metadata": map[string]string{"said": p.words[5]}, "externalReference": p.words[5],
	})}
}

// rejects has a saga reject an order, as happens if the last units are sold while the order is placed.
func (p *person) rejects() {
	p.t.Helper()
	address := p.address()
	placed, err := sagaclient.New(everything.stack.Temporal, everything.stack.Namespace).Place(p.t.Context(), order.Placement{
		OrderID: "rejected-" + p.id, CustomerID: p.id, Lines: []order.LineRequest{{ProductID: "erased", Quantity: 1000}}, Address: &address,
		Metadata: map[string]string{"said": p.words[5]}, ExternalReference: p.words[5],
		Fingerprint: "f", Actor: "customer:" + p.id, PaymentWindow: time.Hour, Saga: order.SagaVersion,
	})
	require.NoError(p.t, err)
	require.Equal(p.t, order.StatusRejected, placed.Outcome.Status)
}

func (p *person) orders(in *shoptest.Shop, key string) (o order.Order) {
	p.t.Helper()
	in.Must(p.t, http.StatusCreated, p.placement(key)).Into(p.t, &o)
	return o
}

// found returns where the person's words are.
func (p *person) found() (places []string, err error) {
	ctx, s := p.t.Context(), everything.stack
	defer func() {
		for _, w := range p.words { // not even while the person is known
			if err == nil && strings.Contains(everything.logs.String(), w) {
				err = fmt.Errorf("a log has %s", w)
			}
		}
	}()
	look := func(where, text string) {
		for _, w := range p.words {
			if strings.Contains(text, w) {
				places = append(places, where+": "+w)
			}
		}
	}
	for key, err := range redisdb.Scan(ctx, p.rdb, "*") {
		if err != nil {
			return nil, err
		}
		dump, err := p.dump(key)
		if err != nil {
			return nil, err
		}
		look("Redis "+key, key+dump)
	}
	for after := ""; ; {
		page, err := s.Index.WalkOrders(ctx, after, 100)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].ID
		doc, err := json.Marshal(page)
		if err != nil {
			return nil, err
		}
		look("index", string(doc))
	}
	req := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: s.Namespace, Query: "StartTime >= '" + p.begun.UTC().Format(time.RFC3339Nano) + "'",
	}
	for {
		list, err := s.Temporal.ListWorkflow(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, e := range list.GetExecutions() {
			text, err := proto.Marshal(e)
			if err != nil {
				return nil, err
			}
			id := e.GetExecution().GetWorkflowId()
			look("list "+id, string(text))
			events := s.Temporal.GetWorkflowHistory(ctx, id, e.GetExecution().GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				if err != nil {
					break // it was deleted since it was listed
				}
				text, err := proto.Marshal(event)
				if err != nil {
					return nil, err
				}
				look("history "+id, string(text))
			}
		}
		if req.NextPageToken = list.GetNextPageToken(); len(req.NextPageToken) == 0 {
			return places, nil
		}
	}
}

// dump is everything under a key.
func (p *person) dump(key string) (string, error) {
	ctx := p.t.Context()
	kind, err := p.rdb.Type(ctx, key).Result()
	if err != nil {
		return "", err
	}
	switch kind {
	case "hash":
		all, err := p.rdb.HGetAll(ctx, key).Result()
		return fmt.Sprint(all), err
	case "stream":
		all, err := p.rdb.XRange(ctx, key, "-", "+").Result()
		return fmt.Sprint(all), err
	case "zset":
		all, err := p.rdb.ZRange(ctx, key, 0, -1).Result()
		return fmt.Sprint(all), err
	case "set":
		all, err := p.rdb.SMembers(ctx, key).Result()
		return fmt.Sprint(all), err
	case "list":
		all, err := p.rdb.LRange(ctx, key, 0, -1).Result()
		return fmt.Sprint(all), err
	case "none": // it has expired since
		return "", nil
	}
	return p.rdb.Get(ctx, key).Result()
}

type erasure struct {
	Status string `json:"status"`
	Erased int    `json:"erased"`
	Open   int    `json:"open"`
}

func (p *person) erase() {
	p.t.Helper()
	p.Must(p.t, http.StatusAccepted, shoptest.Call{Method: http.MethodPost, Path: "/v1/customers/" + p.id + "/erase"})
}

func (p *person) await(what string, wanted func(erasure) bool) {
	p.t.Helper()
	var e erasure
	require.Eventually(p.t, func() bool {
		a, err := p.Do(p.t.Context(), shoptest.Call{Method: http.MethodGet, Path: "/v1/customers/" + p.id + "/erase"})
		return err == nil && json.Unmarshal(a.Body, &e) == nil && wanted(e)
	}, erasurePatience, time.Second, what)
}

func (p *person) requireForgotten(when string) {
	p.t.Helper()
	places, err := p.found()
	require.NoError(p.t, err)
	require.Empty(p.t, places, when)
}

// The person is in every place that there is, and afterwards in none; neither a rebuild nor a repair nor a
// late message brings anything back. The same person may come again.
func TestAPersonIsErasedEverywhere(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "erased", 20)
	p := newPerson(t, shop)
	p.writes()

	cancelled := p.orders(shop, "cancelled-"+p.id)
	shop.Must(t, http.StatusOK, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + cancelled.ID + "/cancel", Body: shoptest.JSON(t, map[string]string{"reason": "other", "note": p.words[4]}),
	})
	p.rejects()
	expired := p.orders(everything.hasty, "")
	shop.Await(t, expired.ID, order.StatusExpired)
	refunded := shop.Pay(t, p.orders(shop, ""))
	shop.Must(t, http.StatusOK, shoptest.Delivery(refunded.ID))
	a := shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + refunded.ID + "/refunds", Key: "r-" + p.id,
		Body: shoptest.JSON(t, map[string]any{"amount": 1, "note": p.words[4]}),
	})
	var refund order.Refund
	a.Into(t, &refund)
	shop.AwaitRefund(t, refunded.ID, refund.PaymentID, order.RefundPaid)
	waiting := shop.Pay(t, p.orders(shop, ""))
	cold := shop.Pay(t, p.orders(shop, ""))
	shop.Must(t, http.StatusOK, shoptest.Delivery(cold.ID))
	docs := records.New(p.rdb)
	late, err := docs.ReadMany(t.Context(), []string{cold.ID})
	require.NoError(t, err)
	shoptest.Until(t, "the view has the order", func(ctx context.Context) error {
		now, err := docs.ReadMany(ctx, []string{cold.ID})
		if err != nil {
			return err
		}
		o, err := everything.stack.Index.GetOrder(ctx, cold.ID)
		if err == nil && (o.Revision != now[0].Revision || !o.Closed()) {
			return fmt.Errorf("it has revision %d of %d", o.Revision, now[0].Revision)
		}
		late = now
		return err
	})
	gone, err := docs.Forget(t.Context(), cold.ID, late[0].Revision)
	require.NoError(t, err)
	require.True(t, gone, "only the view has it")
	places, err := p.found()
	require.NoError(t, err)
	for _, kind := range []string{"Redis", "index", "history"} {
		require.True(t, strings.Contains(strings.Join(places, "\n"), kind+" ") || strings.Contains(strings.Join(places, "\n"), kind+":"), "the test is blind: %s", places)
	}
	for _, place := range places {
		require.NotContains(t, place, ":events", "streams carry ids only")
	}

	p.erase()
	p.await("five orders are erased, one is open", func(e erasure) bool { return e.Erased == 5 && e.Open == 1 })
	a = shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + refunded.ID + "/refunds", Key: "late-" + p.id,
		Body: shoptest.JSON(t, map[string]any{"amount": 1, "note": p.words[4]}),
	})
	refund = order.Refund{}
	a.Into(t, &refund)
	require.Empty(t, refund.Note)
	shop.AwaitRefund(t, refunded.ID, refund.PaymentID, order.RefundPaid)
	require.Equal(t, p.words[0], shop.Order(t, waiting.ID).Address.Recipient, "it has to be delivered")
	require.Nil(t, shop.Order(t, refunded.ID).Address)
	require.Equal(t, refunded.Lines[0].Amount, shop.Order(t, refunded.ID).Lines[0].Amount)

	shop.Must(t, http.StatusOK, shoptest.Delivery(waiting.ID))
	p.erase()
	p.await("it is completed", func(e erasure) bool { return e.Status == "completed" })
	shoptest.Until(t, "the view follows and Temporal deletes", func(context.Context) error {
		places, err := p.found() //nolint:contextcheck // it has the test's
		if err == nil && len(places) > 0 {
			err = fmt.Errorf("%d places, such as %s", len(places), places[0])
		}
		return err
	})
	booksOf(everything.stack).RequireClean(t)

	sagas := sagaclient.New(everything.stack.Temporal, everything.stack.Namespace)
	shoptest.Until(t, "a worker that has an index rebuilds the view", func(ctx context.Context) error {
		work, err := sagas.Rebuild(ctx, saga.RebuildParams{View: "orders"})
		if err != nil {
			return err
		}
		return work.Result(ctx, nil)
	})
	p.requireForgotten("after a rebuild of the view")
	repaired, err := audit.Repairer{
		Config: audit.Config{Books: audit.NewRedisBooks(p.rdb), Orders: sagas}, Stock: inventory.New(p.rdb), Records: docs,
	}.Run(t.Context())
	require.NoError(t, err)
	require.Empty(t, repaired.Findings)
	o, err := late[0].Order()
	require.NoError(t, err)
	o.Version++
	r, err := order.NewRecord(&o, nil)
	require.NoError(t, err)
	require.NoError(t, docs.Put(t.Context(), r))
	p.requireForgotten("after a repair and a late write")
	answer := shop.Must(t, http.StatusConflict, p.placement("cancelled-"+p.id))
	require.Equal(t, "order-erased", answer.Problem(t))

	p.writes()
	again := p.orders(shop, "")
	require.Equal(t, p.words[0], shop.Order(t, again.ID).Address.Recipient)
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, again.ID))
}
