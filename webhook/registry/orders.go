package registry

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"holdfast/webhook"
)

// OrderDeliveries reads the newest deliveries of events about an order, to all endpoints, the newest event
// first: in three round trips, however many endpoints there are.
func (s *Store) OrderDeliveries(ctx context.Context, orderID string, limit int) ([]webhook.OrderDelivery, error) {
	endpoints, err := s.List(ctx)
	if err != nil || len(endpoints) == 0 {
		return nil, err
	}
	found, err := s.aboutOrder(ctx, endpoints, orderID, limit)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	pipe := s.rdb.Pipeline()
	asked := make([]*redis.MapStringStringCmd, len(found))
	for i, f := range found {
		asked[i] = pipe.HGetAll(ctx, deliveryKey(f.endpoint.ID, f.event))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the deliveries about order %s: %w", orderID, err)
	}
	var all []webhook.OrderDelivery
	for i, a := range asked {
		if len(a.Val()) == 0 {
			continue // it has expired
		}
		l, _, err := readLogged(a.Val())
		if err != nil {
			return nil, fmt.Errorf("read the deliveries about order %s: %w", orderID, err)
		}
		endpoint := found[i].endpoint
		all = append(all, webhook.OrderDelivery{EndpointID: endpoint.ID, Host: endpoint.Host(), Logged: l})
	}
	return all, nil
}

// logEntry is a delivery in the log of an endpoint, with the time of its event.
type logEntry struct {
	endpoint webhook.Stored
	event    string
	at       float64
}

// aboutOrder finds the newest deliveries about an order.
func (s *Store) aboutOrder(ctx context.Context, endpoints []webhook.Stored, orderID string, limit int) ([]logEntry, error) {
	pipe := s.rdb.Pipeline()
	asked := make([]*redis.ZSliceCmd, len(endpoints))
	for i, e := range endpoints {
		asked[i] = pipe.ZRevRangeWithScores(ctx, orderKey(e.ID, orderID), 0, int64(limit-1))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("find the deliveries about order %s: %w", orderID, err)
	}
	var found []logEntry
	for i, a := range asked {
		for _, z := range a.Val() {
			if event, ok := z.Member.(string); ok {
				found = append(found, logEntry{endpoints[i], event, z.Score})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b logEntry) int { return cmp.Compare(b.at, a.at) })
	return found[:min(len(found), limit)], nil
}
