package inventory

import (
	"fmt"
	"strings"
	"time"

	"holdfast/product"
)

// ReserveCommand is the redis-benchmark command that runs the script of Hold on
// the product, each time for a new order.
func ReserveCommand(id string) string {
	call := reserveCall(product.HoldRequest{
		ProductID: id, OrderID: "o__rand_int__", Try: 1, Deadline: time.Now().Add(15 * time.Minute),
		Lines: []product.HoldLine{{SKU: "S", Quantity: 1, Price: product.AnyPrice}},
	}, false)
	args := []string{fmt.Sprint(len(call.Keys))}
	for _, k := range call.Keys {
		args = append(args, "'"+k+"'")
	}
	for _, a := range call.Args {
		args = append(args, fmt.Sprintf("'%v'", a))
	}
	return "redis-benchmark -c 64 -n 200000 -r 1000000000 EVALSHA " + call.Script.Hash() + " " + strings.Join(args, " ")
}
