package customers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"holdfast/customer"
	"holdfast/redisdb"
)

// List returns customers whose last change is this time or later, at most limit, from a page on that
// an earlier call named; "" is the first. They are listed least recently changed first, so that one
// that changes while the list is read comes again at its end. next is the page that follows, "" if
// there is none. The error is a customer.ErrNoPage if there is no such page.
func (s *Store) List(ctx context.Context, since time.Time, limit int, from string) (page []customer.Customer, next string, err error) {
	if from == "" && !since.IsZero() {
		from = strconv.FormatInt(since.UnixMilli()-1, 10) + "/\x7f" // no id comes after it
	}
	places, next, err := redisdb.Merged(ctx, s.rdb, customersKey, from, limit)
	if errors.Is(err, redisdb.ErrNoCursor) {
		return nil, "", customer.ErrNoPage
	}
	if err != nil {
		return nil, "", fmt.Errorf("list customers: %w", err)
	}
	if len(places) == 0 {
		return nil, "", nil
	}
	calls := make([]redisdb.Call, len(places))
	for i, p := range places {
		calls[i] = Find(p.Member)
	}
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		c, err := Found(places[i].Member, answer)
		if err != nil {
			return nil, "", fmt.Errorf("list customers: %w", err)
		}
		if c.Version != customer.NotThere { // else it was erased in this moment
			page = append(page, c)
		}
	}
	return page, next, nil
}
