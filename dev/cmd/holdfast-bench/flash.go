package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"go.temporal.io/api/workflowservice/v1"

	"holdfast/dev/await"
	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/saga"
)

// flashBench sells 100 units to 10,000 buyers.
type flashBench struct {
	Buyers     int `default:"10000" help:"Buyers, one unit each."`
	Units      int `default:"100" help:"Units there are."`
	C          int `name:"concurrency" default:"64" help:"Buyers at once."`
	Rejections int `default:"20000" help:"Sold-out answers of each round."`
	Rounds     int `default:"5" help:"Rounds; bare handler and gateway take turns."`
}

// Run sells out, then measures the rate of "sold out" answers.
func (b *flashBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{WithoutUI: true})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	s, err := newShop(st.URL, "", b.C)
	if err != nil {
		return err
	}
	if err := s.product(ctx, "flash", int64(b.Units)); err != nil {
		return err
	}
	var held, undecided, refused atomic.Int64
	res, err := load.Run(ctx, b.Buyers, b.C, func(ctx context.Context, _ int) (time.Duration, error) {
		start := time.Now()
		_, err := s.place(ctx, "flash", "")
		took := time.Since(start)
		switch {
		case err == nil:
			held.Add(1)
		case errors.Is(err, errNotDecided):
			undecided.Add(1)
		case isSoldOut(err):
			refused.Add(1)
		default:
			return took, err
		}
		return took, nil
	}, nil)
	if err != nil {
		return err
	}
	started, err := st.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: st.Namespace, Query: "WorkflowType = '" + saga.OrderType + "'",
	})
	if err != nil {
		return err
	}
	out.printf("%d buyers, c = %d, %d units: %d held at once, %d told to ask again, %d refused, "+
		"%d workflows started, %.1f s.\n\n", b.Buyers, b.C, b.Units, held.Load(), undecided.Load(), refused.Load(), started.GetCount(), res.Elapsed.Seconds())
	if err := b.soldOut(ctx, out, st); err != nil {
		return err
	}
	return b.rejections(ctx, out, st, s)
}

var errUndecided = errors.New("not every unit is held yet")

// soldOut waits for the undecided orders and prints how many units are held.
func (b *flashBench) soldOut(ctx context.Context, out report, st *stack.Stack) error {
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the figures are out
	var stock product.Stock
	if err := await.Success(ctx, func(ctx context.Context) error {
		p, err := inventory.New(rdb).Get(ctx, "flash")
		if err != nil {
			return err
		}
		if stock = p.Variants[0].Stock; stock.Available() > 0 {
			return errUndecided
		}
		return nil
	}); err != nil {
		return err
	}
	out.printf("Units on hand %d, held by orders %d.\n\n", stock.OnHand, stock.Held)
	return nil
}

func (b *flashBench) rejections(ctx context.Context, out report, st *stack.Stack, s *shop) error {
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the figures are out
	bare, stop, err := bareHandler(ctx, rdb)
	if err != nil {
		return err
	}
	defer stop()
	floor, err := newShop(bare, "", b.C)
	if err != nil {
		return err
	}
	rates := make([][]float64, 2)
	for range b.Rounds {
		for i, who := range []*shop{floor, s} {
			res, err := load.Run(ctx, b.Rejections, b.C, func(ctx context.Context, _ int) (time.Duration, error) {
				start := time.Now()
				_, err := who.place(ctx, "flash", "")
				took := time.Since(start)
				if !isSoldOut(err) {
					return took, fmt.Errorf("an order for a sold-out product was not refused: %v", err) //nolint:errorlint // it may be nil
				}
				return took, nil
			}, nil)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], res.PerSecond())
		}
	}
	out.printf("| bare Gin with one Redis read, answers/s | gateway, sold-out answers/s | ratio |\n|---:|---:|---:|\n")
	out.printf("| %.0f | %.0f | %.2f |\n", median(rates[0]), median(rates[1]), medianRatio(rates))
	return nil
}

// bareHandler is the minimum that can answer "sold out": it reads the body, asks Redis for
// one product's stock, and answers.
func bareHandler(ctx context.Context, rdb redis.UniversalClient) (url string, stop func(), err error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	key := redisdb.Bucket("flash") + ":product:flash"
	engine.POST("/v1/orders", func(c *gin.Context) { //nolint:contextcheck // a handler has its request's
		var body struct {
			CustomerID string `json:"customerId"`
			Lines      []struct {
				ProductID string `json:"productId"`
				Quantity  int64  `json:"quantity"`
			} `json:"lines"`
		}
		if err := c.ShouldBindJSON(&body); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		v, err := rdb.HMGet(c.Request.Context(), key, "status", "price:flash-1", "onhand:flash-1", "held:flash-1").Result()
		if err != nil {
			c.Status(http.StatusServiceUnavailable)
			return
		}
		c.JSON(http.StatusConflict, gin.H{"title": "sold out", "status": http.StatusConflict, "stock": v})
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the bare handler: %w", err)
	}
	srv := &http.Server{Handler: engine, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener) // ends with Close
	}()
	return "http://" + listener.Addr().String(), func() { _ = srv.Close(); <-done }, nil
}
