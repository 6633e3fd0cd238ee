package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/carrier"
	"holdfast/carrier/sandbox"
	"holdfast/carrier/tracking"
	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// carriersBench sends the callbacks of a carrier.
type carriersBench struct {
	Orders int `default:"1000" help:"Orders, each with a tracking number of its own."`
	Rounds int `default:"6" help:"Rounds, each with one scan per order; every other one begins with the callbacks."`
	C      int `default:"32" help:"How many are sent at a time."`
}

// parcels are orders with their tracking numbers, and the two ways of telling them a scan.
type parcels struct {
	ids     []string
	sagas   *sagaclient.Client
	carrier *sandbox.Carrier
	http    *http.Client
	url     string
}

// Run measures callbacks and the same signals sent by goroutines that do nothing else.
func (b *carriersBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{WithoutUI: true})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	p, stop, err := b.parcels(ctx, st)
	if err != nil {
		return err
	}
	defer stop()
	rates := make([][]float64, 2)
	for round := range b.Rounds {
		for turn := range 2 {
			which := (round + turn) % 2
			tell := p.signal
			if which == 1 {
				tell = p.callback
			}
			res, err := load.Run(ctx, b.Orders, b.C, func(ctx context.Context, i int) (time.Duration, error) {
				start := time.Now()
				err := tell(ctx, i, event(fmt.Sprintf("scan-%d-%d", round, turn)))
				return time.Since(start), err
			}, nil)
			if err != nil {
				return err
			}
			rates[which] = append(rates[which], res.PerSecond())
		}
	}
	out.printf("| only signalling, signals/s | callbacks/s | ratio |\n|---:|---:|---:|\n| %.0f | %.0f | %.2f |\n",
		median(rates[0]), median(rates[1]), medianRatio(rates))
	return nil
}

// parcels starts a workflow for each order, which only takes signals, and gives the order its number, as
// packing does. What an order does with a scan is measured elsewhere.
func (b *carriersBench) parcels(ctx context.Context, st *stack.Stack) (p *parcels, stop func(), err error) {
	adapter, err := sandbox.New(stack.DefaultCarrierSecret)
	if err != nil {
		return nil, nil, err
	}
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return nil, nil, err
	}
	defer rdb.Close() //nolint:errcheck // the numbers are stored
	const queue = "bench-parcels"
	w := worker.New(st.Temporal, queue, worker.Options{})
	w.RegisterWorkflow(takeScans)
	if err := w.Start(); err != nil {
		return nil, nil, err
	}
	numbers := tracking.New(rdb, time.Now)
	p = &parcels{
		ids: make([]string, b.Orders), sagas: sagaclient.New(st.Temporal, st.Namespace), carrier: adapter, url: st.URL,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: b.C}, Timeout: 10 * time.Second},
	}
	_, err = load.Run(ctx, b.Orders, 8, func(ctx context.Context, i int) (time.Duration, error) {
		p.ids[i] = uuid.NewString()
		options := client.StartWorkflowOptions{ID: saga.OrderWorkflowID(p.ids[i]), TaskQueue: queue}
		if _, err := st.Temporal.ExecuteWorkflow(ctx, options, takeScans); err != nil {
			return 0, err
		}
		owner := carrier.Owner{OrderID: p.ids[i], PackageID: "p1", CreatedAt: time.Now()}
		_, err := numbers.Own(ctx, owner, false, carrier.Number{Adapter: sandbox.Name, Number: numberOf(i)})
		return 0, err
	}, nil)
	return p, w.Stop, err
}

// takeScans takes scans until the program ends.
func takeScans(ctx workflow.Context) error {
	for scans := workflow.GetSignalChannel(ctx, saga.ScanSignal); ; {
		scans.Receive(ctx, nil)
	}
}

func numberOf(i int) string { return fmt.Sprintf("BENCH%06d", i) }

func event(id string) order.PackageEvent {
	return order.PackageEvent{ID: id, Node: order.NodeInTransit, OccurredAt: time.Now(), Detail: "arrived at the depot"}
}

func (p *parcels) signal(ctx context.Context, i int, e order.PackageEvent) error {
	e.RecordedAt, e.Actor = time.Now(), "carrier:"+sandbox.Name
	return p.sagas.TellScan(ctx, p.ids[i], saga.Scan{PackageID: "p1", Event: e, Carrier: sandbox.Name, TrackingNumber: numberOf(i)})
}

func (p *parcels) callback(ctx context.Context, i int, e order.PackageEvent) error {
	body, err := sandbox.Write(numberOf(i), []order.PackageEvent{e})
	if err != nil {
		return err
	}
	header, err := p.carrier.Sign("msg-"+e.ID, time.Now(), body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/v1/carriers/sandbox/callbacks", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header
	answer, err := p.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if said, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the callback was answered %d: %s", answer.StatusCode, said)
	}
	return nil
}
