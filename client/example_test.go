package client_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/client"
	"holdfast/client/gatewaytest"
	"holdfast/order"
)

// An order is placed, paid on the sandbox's page, and read again once it shows the payment.
func Example() {
	gateway := gatewaytest.New() // in memory, instead of http://127.0.0.1:8080 of `make run`
	defer gateway.Close()
	ctx := context.Background()
	c, err := client.New(client.Config{URL: gateway.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	var o order.Order
	placed, err := c.Place(ctx, "basket-17", []byte(`{"customerId": "ada", "lines": [{"productId": "mug", "quantity": 2}]}`))
	if err == nil {
		err = placed.Decode(&o)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(placed.Status, o.Status, o.Amounts[order.AmountTotal], o.Currency)

	offer, err := c.OpenPayment(ctx, o.ID, "sandbox")
	if err == nil {
		err = c.PayPage(ctx, offer, "pay", 0)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	o, err = c.OrderAbove(ctx, o.ID, o.Version, 10*time.Second)
	fmt.Println(o.Status, o.Payment.Status, err)
	// Output:
	// 201 awaiting_payment 500 EUR
	// awaiting_shipment paid <nil>
}

// Placing again under the same key, after a timeout for example, finds the first order.
func ExampleClient_Place() {
	gateway := gatewaytest.New()
	defer gateway.Close()
	c, err := client.New(client.Config{URL: gateway.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		placed, err := c.Place(context.Background(), "basket-17", []byte(`{"customerId": "ada", "lines": [{"productId": "mug", "quantity": 1}]}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		var o order.Order
		if err := placed.Decode(&o); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(placed.Status, o.ID)
	}
	// Output:
	// 201 order-1
	// 201 order-1
}

// The stock changes once per key, however often the call is repeated.
func ExampleClient_Adjust() {
	gateway := gatewaytest.New()
	defer gateway.Close()
	c, err := client.New(client.Config{URL: gateway.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		stock, err := c.Adjust(context.Background(), "mug", "", "delivery-4711", 20)
		fmt.Println(stock.OnHand, stock.Available, err)
	}
	// Output:
	// 120 120 <nil>
	// 120 120 <nil>
}

// A refusal says why, and whether a retry may succeed.
func ExampleProblem() {
	gateway := gatewaytest.New()
	defer gateway.Close()
	c, err := client.New(client.Config{URL: gateway.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Place(context.Background(), "basket-17", []byte(`{"customerId": "ada", "lines": [{"productId": "sold-out", "quantity": 1}]}`))
	if p, ok := errors.AsType[*client.Problem](err); ok {
		fmt.Println(p.Status, p.Kind(), p.Transient())
	}
	// Output: 409 insufficient-stock false
}

// A paid order goes out in one package, whose scans arrive out of order.
func ExampleClient_Pack() {
	gateway := gatewaytest.New()
	defer gateway.Close()
	ctx := context.Background()
	c, err := client.New(client.Config{URL: gateway.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	orderID, err := buy(ctx, c)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := c.Pack(ctx, orderID, "parcel-1", client.Parcel{
		Items:           []order.LineUnits{{LineID: "1", Quantity: 2}},
		Courier:         "Example Post",
		TrackingNumbers: []string{"EX123456789DE"},
		Node:            order.NodeLeftWarehouse,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Node())

	now := time.Now()
	o, err := c.Report(ctx, orderID, p.ID,
		client.Event{ID: "scan-2", Node: order.NodeOutForDelivery, OccurredAt: now},
		client.Event{ID: "scan-1", Node: order.NodeInTransit, OccurredAt: now.Add(-time.Hour)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(o.Status, len(o.Package(p.ID).Events))

	_, err = c.Deliver(ctx, orderID, "")
	if err == nil {
		o, err = c.Order(ctx, orderID)
	}
	fmt.Println(o.Status, err)
	// Output:
	// left_warehouse
	// out_for_delivery 3
	// delivered <nil>
}

// buy places and pays an order of two mugs.
func buy(ctx context.Context, c *client.Client) (orderID string, err error) {
	placed, err := c.Place(ctx, "basket-17", []byte(`{"customerId": "ada", "lines": [{"productId": "mug", "quantity": 2}]}`))
	if err != nil {
		return "", err
	}
	var o order.Order
	if err := placed.Decode(&o); err != nil {
		return "", err
	}
	offer, err := c.OpenPayment(ctx, o.ID, "sandbox")
	if err != nil {
		return "", err
	}
	return o.ID, c.PayPage(ctx, offer, "pay", 0)
}
