// Command holdfast-bench measures Holdfast side by side with the minimum that the same work
// can cost on the same machine, and prints Markdown for docs/benchmarks.md. Figures are
// ratios of one run; absolute ones depend on the machine.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"
)

type commands struct {
	Saga         sagaBench         `cmd:"" help:"Orders placed and paid through REST, against bare Temporal workflows."`
	Attacks      attacksBench      `cmd:"" help:"Orders beside quotes whose script never ends by itself, against orders alone."`
	Commands     commandsBench     `cmd:"" help:"Orders on which the shop's commands work, against orders on which none does."`
	Prices       pricesBench       `cmd:"" help:"Orders with a member level, a promotion and a coupon, against orders without."`
	Pages        pagesBench        `cmd:"" help:"Pages against the calls of the API that they make; pages that follow orders."`
	Providers    providersBench    `cmd:"" help:"Orders placed and paid with authentication and at a payment provider, against neither."`
	Growth       growthBench       `cmd:"" help:"What an order costs after many others, and how a stack that has many of them recovers after a kill."`
	Reservations reservationsBench `cmd:"" help:"Holds on Redis from Go, against redis-benchmark running the same script."`
	Flash        flashBench        `cmd:"" help:"A flash sale; sold-out answers against a bare Gin handler with one Redis read."`
	Delist       delistBench       `cmd:"" help:"A delisting of many unpaid orders, against goroutines that only signal."`
	Carriers     carriersBench     `cmd:"" help:"Callbacks of a carrier, against goroutines that only signal."`
	Open         openBench         `cmd:"" help:"Placing while many orders are open, against few."`
	Search       searchBench       `cmd:"" help:"Searches through the gateway, against the same requests sent straight to Elasticsearch."`
	Fresh        freshBench        `cmd:"" help:"How long until a change of stock is found by a search."`
	Projector    projectorBench    `cmd:"" help:"Changed products carried into Elasticsearch, against a client that only sends the same requests."`
	Busy         busyBench         `cmd:"" help:"Placing while the projector carries a backlog, against placing without a projector."`
	Million      millionBench      `cmd:"" help:"Filling and searching an index of many products."`
}

// report is where the benchmarks write their rows.
type report struct{ io.Writer }

func (r report) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Writer, format, args...) // a closed terminal is no reason to stop
}

func main() {
	var c commands
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	k := kong.Parse(&c, kong.Name("holdfast-bench"),
		kong.Description("Measures Holdfast against the minimum that its foundations allow."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(report{os.Stdout}))
	k.FatalIfErrorf(k.Run())
}
