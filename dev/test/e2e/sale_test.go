package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

func TestSoldOutNamesWhatIsLeft(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "soldout-a", 2)
	shop.Offer(t, "soldout-b", 2)
	shop.Place(t, shoptest.Line{ProductID: "soldout-a", Quantity: 1})
	a := shop.Must(t, http.StatusConflict, shoptest.Placement(t, "",
		shoptest.Line{ProductID: "soldout-a", Quantity: 2}, shoptest.Line{ProductID: "soldout-b", Quantity: 3}))
	require.Equal(t, "insufficient-stock", a.Problem(t))
	var p struct {
		Shortages []order.Shortage `json:"shortages"`
	}
	a.Into(t, &p)
	require.Len(t, p.Shortages, 2, "every failing line")
	require.Equal(t, [2]int64{2, 1}, [2]int64{p.Shortages[0].Requested, p.Shortages[0].Available})
	require.Equal(t, [2]int64{3, 2}, [2]int64{p.Shortages[1].Requested, p.Shortages[1].Available})
	shop.RequireStock(t, "soldout-b", 2, 0)
}

func TestFlashSaleSellsEachUnitOnce(t *testing.T) {
	const buyers, atOnce, units = 2000, 32, 50
	shop := open(t)
	shop.Offer(t, "flash", units)
	before := placements(t, shop)
	one := shoptest.Placement(t, "", shoptest.Line{ProductID: "flash", Quantity: 1})

	var mu sync.Mutex
	var got []order.Order
	refused := 0
	var crowd errgroup.Group
	crowd.SetLimit(atOnce)
	for range buyers {
		crowd.Go(func() error {
			a, err := shop.Do(t.Context(), one)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			switch a.Status {
			case http.StatusCreated:
				var o order.Order
				err = json.Unmarshal(a.Body, &o)
				got = append(got, o)
			case http.StatusConflict:
				refused++
			default:
				err = fmt.Errorf("status %d: %s", a.Status, a.Body)
			}
			return err
		})
	}
	require.NoError(t, crowd.Wait())
	require.Len(t, got, units)
	require.Equal(t, buyers-units, refused)

	after := placements(t, shop)
	started := after["held"] + after["rejected"] + after["undecided"] - before["held"] - before["rejected"] - before["undecided"]
	require.LessOrEqual(t, started, int64(units+atOnce), "a sold-out answer must start no workflow")
	shoptest.Until(t, "Temporal lists what the gateway says that it started", func(ctx context.Context) error {
		n, err := workflowsOf(ctx, "flash")
		if err == nil && n != started {
			err = fmt.Errorf("%d workflows, %d said", n, started)
		}
		return err
	})

	var payers errgroup.Group
	payers.SetLimit(atOnce)
	for _, o := range got {
		payers.Go(func() error {
			if err := shop.TellIt(t.Context(), shoptest.PaymentOf(o)); err != nil {
				return err
			}
			_, err := shop.AwaitAny(t.Context(), o.ID, order.StatusAwaitingShipment)
			return err
		})
	}
	require.NoError(t, payers.Wait())
	shop.RequireStock(t, "flash", 0, 0)
}

// placements is the gateway's count of order requests, by its answer.
func placements(t *testing.T, shop *shoptest.Shop) map[string]int64 {
	t.Helper()
	return shop.Metric(t, "holdfast_placements_total", "answer")
}

// workflowsOf counts the orders of a product that ever had a workflow.
func workflowsOf(ctx context.Context, productID string) (int64, error) {
	n, err := everything.stack.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: everything.stack.Namespace, Query: "WorkflowType = 'Order' AND ProductIds = '" + productID + "'",
	})
	return n.GetCount(), err
}
