package shoptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

// Line orders units of a product with one variant.
type Line struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
}

// Placement is the request for an order of these lines.
func Placement(t testing.TB, key string, lines ...Line) Call {
	t.Helper()
	return Call{Method: http.MethodPost, Path: "/v1/orders", Key: key, Body: JSON(t, map[string]any{
		"customerId": "customer-1", "lines": lines,
	})}
}

// Place places an order that gets its stock at once.
func (s *Shop) Place(t testing.TB, lines ...Line) order.Order {
	t.Helper()
	var o order.Order
	a := s.Must(t, http.StatusCreated, Placement(t, "", lines...))
	a.Into(t, &o)
	require.Equal(t, order.StatusAwaitingPayment, o.Status)
	require.Equal(t, "/v1/orders/"+o.ID, a.Header.Get("Location"))
	return o
}

// Order reads an order.
func (s *Shop) Order(t testing.TB, id string) order.Order {
	t.Helper()
	o, err := s.read(t.Context(), id, "")
	require.NoError(t, err)
	return o
}

func (s *Shop) read(ctx context.Context, id, query string) (order.Order, error) {
	a, err := s.Do(ctx, Call{Method: http.MethodGet, Path: "/v1/orders/" + id + query})
	if err != nil {
		return order.Order{}, err
	}
	if a.Status != http.StatusOK && a.Status != http.StatusAccepted {
		return order.Order{}, fmt.Errorf("read order %s: status %d: %s", id, a.Status, a.Body)
	}
	var o order.Order
	if err := json.Unmarshal(a.Body, &o); err != nil {
		return order.Order{}, fmt.Errorf("read order %s: %w", id, err)
	}
	return o, nil
}

// longestWait is how long the gateway may delay an answer until the order changes.
const longestWait = 10 * time.Second

// Await waits until the order has this status, and returns it. An order that ends otherwise
// fails the test at once.
func (s *Shop) Await(t testing.TB, id string, status order.Status) order.Order {
	t.Helper()
	o, err := s.AwaitAny(t.Context(), id, status)
	require.NoError(t, err)
	return o
}

// AwaitAny is Await for any of several statuses, and for goroutines.
func (s *Shop) AwaitAny(ctx context.Context, id string, wanted ...order.Status) (order.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	var o order.Order
	err := wait(ctx, func(ctx context.Context) (err error) {
		query := ""
		if o.ID != "" {
			query = fmt.Sprintf("?wait=%s&version=%d", longestWait, o.Version)
		}
		seen, err := s.read(ctx, id, query)
		if err != nil {
			return err
		}
		o = seen
		if !slices.Contains(wanted, o.Status) && !o.Closed() {
			return fmt.Errorf("order %s is %s: %w", id, o.Status, errNotYet)
		}
		return nil
	})
	if err == nil && !slices.Contains(wanted, o.Status) {
		err = fmt.Errorf("order %s ended as %s %s, not as any of %v", id, o.Status, o.CancelReason, wanted)
	}
	return o, err
}

// AwaitNode waits until a step with this name is in the order's journal.
func (s *Shop) AwaitNode(t testing.TB, id, node string) {
	t.Helper()
	Until(t, "step "+node, func(ctx context.Context) error {
		o, err := s.read(ctx, id, "")
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(o.Journal, func(e order.Entry) bool { return e.Node == node }) {
			return errNotYet
		}
		return nil
	})
}

var errNotYet = errors.New("not yet")

// Cancellation is the request to cancel an order for its customer.
func Cancellation(t testing.TB, id string) Call {
	t.Helper()
	return Call{
		Method: http.MethodPost, Path: "/v1/orders/" + id + "/cancel",
		Body: JSON(t, map[string]string{"reason": string(order.ReasonCustomer)}),
	}
}

// Delivery is the request to record that an order was delivered.
func Delivery(id string) Call {
	return Call{Method: http.MethodPost, Path: "/v1/orders/" + id + "/deliver"}
}
