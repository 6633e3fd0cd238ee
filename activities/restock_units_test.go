package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
)

// reserves lets an order hold three shirts and two mugs.
func (s *shop) reserves(orderID string) product.Holder {
	s.Helper()
	s.offersMugs()
	h := product.Holder{OrderID: orderID, PlacedAt: time.UnixMilli(1)}
	var reqs []product.HoldRequest
	for id, n := range map[string]int64{"shirt": 3, "mug": 2} {
		reqs = append(reqs, product.HoldRequest{
			ProductID: id, OrderID: orderID, PlacedAt: h.PlacedAt, Try: 1, Deadline: time.Now().Add(time.Hour),
			Lines: []product.HoldLine{{Quantity: n, Price: product.AnyPrice}},
		})
	}
	_, err := s.stock.Hold(s.Context(), reqs)
	s.NoError(err)
	return h
}

// buys lets an order buy three shirts and two mugs.
func (s *shop) buys(orderID string) product.Holder {
	s.Helper()
	h := s.reserves(orderID)
	_, err := s.stock.Commit(s.Context(), h, []string{"shirt", "mug"})
	s.NoError(err)
	return h
}

func TestEachUnitComesBackOrIsRefused(t *testing.T) {
	s := open(t)
	h := s.buys("o")
	a := &activities.RestockUnits{Stock: s.stock}
	p := activities.RestockUnitsParams{
		OrderID: "o", PlacedAt: h.PlacedAt, ReturnID: order.PartID(order.RefundReturned, "m-1"),
		Items: map[string][]product.Item{
			"shirt": {{SKU: "m", Quantity: 1}, {SKU: "XXL", Quantity: 1}},
			"mug":   {{SKU: "white", Quantity: 1}, {SKU: "white", Quantity: 2}},
			"gone":  {{SKU: "x", Quantity: 4}},
		},
	}
	want := activities.RestockUnitsResult{
		Units: map[string]map[string]int64{"shirt": {"m": 1}, "mug": {"white": 2}},
		Refused: []activities.RestockRefusal{
			{ProductID: "gone", SKU: "x", Units: 4, Reason: activities.RestockReasonNotSold},
			{ProductID: "mug", SKU: "white", Units: 1, Reason: activities.RestockReasonNotSold},
			{ProductID: "shirt", SKU: "XXL", Units: 1, Reason: activities.RestockReasonNotSold},
		},
	}
	for range 2 {
		res, err := a.Execute(t.Context(), p)
		s.NoError(err)
		s.Equal(want, res)
	}
	p.Items["shirt"] = p.Items["shirt"][:1]
	_, err := a.Execute(t.Context(), p)
	app, isApp := errors.AsType[*temporal.ApplicationError](err)
	s.True(isApp && app.NonRetryable(), "%v", err)
}

// A failover may lose the sale to a paid order and keep its hold, which the sweeper would sell as a whole.
func TestUnitsWhoseSaleWasLostAreSoldBeforeTheyComeBack(t *testing.T) {
	s := open(t)
	h := s.reserves("o")
	a := &activities.RestockUnits{Stock: s.stock}
	p := activities.RestockUnitsParams{
		OrderID: "o", PlacedAt: h.PlacedAt, ReturnID: order.PartID(order.RefundPartCancelled, "m-1"),
		Items: map[string][]product.Item{"shirt": {{SKU: "m", Quantity: 1}}},
	}
	for range 2 {
		res, err := a.Execute(t.Context(), p)
		s.NoError(err)
		s.Equal(activities.RestockUnitsResult{Units: map[string]map[string]int64{"shirt": {"m": 1}}}, res)
		states, err := s.stock.Commit(t.Context(), h, []string{"shirt"}) // the sweeper's
		s.NoError(err)
		s.Equal([]product.HoldState{product.HoldStateCommitted}, states)
		s.Equal(units-2, s.books().OnHand)
		s.Zero(s.books().Held)
	}
	p.OrderID = "another"
	res, err := a.Execute(t.Context(), p)
	s.NoError(err)
	s.Equal(activities.RestockReasonNotSold, res.Refused[0].Reason)
}

