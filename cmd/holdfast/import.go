package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/client"
)

// importCommand loads a catalogue, the customers of another system, coupons, or a price book.
type importCommand struct {
	gatewayFlags
	File        string `arg:"" help:"One product, customer or coupon per line: the body of PUT /v1/products/{id}, /v1/customers/{id} or /v1/coupons/{code}, its id or code beside it under \"id\". Or one price book: the body of PUT /v1/price-book."`
	Kind        string `enum:"products,customers,coupons,price-book" default:"products" help:"What the file has: products, customers, coupons or a price book."`
	Concurrency int    `short:"c" default:"8" help:"Lines sent at a time."`
}

// Run puts every line and names those that failed.
func (c *importCommand) Run(ctx context.Context, out out) error {
	if c.Concurrency < 1 {
		return usagef("--concurrency: must be at least 1")
	}
	gateway, err := c.client(c.Concurrency)
	if err != nil {
		return err
	}
	if c.Kind == "price-book" {
		return c.publish(ctx, gateway, out)
	}
	total, err := countLines(ctx, c.File)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return usagef("%v", err)
	}
	defer f.Close() //nolint:errcheck // it was read only
	step, done := newProgress(out.stderr, total, c.Kind)
	loaded := &imported{put: gateway.PutProduct, step: step}
	switch c.Kind {
	case "customers":
		loaded.put = gateway.PutCustomer
	case "coupons":
		loaded.put = gateway.PutCoupon
	}
	err = loaded.all(ctx, f, c.Concurrency)
	done()
	_, _ = fmt.Fprintf(out.stdout, "%d created, %d updated, %d failed\n", loaded.created, loaded.updated, len(loaded.failed))
	for _, reason := range loaded.failed {
		_, _ = fmt.Fprintln(out.stdout, "  "+reason)
	}
	switch {
	case err != nil:
		return fmt.Errorf("import %s: %w", c.File, err)
	case len(loaded.failed) > 0:
		return errFindings
	}
	return nil
}

// publish publishes the file as the next version of the price book.
func (c *importCommand) publish(ctx context.Context, gateway *client.Client, out out) error {
	document, err := os.ReadFile(c.File)
	if err != nil {
		return usagef("%v", err)
	}
	number, published, err := gateway.PublishPriceBook(ctx, document)
	switch {
	case err != nil:
		return fmt.Errorf("import %s: %w", c.File, err)
	case published:
		_, err = fmt.Fprintf(out.stdout, "published as version %d of the price book\n", number)
	default:
		_, err = fmt.Fprintf(out.stdout, "version %d of the price book is the same already\n", number)
	}
	return err
}

// imported counts the lines by result.
type imported struct {
	put  func(ctx context.Context, id string, body []byte) (created bool, err error)
	step func()

	mu               sync.Mutex
	created, updated int
	failed           []string
}

func (i *imported) all(ctx context.Context, r io.Reader, concurrency int) error {
	var group errgroup.Group
	group.SetLimit(concurrency)
	in := bufio.NewReaderSize(r, 1<<20)
	var readErr error
	for n := 1; ctx.Err() == nil; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			group.Go(func() error {
				i.count(ctx, n, line)
				i.step()
				return nil
			})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			readErr = fmt.Errorf("read line %d: %w", n, err)
			break
		}
	}
	_ = group.Wait() // it returns no error: failures are counted
	return errors.Join(readErr, context.Cause(ctx))
}

func (i *imported) count(ctx context.Context, n int, line []byte) {
	id, body, err := splitID(line)
	created := false
	if err == nil {
		created, err = i.put(ctx, id, body)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case err != nil:
		i.failed = append(i.failed, fmt.Sprintf("line %d: %v", n, err))
	case created:
		i.created++
	default:
		i.updated++
	}
}

// splitID removes the id from a line; the rest is the request's body.
func splitID(line []byte) (string, []byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return "", nil, fmt.Errorf("not a JSON object: %w", err)
	}
	var id string
	if err := json.Unmarshal(fields["id"], &id); err != nil || id == "" {
		return "", nil, errors.New("it has no id")
	}
	delete(fields, "id")
	body, err := json.Marshal(fields)
	if err != nil {
		return "", nil, fmt.Errorf("encode the request: %w", err)
	}
	return id, body, nil
}
