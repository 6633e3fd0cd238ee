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
	// paid paid <nil>
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
