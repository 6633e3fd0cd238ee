package activities_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb/redistest"
)

// Two parts of an order and an operator's refund are recorded at once, again and again, as
// after lost answers. Together they never exceed the payment, and what a part could not get
// is its shortfall.
func TestRefundsAtOnceNeverExceedThePayment(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		docs, raced := records.New(rdb), 0
		for round := range 20 {
			paid := order.PaymentEvent{
				Provider: "sandbox", PaymentID: "p", OrderID: redistest.ID("o"), Type: order.PaymentSucceeded, Amount: 1000, Currency: "EUR",
			}
			attempts, err := order.EncodePayments(map[string]order.Attempt{paid.Key(): order.NewAttempt(paid, true)})
			require.NoError(t, err)
			require.NoError(t, docs.PutAsked(t.Context(), paid.OrderID, attempts))
			operators := order.RefundOf(paid, order.RefundRequested)
			operators.ID, operators.Amount = order.PartRefund("sandbox", "00000000-0000-4000-8000-000000000000"), 450
			asked := []order.Refund{
				order.RefundOfPart(paid, order.RefundPartCancelled, "m-1", 400), order.RefundOfPart(paid, order.RefundReturned, "m-2", 400), operators,
			}
			var begin, all sync.WaitGroup
			begin.Add(1)
			var mu sync.Mutex
			results := map[string][]order.Refund{}
			for _, r := range asked {
				for range 2 {
					all.Go(func() {
						begin.Wait()
						fitted, retries, err := fitPatiently(t.Context(), docs, r)
						if !assert.NoError(t, err) { //nolint:testifylint // require would end only this goroutine
							return
						}
						mu.Lock()
						defer mu.Unlock()
						raced += retries
						results[r.ID] = append(results[r.ID], fitted)
					})
				}
			}
			begin.Done()
			all.Wait()

			stored, err := docs.Payments(t.Context(), paid.OrderID)
			require.NoError(t, err)
			money, err := order.ReadPayments(stored)
			require.NoError(t, err)
			sum, short := int64(0), int64(0)
			for _, r := range money.Refunds {
				for _, result := range results[r.ID] {
					require.Equal(t, r, result, "each call gets what is on record")
				}
				if r.Status.Counts() {
					sum += r.Amount
				}
				short += r.Shortfall
			}
			require.LessOrEqual(t, sum, int64(1000), "round %d", round)
			if results[operators.ID][0].Status == order.RefundTooLarge { // the two parts came first
				require.Equal(t, int64(800), sum)
				require.Zero(t, short)
			} else {
				require.Equal(t, int64(1000), sum)
				require.Equal(t, int64(250), short)
			}
		}
		require.Positive(t, raced, "no two refunds met")
	})
}

// fitPatiently repeats the activity as its policy does, and counts the repetitions.
func fitPatiently(ctx context.Context, docs *records.Store, r order.Refund) (fitted order.Refund, retries int, err error) {
	fit := &activities.FitRefund{Records: stored{docs}}
	for {
		fitted, err = fit.Execute(ctx, r)
		app, isApp := errors.AsType[*temporal.ApplicationError](err)
		if err == nil || (isApp && app.NonRetryable()) || retries > 1000 {
			return fitted, retries, err
		}
		retries++
	}
}

// stored reads from Redis alone.
type stored struct{ *records.Store }

func (s stored) Everything(ctx context.Context, orderID string) (order.Stored, error) {
	all, err := s.ReadMany(ctx, []string{orderID})
	if err != nil {
		return order.Stored{}, fmt.Errorf("read order %s: %w", orderID, err)
	}
	return all[0], nil
}

// The refund of an order's last units overtakes that of a part that was cancelled before: nothing is owed
// any more when both are done.
func TestTheRefundOfTheRestLeavesEarlierPartsTheirMoney(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		docs := records.New(rdb)
		paid := order.PaymentEvent{
			Provider: "sandbox", PaymentID: "p", OrderID: redistest.ID("o"), Type: order.PaymentSucceeded, Amount: 1000, Currency: "EUR",
		}
		attempts, err := order.EncodePayments(map[string]order.Attempt{paid.Key(): order.NewAttempt(paid, true)})
		require.NoError(t, err)
		require.NoError(t, docs.PutAsked(t.Context(), paid.OrderID, attempts))
		o := order.Order{
			ID: paid.OrderID, CustomerID: "ada", Version: 5, Status: order.StatusAwaitingShipment, Currency: "EUR",
			Lines:   []order.Line{{ID: "1", ProductID: "mug", SKU: "blue", Quantity: 5, UnitPrice: 200, Amount: 1000}},
			Payment: order.Payment{Status: order.PaymentPaid, Provider: paid.Provider, ID: paid.PaymentID},
			Fulfilment: &order.Fulfilment{Removals: []order.Removal{
				{ID: "m-1", Lines: []order.LineUnits{{LineID: "1", Quantity: 1}}, Refund: 200},
				{ID: "m-2", Lines: []order.LineUnits{{LineID: "1", Quantity: 1}}, Refund: 200},
			}},
		}
		record, err := order.NewRecord(&o, nil)
		require.NoError(t, err)
		require.NoError(t, docs.Put(t.Context(), record))

		amounts := []int64{200, 600, 200}
		for i, r := range []order.Refund{
			order.RefundOfPart(paid, order.RefundPartCancelled, "m-1", 200),
			order.RefundOf(paid, order.RefundCancelled),
			order.RefundOfPart(paid, order.RefundPartCancelled, "m-2", 200),
		} {
			fitted, _, err := fitPatiently(t.Context(), docs, r)
			require.NoError(t, err)
			require.Equal(t, amounts[i], fitted.Amount, "%s", r.ID)
			require.Zero(t, fitted.Shortfall, "%s", r.ID)
		}
	})
}
