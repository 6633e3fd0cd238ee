package records

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// OrderIDs iterates over all orders that have a document, each once. An order that is
// placed meanwhile may or may not be included.
func (s *Store) OrderIDs(ctx context.Context) iter.Seq2[string, error] {
	return orderIDs(redisdb.Scan(ctx, s.rdb, "{b??}:order:*"), ":order:")
}

// OrderIDsLoosely is OrderIDs with constant memory: an order may appear more than once.
func (s *Store) OrderIDsLoosely(ctx context.Context) iter.Seq2[string, error] {
	return orderIDs(redisdb.ScanLoosely(ctx, s.rdb, "{b??}:order:*"), ":order:")
}

// StoredIDs iterates over all orders of which anything is stored, even only payments; most
// appear twice. It uses constant memory.
func (s *Store) StoredIDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, kind := range []string{":order:", ":payments:"} {
			for id, err := range orderIDs(redisdb.ScanLoosely(ctx, s.rdb, "{b??}"+kind+"*"), kind) {
				if !yield(id, err) || err != nil {
					return
				}
			}
		}
	}
}

// askedAtOnce is how many orders are asked for their customer in one round trip.
const askedAtOnce = 500

// OrderIDsOf iterates over a customer's orders that have a document, by looking at all of them. An order
// may appear more than once.
func (s *Store) OrderIDsOf(ctx context.Context, customerID string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := s.eachOf(ctx, customerID, func(id string) bool { return yield(id, nil) })
		if err != nil {
			yield("", fmt.Errorf("list the orders of customer %s: %w", customerID, err))
		}
	}
}

// eachOf calls found for each of the customer's orders, until it returns false.
func (s *Store) eachOf(ctx context.Context, customerID string, found func(id string) bool) error {
	batch := make([]string, 0, askedAtOnce)
	goesOn := true
	ask := func() error {
		calls := make([]redisdb.Call, len(batch))
		for i, id := range batch {
			calls[i] = redisdb.Call{Command: "hget", Keys: []string{orderKey(id)}, Args: []any{"customer"}}
		}
		for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
			of, err := answer.Text()
			if err != nil && !errors.Is(err, redis.Nil) { // Nil: it has just left
				return err
			}
			if goesOn = goesOn && (of != customerID || found(batch[i])); !goesOn {
				break
			}
		}
		batch = batch[:0]
		return nil
	}
	for id, err := range s.OrderIDsLoosely(ctx) {
		if err != nil {
			return err
		}
		if batch = append(batch, id); len(batch) < askedAtOnce {
			continue
		}
		if err := ask(); err != nil || !goesOn {
			return err
		}
	}
	return ask()
}

func orderIDs(keys iter.Seq2[string, error], kind string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range keys {
			if err != nil {
				yield("", fmt.Errorf("list the orders: %w", err))
				return
			}
			_, id, _ := strings.Cut(key, kind)
			if !yield(id, nil) {
				return
			}
		}
	}
}
