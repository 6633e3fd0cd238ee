package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

func TestOneKeyIsOneOrder(t *testing.T) {
	const times = 20
	shop := open(t)
	shop.Offer(t, "keyed", 3)
	place := shoptest.Placement(t, "basket-7", shoptest.Line{ProductID: "keyed", Quantity: 2})
	var mu sync.Mutex
	ids := map[string]int{}
	var retries errgroup.Group
	for range times {
		retries.Go(func() error {
			a, err := shop.Do(t.Context(), place)
			if err != nil {
				return err
			}
			if a.Status != http.StatusCreated {
				return fmt.Errorf("status %d: %s", a.Status, a.Body)
			}
			var o order.Order
			if err := json.Unmarshal(a.Body, &o); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			ids[o.ID]++
			return nil
		})
	}
	require.NoError(t, retries.Wait())
	require.Len(t, ids, 1)
	shop.RequireStock(t, "keyed", 3, 2)

	other := shoptest.Placement(t, "basket-7", shoptest.Line{ProductID: "keyed", Quantity: 1})
	require.Equal(t, "idempotency-mismatch", shop.Must(t, http.StatusUnprocessableEntity, other).Problem(t))
	shop.RequireStock(t, "keyed", 3, 2)

	// The order is found again though its units are gone, and also after its end.
	var o, again order.Order
	shop.Must(t, http.StatusCreated, place).Into(t, &o)
	o = shop.Pay(t, o)
	shop.Must(t, http.StatusOK, shoptest.Delivery(o.ID))
	shop.Must(t, http.StatusCreated, place).Into(t, &again)
	require.Equal(t, o.ID, again.ID)
	require.Equal(t, "idempotency-mismatch", shop.Must(t, http.StatusUnprocessableEntity, other).Problem(t))
	shop.RequireStock(t, "keyed", 1, 0)
}
