package registry

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/webhook"
)

// Rotate gives an endpoint a new secret and returns it; a repeated call with the same key
// returns the first one. The old ones keep signing for a while. key is the Idempotency-Key
// of the call, empty for none.
func (s *Store) Rotate(ctx context.Context, id, key string, now time.Time) (webhook.Stored, webhook.Secret, error) {
	made := webhook.Secret{Value: webhook.NewSecret(), Key: webhook.KeyOf("rotate", key)}
	var once mark
	if key != "" {
		once = mark{rotatedKey(id, made.Key), webhook.KeepKeys}
	}
	before := false
	e, err := s.change(ctx, id, once, func(e *webhook.Stored) (bool, error) {
		if e.Has(made.Value) { // this call stored it: its answer was lost, and the request was repeated
			return false, nil
		}
		if _, before = e.MadeUnder(made.Key); before {
			return false, nil
		}
		return true, e.Rotate(made, now)
	})
	if errors.Is(err, errMade) || (err == nil && before) {
		made, err = stillSigns(e, made.Key, now)
	}
	return e, made, err
}

// Update changes an endpoint and returns it. Of two concurrent changes none is lost,
// because each touches only what it names.
func (s *Store) Update(ctx context.Context, id string, p webhook.Patch) (webhook.Stored, error) {
	now, err := s.rdb.Time(ctx).Result() // the entries of the streams have the server's time
	if err != nil {
		return webhook.Stored{}, fmt.Errorf("ask redis for its time: %w", err)
	}
	now = now.UTC().Truncate(time.Millisecond)
	once := mark{endpointsKey + ":updated:" + id + ":" + rand.Text(), keepUpdates}
	e, err := s.change(ctx, id, once, func(e *webhook.Stored) (bool, error) { return e.Apply(p, now), nil })
	if errors.Is(err, errMade) {
		err = nil // another change may have followed
	}
	return e, err
}

// Disable stops messages to an endpoint that answered one with 410. sentTo is the endpoint
// as it was when that message was sent. It reports whether the endpoint is disabled then: one
// that was moved or enabled since stays active.
func (s *Store) Disable(ctx context.Context, sentTo webhook.Stored, now time.Time) (bool, error) {
	e, err := s.change(ctx, sentTo.ID, mark{}, func(e *webhook.Stored) (bool, error) { return e.Gone(sentTo, now), nil })
	return err == nil && e.Status != webhook.StatusActive, err
}

// changes is how often a change is retried against concurrent ones.
const changes = 10

// keepUpdates is longer than the client repeats a request.
const keepUpdates = 10 * time.Minute

// mark records that a change was made, so that it is made once.
type mark struct {
	key  string
	keep time.Duration
}

// errMade means that the change was made before.
var errMade = errors.New("the change was made before")

// change stores the result of how, which changes an endpoint and reports whether it did.
// how may find its own change already made: the client repeats a request if its answer was
// lost. errMade comes with the current endpoint.
func (s *Store) change(ctx context.Context, id string, once mark, how func(*webhook.Stored) (bool, error)) (webhook.Stored, error) {
	where := keys()[:1]
	if once.key != "" {
		where = append(where, once.key)
	}
	for range changes {
		e, before, err := s.get(ctx, id)
		if err != nil {
			return e, err
		}
		if changes, err := how(&e); err != nil || !changes {
			return e, err
		}
		doc, err := json.Marshal(e)
		if err != nil {
			return e, fmt.Errorf("encode webhook %s: %w", id, err)
		}
		changed, err := s.run(ctx, swapScript, where, id, before, doc, once.keep.Milliseconds()).Int()
		if err != nil {
			return e, fmt.Errorf("change webhook %s: %w", id, err)
		}
		switch changed {
		case 1:
			return e, nil
		case 2:
			if e, _, err = s.get(ctx, id); err == nil {
				err = errMade
			}
			return e, err
		}
	}
	return webhook.Stored{}, fmt.Errorf("change webhook %s: others change it all the time", id)
}
