package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/saga"
)

// delistTimeout bounds one delisting of some hundreds of orders on a slow machine.
const delistTimeout = 2 * time.Minute

func TestDelistingCancelsEveryUnpaidOrder(t *testing.T) {
	const unpaid, paid, racers = 240, 10, 8
	shop := open(t)
	const stock = 100_000
	shop.Offer(t, "ended", stock)
	shop.Offer(t, "beside", stock)
	both := []shoptest.Line{{ProductID: "ended", Quantity: 1}, {ProductID: "beside", Quantity: 2}}

	orders := placeMany(t, shop, unpaid+paid, both)
	for _, o := range orders[:paid] {
		shop.Pay(t, o)
	}
	race := startRace(t, shop, racers, both)
	race.awaitPlaced(t, racers) // all are ordering when the delisting begins
	awaitDelisting(t, shop.Delist(t, "ended"))
	orders = append(orders, race.end(t)...)
	t.Logf("%d orders won the race into a hold", len(orders)-unpaid-paid)

	// The delisting is done: all of them have been signalled, and have released.
	sold := int64(paid)
	for i, o := range orders {
		o = shop.Order(t, o.ID)
		if i < paid {
			require.Equal(t, order.StatusAwaitingShipment, o.Status)
			continue
		}
		require.Equal(t, order.StatusCancelled, shop.Await(t, o.ID, order.StatusCancelled).Status)
		require.Equal(t, order.ReasonDelisted, shop.Order(t, o.ID).CancelReason)
	}
	shop.RequireStock(t, "ended", stock-sold, 0)
	shop.RequireStock(t, "beside", stock-2*sold, 0)
	refused := shop.Must(t, http.StatusConflict, shoptest.Placement(t, "", both...))
	require.Equal(t, "not-listed", refused.Problem(t))
	shop.Must(t, http.StatusOK, shoptest.Delivery(orders[0].ID)) // a paid order continues

	shop.List(t, "ended")
	o := shop.Place(t, both...)
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, o.ID).Status)
	shop.Pay(t, o)
}

func awaitDelisting(t *testing.T, workflowID string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), delistTimeout)
	defer cancel()
	var res saga.DelistResult
	require.NoError(t, everything.stack.Temporal.GetWorkflow(ctx, workflowID, "").Get(ctx, &res))
	require.False(t, res.Relisted)
	t.Logf("%d orders were told of the delisting", res.Signalled)
}

func placeMany(t *testing.T, shop *shoptest.Shop, n int, lines []shoptest.Line) []order.Order {
	t.Helper()
	call := shoptest.Placement(t, "", lines...)
	orders := make([]order.Order, n)
	var group errgroup.Group
	group.SetLimit(16)
	for i := range orders {
		group.Go(func() error {
			a, err := shop.Do(t.Context(), call)
			if err == nil && a.Status != http.StatusCreated {
				err = fmt.Errorf("status %d: %s", a.Status, a.Body)
			}
			if err != nil {
				return err
			}
			return json.Unmarshal(a.Body, &orders[i])
		})
	}
	require.NoError(t, group.Wait())
	return orders
}

// race is customers who place orders until the product is off sale.
type race struct {
	group  errgroup.Group
	mu     sync.Mutex
	orders []order.Order
}

func startRace(t *testing.T, shop *shoptest.Shop, customers int, lines []shoptest.Line) *race {
	t.Helper()
	r := &race{}
	call := shoptest.Placement(t, "", lines...)
	for range customers {
		r.group.Go(func() error {
			for {
				a, err := shop.Do(t.Context(), call)
				switch {
				case err != nil:
					return err
				case a.Status == http.StatusConflict:
					return nil
				case a.Status != http.StatusCreated && a.Status != http.StatusAccepted:
					return fmt.Errorf("status %d: %s", a.Status, a.Body)
				}
				var o order.Order
				if err := json.Unmarshal(a.Body, &o); err != nil {
					return err
				}
				r.mu.Lock()
				r.orders = append(r.orders, o)
				r.mu.Unlock()
			}
		})
	}
	return r
}

func (r *race) awaitPlaced(t *testing.T, n int) {
	t.Helper()
	shoptest.Until(t, "the race has begun", func(context.Context) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.orders) < n {
			return fmt.Errorf("%d orders", len(r.orders))
		}
		return nil
	})
}

func (r *race) end(t *testing.T) []order.Order {
	t.Helper()
	require.NoError(t, r.group.Wait())
	return r.orders
}
