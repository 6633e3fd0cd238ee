package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/settings"
)

// limited is one more gateway of the shop, with limits.
func limited(t *testing.T, opts stack.Options) *shoptest.Shop {
	t.Helper()
	main := everything.stack
	opts.RedisURL, opts.WithoutSearch = main.RedisURL, true
	opts.Temporal = &client.Options{HostPort: main.TemporalAddress, Namespace: main.Namespace}
	s, err := stack.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := stop(s); err != nil {
			t.Error(err)
		}
	})
	shop, err := shoptest.At(s.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	return shop
}

func orderFor(t *testing.T, customer, product string, quantity int64) shoptest.Call {
	t.Helper()
	return shoptest.Call{Method: http.MethodPost, Path: "/v1/orders", Body: shoptest.JSON(t, map[string]any{
		"customerId": customer, "lines": []shoptest.Line{{ProductID: product, Quantity: quantity}},
	})}
}

func TestOneCustomerHasNoMoreOpenOrdersThanTheLimit(t *testing.T) {
	const limit, atOnce = 5, 50
	open(t)
	shop := limited(t, stack.Options{Shop: settings.Shop{MaxOpenOrders: strconv.Itoa(limit)}})
	shop.Offer(t, "quota", 1000)
	one := orderFor(t, "greedy", "quota", 1)

	var mu sync.Mutex
	var got []order.Order
	var crowd errgroup.Group
	for range atOnce {
		crowd.Go(func() error {
			a, err := shop.Do(t.Context(), one)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			var o order.Order
			switch a.Status {
			case http.StatusCreated:
				err = json.Unmarshal(a.Body, &o)
				got = append(got, o)
			case http.StatusTooManyRequests:
				var seconds int
				if seconds, err = strconv.Atoi(a.Header.Get("Retry-After")); err == nil && (seconds < 1 || seconds > 15*60) {
					err = fmt.Errorf("told to come again in %d s", seconds)
				}
			default:
				err = fmt.Errorf("status %d: %s", a.Status, a.Body)
			}
			return err
		})
	}
	require.NoError(t, crowd.Wait())
	require.Len(t, got, limit)
	shoptest.Until(t, "only the open orders hold stock", func(ctx context.Context) error {
		a, err := shop.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: "/v1/products/quota"})
		var p struct {
			Variants []struct {
				Held int64 `json:"held"`
			} `json:"variants"`
		}
		if err == nil {
			err = json.Unmarshal(a.Body, &p)
		}
		if err == nil && p.Variants[0].Held != limit {
			err = fmt.Errorf("%d units are held", p.Variants[0].Held)
		}
		return err
	})

	full := func() {
		t.Helper()
		require.Equal(t, "too-many-open-orders", shop.Must(t, http.StatusTooManyRequests, one).Problem(t))
	}
	full()
	shop.Must(t, http.StatusCreated, orderFor(t, "modest", "quota", 1)) // other customers have limits of their own

	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, got[0].ID))
	shop.Must(t, http.StatusCreated, one)
	full()
	require.NoError(t, shop.TellIt(t.Context(), shoptest.PaymentOf(got[1])))
	shop.Await(t, got[1].ID, order.StatusAwaitingShipment)
	shop.Must(t, http.StatusCreated, one)
	full()
}

func TestAnExpiredOrderMakesRoomForTheNext(t *testing.T) {
	open(t)
	shop := limited(t, stack.Options{Shop: settings.Shop{MaxOpenOrders: "1", PaymentWindow: hastyWindow}})
	shop.Offer(t, "quota-hasty", 10)
	one := orderFor(t, "hasty", "quota-hasty", 1)
	var first order.Order
	shop.Must(t, http.StatusCreated, one).Into(t, &first)
	again := shop.Must(t, http.StatusTooManyRequests, one)
	seconds, err := strconv.Atoi(again.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.LessOrEqual(t, time.Duration(seconds)*time.Second, hastyWindow)
	shop.Await(t, first.ID, order.StatusExpired)
	shop.Must(t, http.StatusCreated, one)
}

func TestAnOrderHasNoMoreUnitsThanTheLimit(t *testing.T) {
	open(t)
	shop := limited(t, stack.Options{Shop: settings.Shop{MaxUnits: "3", MaxCustomerUnits: settings.Unlimited}})
	shop.Offer(t, "units", 100)
	var p struct {
		Shortages []order.Shortage `json:"shortages"`
	}
	a := shop.Must(t, http.StatusConflict, orderFor(t, "c", "units", 4))
	require.Equal(t, "over-limit", a.Problem(t))
	a.Into(t, &p)
	require.Equal(t, int64(3), p.Shortages[0].Limit)
	shop.Must(t, http.StatusConflict, shoptest.Placement(t, "",
		shoptest.Line{ProductID: "units", Quantity: 2}, shoptest.Line{ProductID: "units", Quantity: 2}))
	shop.Must(t, http.StatusCreated, orderFor(t, "c", "units", 3))
}
