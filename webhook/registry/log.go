package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/webhook"
)

// maxTries bounds how many tries of one delivery are stored; it may be replayed without
// end.
const maxTries = 100

// The log of an endpoint is in one slot.
func listKey(endpointID string) string { return "{" + endpointID + "}:deliveries" }

func deliveryKey(endpointID, eventID string) string {
	return "{" + endpointID + "}:delivery:" + eventID
}

// orderKey is the set of an endpoint's deliveries about an order. What leaves the log leaves it, too.
func orderKey(endpointID, orderID string) string { return "{" + endpointID + "}:about:" + orderID }

// Tries counts those that a run of a delivery's workflow has made.
func (s *Store) Tries(ctx context.Context, endpointID, eventID, run string) (int, error) {
	n, err := s.rdb.HGet(ctx, deliveryKey(endpointID, eventID), "run:"+run).Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, fmt.Errorf("count the tries of event %s for webhook %s: %w", eventID, endpointID, err)
	}
	return n, nil
}

// Log stores a try.
func (s *Store) Log(ctx context.Context, endpointID string, e webhook.Event, t webhook.Tried) error {
	event, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	attempt, err := json.Marshal(t.Attempt)
	if err != nil {
		return fmt.Errorf("encode a try of event %s: %w", e.ID, err)
	}
	next := ""
	if !t.NextAt.IsZero() {
		next = strconv.FormatInt(t.NextAt.UnixMilli(), 10)
	}
	keys, orderID := []string{listKey(endpointID), deliveryKey(endpointID, e.ID)}, e.OrderID()
	if orderID != "" {
		keys = append(keys, orderKey(endpointID, orderID))
	}
	err = s.run(ctx, attemptScript, keys,
		e.ID, e.At.UnixMilli(), event, t.Run, attempt, string(t.Status), next,
		webhook.KeepFor.Milliseconds(), webhook.KeepDeliveries, maxTries, deliveryKey(endpointID, ""), orderKey(endpointID, ""), orderID).Err()
	if err != nil {
		return fmt.Errorf("log a try of event %s for webhook %s: %w", e.ID, endpointID, err)
	}
	return nil
}

// Settle stores how a delivery ended that won't be retried.
func (s *Store) Settle(ctx context.Context, endpointID, eventID string, status webhook.DeliveryStatus) error {
	if err := s.run(ctx, settleScript, []string{deliveryKey(endpointID, eventID)}, string(status)).Err(); err != nil {
		return fmt.Errorf("log the end of event %s for webhook %s: %w", eventID, endpointID, err)
	}
	return nil
}

// Deliveries reads a page of an endpoint's log, the newest event first. After is the last
// one of the previous page, empty for the first page. If it has expired from the log it was
// the oldest, and nothing comes after it.
func (s *Store) Deliveries(ctx context.Context, endpointID string, limit int, after string) (page []webhook.Logged, more bool, err error) {
	var from int64
	if after != "" {
		rank, err := s.rdb.ZRevRank(ctx, listKey(endpointID), after).Result()
		if errors.Is(err, redis.Nil) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("read the log of webhook %s: %w", endpointID, err)
		}
		from = rank + 1
	}
	ids, err := s.rdb.ZRevRange(ctx, listKey(endpointID), from, from+int64(limit)).Result()
	if err != nil {
		return nil, false, fmt.Errorf("read the log of webhook %s: %w", endpointID, err)
	}
	if more = len(ids) > limit; more {
		ids = ids[:limit]
	}
	if len(ids) == 0 {
		return nil, false, nil
	}
	pipe := s.rdb.Pipeline()
	asked := make([]*redis.MapStringStringCmd, len(ids))
	for i, id := range ids {
		asked[i] = pipe.HGetAll(ctx, deliveryKey(endpointID, id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, false, fmt.Errorf("read the log of webhook %s: %w", endpointID, err)
	}
	for _, a := range asked {
		if len(a.Val()) == 0 {
			continue // it has expired
		}
		l, _, err := readLogged(a.Val())
		if err != nil {
			return nil, false, fmt.Errorf("read the log of webhook %s: %w", endpointID, err)
		}
		page = append(page, l)
	}
	return page, more, nil
}

// Event reads what was sent, to send it again.
func (s *Store) Event(ctx context.Context, endpointID, eventID string) (webhook.Event, error) {
	fields, err := s.rdb.HGetAll(ctx, deliveryKey(endpointID, eventID)).Result()
	if err != nil {
		return webhook.Event{}, fmt.Errorf("read event %s of webhook %s: %w", eventID, endpointID, err)
	}
	if len(fields) == 0 {
		return webhook.Event{}, webhook.ErrNotFound
	}
	_, e, err := readLogged(fields)
	return e, err
}

func readLogged(fields map[string]string) (webhook.Logged, webhook.Event, error) {
	var e webhook.Event
	if err := json.Unmarshal([]byte(fields["event"]), &e); err != nil {
		return webhook.Logged{}, e, fmt.Errorf("a delivery's event: %w", err)
	}
	l := webhook.Logged{
		ID: e.ID, Type: e.Type, Timestamp: e.At, Status: webhook.DeliveryStatus(fields["status"]), Attempts: []webhook.Attempt{},
	}
	if ms, err := strconv.ParseInt(fields["next"], 10, 64); err == nil {
		at := time.UnixMilli(ms).UTC()
		l.NextAt = &at
	}
	for i := 1; ; i++ {
		doc, ok := fields["try:"+strconv.Itoa(i)]
		if !ok {
			return l, e, nil
		}
		var a webhook.Attempt
		if err := json.NewDecoder(strings.NewReader(doc)).Decode(&a); err != nil {
			return l, e, fmt.Errorf("a try of event %s: %w", e.ID, err)
		}
		l.Attempts = append(l.Attempts, a)
	}
}