func TestARefusedRestockSaysWhy(t *testing.T) {
	for reason, refuse := range map[activities.RestockReason]error{
		activities.RestockReasonNotFound:   product.ErrNotFound,
		activities.RestockReasonUnknownSKU: fmt.Errorf("%w: M", product.ErrUnknownSKU),
		activities.RestockReasonTooMany:    product.Invalid{{Path: "quantity"}},
		activities.RestockReasonNotSold:    product.ErrNotSold,
	} {
		t.Run(string(reason), func(t *testing.T) {
			a := &activities.RestockUnits{Stock: refusing{err: refuse, units: map[string]int64{"S": 1}}}
			res, err := a.Execute(t.Context(), activities.RestockUnitsParams{
				OrderID: "o", ReturnID: "r", Items: map[string][]product.Item{"p": {{SKU: "S", Quantity: 1}, {SKU: "M", Quantity: 2}}},
			})
			require.NoError(t, err)
			require.Equal(t, activities.RestockUnitsResult{
				Units:   map[string]map[string]int64{"p": {"S": 1}}, // the others come back all the same
				Refused: []activities.RestockRefusal{{ProductID: "p", SKU: "M", Units: 2, Reason: reason}},
			}, res)
		})
	}
	a := &activities.RestockUnits{Stock: refusing{err: errAway}}
	_, err := a.Execute(t.Context(), activities.RestockUnitsParams{
		OrderID: "o", ReturnID: "r", Items: map[string][]product.Item{"p": {{SKU: "S", Quantity: 1}}},
	})
	require.ErrorIs(t, err, errAway, "it is tried again")
}

func TestUnitsAreTakenForAnOrderOrListedAsShort(t *testing.T) {
	s := open(t)
	s.offersMugs()
	a := &activities.TakeUnits{Stock: s.stock}
	p := activities.TakeUnitsParams{
		OrderID: "o", PlacedAt: time.UnixMilli(1), TakingID: "a", Actor: "eva",
		Items: map[string][]product.Item{"shirt": {{SKU: "m", Quantity: 2}}, "mug": {{SKU: "white", Quantity: units + 1}}},
	}
	for range 2 {
		res, err := a.Execute(t.Context(), p)
		s.NoError(err)
		s.Equal([]order.Shortage{
			{ProductID: "mug", SKU: "white", Requested: units + 1, Available: units, Reason: product.ReasonOutOfStock},
		}, res.Shortages)
		s.Equal(units, s.books().OnHand)
	}
	p.TakingID = "white"
	p.Items["mug"] = []product.Item{{SKU: "white", Quantity: units}}
	for range 2 {
		res, err := a.Execute(t.Context(), p)
		s.NoError(err)
		s.Empty(res.Shortages)
		s.Equal(units-2, s.books().OnHand)
	}
	other := p
	other.Items = map[string][]product.Item{"shirt": {{SKU: "m", Quantity: 1}}}
	_, err := a.Execute(t.Context(), other)
	app, isApp := errors.AsType[*temporal.ApplicationError](err)
	s.True(isApp && app.NonRetryable(), "%v", err)
	p.PutBack = true
	for range 2 {
		_, err = a.Execute(t.Context(), p)
		s.NoError(err)
		s.Equal(units, s.books().OnHand)
	}
}

// The largest order, with the longest names.
func TestUnitsOfAnyOrderFitIntoActivities(t *testing.T) {
	items := map[string][]product.Item{}
	long := func(name string, n int) string { return fmt.Sprintf("%s-%0*d", name, 63-len(name), n) }
	for i := range order.MaxLines {
		id := long("p", i/product.MaxVariants)
		items[id] = append(items[id], product.Item{SKU: long("s", i), Quantity: product.MaxStock})
	}
	for i := range order.MaxLines {
		items[long("q", i)] = []product.Item{{SKU: long("s", 1), Quantity: product.MaxStock}}
	}
	parts := activities.SplitItems(items)
	all := map[string][]product.Item{}
	for _, part := range parts {
		for id, of := range part {
			require.NotContains(t, all, id)
			all[id] = of
		}
		input, err := json.Marshal(activities.TakeUnitsParams{
			OrderID: long("o", 1), PlacedAt: time.Now(), TakingID: strings.Repeat("t", 128), Actor: strings.Repeat("a", 255), Items: part, PutBack: true,
		})
		require.NoError(t, err)
		require.Less(t, len(input), 64<<10)
		require.Greater(t, len(input), 1<<10)
	}
	require.Equal(t, items, all)
	require.Less(t, len(parts), 15)
	require.Len(t, activities.SplitItems(map[string][]product.Item{"p": {{SKU: "S", Quantity: 1}}}), 1)
	require.Empty(t, activities.SplitItems(nil))
}

// refusing is a stock that refuses a restock.
type refusing struct {
	activities.Stock
	err   error
	units map[string]int64
}

func (r refusing) Restock(context.Context, product.Holder, string, string, []product.Item) (map[string]int64, error) {
	return r.units, r.err
}

func (refusing) CommitSale(context.Context, order.Sale) (order.SaleStates, error) {
	return order.SaleStates{Products: []product.HoldState{product.HoldStateReleased}}, nil
}
