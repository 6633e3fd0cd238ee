package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb"
)

// reservationsBench holds stock from Go and from redis-benchmark.
type reservationsBench struct {
	Holds  int `default:"100000" help:"Holds of each round."`
	C      int `name:"concurrency" default:"50" help:"Connections of redis-benchmark, and goroutines of Go."`
	Rounds int `default:"5" help:"Rounds; the two take turns."`
}

// redisBenchmarkDigits is how redis-benchmark writes __rand_int__.
const redisBenchmarkDigits = 12

// Run measures one product and 10,000.
func (b *reservationsBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{WithoutUI: true, WithoutHoldfast: true})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the figures are out
	out.printf("c = %d, %d holds a round.\n\n", b.C, b.Holds)
	out.printf("| products | redis-benchmark, holds/s | inventory, holds/s | ratio |\n|---:|---:|---:|---:|\n")
	for _, products := range []int{1, 10_000} {
		if err := b.stock(ctx, rdb, products); err != nil {
			return err
		}
		rates := make([][]float64, 2)
		for round := range b.Rounds {
			floor, err := b.redisBenchmark(ctx, st.RedisURL, rdb, products)
			if err != nil {
				return err
			}
			ours, err := b.inventory(ctx, rdb, products, round)
			if err != nil {
				return err
			}
			rates[0], rates[1] = append(rates[0], floor), append(rates[1], ours)
		}
		out.printf("| %d | %.0f | %.0f | %.2f |\n", products, median(rates[0]), median(rates[1]), medianRatio(rates))
	}
	return nil
}

func productName(i int) string { return fmt.Sprintf("%0*d", redisBenchmarkDigits, i) }

// stock puts the products, and each a second time under the one hash tag that
// redis-benchmark can use.
func (b *reservationsBench) stock(ctx context.Context, rdb redis.UniversalClient, products int) error {
	store, plenty := inventory.New(rdb), product.MaxStock
	for i := range products {
		id := productName(i)
		if _, _, err := store.Put(ctx, id, product.Spec{
			Description: product.Description{Title: "Benchmark"}, Currency: currency,
			Variants: []product.VariantSpec{{SKU: "1", Price: unitPrice, Stock: &plenty}},
		}, nil); err != nil {
			return err
		}
		err := rdb.Copy(ctx, redisdb.Bucket(id)+":product:"+id, "{bench}:product:"+id, 0, true).Err()
		if err != nil {
			return fmt.Errorf("copy product %s: %w", id, err)
		}
	}
	return nil
}

var requestsPerSecond = regexp.MustCompile(`([0-9.]+) requests per second`)

// redisBenchmark runs the reserve script as fast as redis-benchmark can.
func (b *reservationsBench) redisBenchmark(ctx context.Context, url string, rdb redis.UniversalClient, products int) (float64, error) {
	sha, err := rdb.ScriptLoad(ctx, inventory.ReserveSource()).Result()
	if err != nil {
		return 0, err
	}
	opts, err := redis.ParseURL(url)
	if err != nil {
		return 0, err
	}
	connect := []string{"-s", opts.Addr}
	if host, port, ok := strings.Cut(opts.Addr, ":"); ok {
		connect = []string{"-h", host, "-p", port}
	}
	id, random := productName(0), products
	if products > 1 {
		id = "__rand_int__"
	} else {
		random = 1_000_000_000
	}
	args := append(connect, "-n", strconv.Itoa(b.Holds), "-c", strconv.Itoa(b.C), "-r", strconv.Itoa(random),
		"EVALSHA", sha, "5", "{bench}:product:"+id, "{bench}:hold:"+id+":"+strconv.FormatInt(time.Now().UnixNano(), 36)+"__rand_int____rand_int__",
		"{bench}:holds:"+id, "{bench}:deadlines", "{bench}:events",
		id, "__rand_int____rand_int__", "1", strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10), "", "0", "0",
		"1", "1", strconv.Itoa(unitPrice))
	text, err := exec.CommandContext(ctx, "redis-benchmark", args...).CombinedOutput() //nolint:gosec // its arguments are ours
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w: %s", err, text)
	}
	m := requestsPerSecond.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("redis-benchmark said: %s", text)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// inventory holds through the product entity's own methods.
func (b *reservationsBench) inventory(ctx context.Context, rdb redis.UniversalClient, products, round int) (float64, error) {
	store, deadline := inventory.New(rdb), time.Now().Add(time.Hour)
	prefix := strconv.Itoa(products) + "-" + strconv.Itoa(round) + "-"
	res, err := load.Run(ctx, b.Holds, b.C, func(ctx context.Context, i int) (time.Duration, error) {
		start := time.Now()
		holds, err := store.Hold(ctx, []product.HoldRequest{{
			ProductID: productName(i % products), OrderID: prefix + strconv.Itoa(i), Try: 1, Deadline: deadline,
			Lines: []product.HoldLine{{SKU: "1", Quantity: 1, Price: unitPrice}},
		}})
		if err == nil && holds[0].Outcome != product.HoldMade {
			err = fmt.Errorf("hold answered %s", holds[0].Outcome)
		}
		return time.Since(start), err
	}, nil)
	return res.PerSecond(), err
}
