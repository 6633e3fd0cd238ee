package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/identity"
	"holdfast/order"
	"holdfast/settings"
)

func guests(t *testing.T) *identity.Guests {
	t.Helper()
	g, err := identity.NewGuests("a secret of the tests, thirty-two bytes or more", identity.Names{}, time.Hour)
	require.NoError(t, err)
	return g
}

// asGuest is a call of a new guest's.
func asGuest(t *testing.T, shop *shoptest.Shop, c shoptest.Call) shoptest.Call {
	t.Helper()
	var made struct{ Token string }
	shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: "/v1/guests"}).Into(t, &made)
	c.Header = http.Header{"Authorization": {"Bearer " + made.Token}}
	return c
}

// As many guests as orders, all from one address: no more orders than the limit hold stock, and
// each that is paid or cancelled makes room for another one.
func TestAllGuestsOfANetworkTogetherHaveNoMoreOpenOrdersThanTheLimit(t *testing.T) {
	const limit, atOnce = 5, 40
	open(t)
	shop := limited(t, stack.Options{Guests: guests(t), Shop: settings.Shop{MaxNetworkOrders: strconv.Itoa(limit)}})
	shop.Offer(t, "guests-mug", 1000)
	body := shoptest.JSON(t, map[string]any{"lines": []shoptest.Line{{ProductID: "guests-mug", Quantity: 1}}})
	place := shoptest.Call{Method: http.MethodPost, Path: "/v1/orders", Body: body}

	type placed struct {
		order.Order
		header http.Header
	}
	var mu sync.Mutex
	var got []placed
	var crowd errgroup.Group
	for range atOnce {
		one := asGuest(t, shop, place)
		crowd.Go(func() error {
			a, err := shop.Do(t.Context(), one)
			switch {
			case err != nil:
				return err
			case a.Status == http.StatusTooManyRequests:
				return nil
			case a.Status != http.StatusCreated:
				return fmt.Errorf("status %d: %s", a.Status, a.Body)
			}
			mine := placed{header: one.Header}
			if err := json.Unmarshal(a.Body, &mine.Order); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, mine)
			return nil
		})
	}
	require.NoError(t, crowd.Wait())
	require.Len(t, got, limit)

	shop.Must(t, http.StatusTooManyRequests, asGuest(t, shop, place))
	path := "/v1/orders/" + got[0].ID
	shop.Must(t, http.StatusNotFound, shoptest.Call{Method: http.MethodGet, Path: path, Header: got[1].header})
	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPost, Path: path + "/cancel", Header: got[0].header})
	var offer shoptest.Offer
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + got[1].ID + "/payment", Header: got[1].header, Body: []byte("{}"),
	}).Into(t, &offer)
	shop.Choose(t, offer, "pay")
	shop.Await(t, got[1].ID, order.StatusAwaitingShipment)
	for range 2 {
		again := asGuest(t, shop, place)
		shoptest.Until(t, "room for another order", func(ctx context.Context) error {
			a, err := shop.Do(ctx, again)
			if err == nil && a.Status != http.StatusCreated {
				err = errors.New(string(a.Body))
			}
			return err
		})
	}
	shop.Must(t, http.StatusTooManyRequests, asGuest(t, shop, place))
	for _, o := range got[2:] {
		shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/cancel", Header: o.header})
	}
}
