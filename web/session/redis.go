package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis keeps sessions in a Redis that all processes share. Losing it signs everyone out, and loses no
// order.
type Redis struct {
	client redis.UniversalClient
}

var _ Store = (*Redis)(nil)

// NewRedis returns a store on a Redis, which the caller closes.
func NewRedis(client redis.UniversalClient) *Redis { return &Redis{client: client} }

// keyOf hashes the session's name, so that those who can read the keys can't use them.
func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "holdfast:web:session:" + hex.EncodeToString(sum[:])
}

// Get implements Store.
func (r *Redis) Get(ctx context.Context, id string) (*Session, error) {
	return get(ctx, r.client, keyOf(id))
}

func get(ctx context.Context, client redis.Cmdable, key string) (*Session, error) {
	b, err := client.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil //nolint:nilnil // no session is not an error
	}
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	var s Session
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return &s, nil
}

// Put implements Store.
func (r *Redis) Put(ctx context.Context, id string, s Session) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode a session: %w", err)
	}
	left := time.Until(s.Expires)
	if left <= 0 {
		return r.Delete(ctx, id)
	}
	if err := r.client.Set(ctx, keyOf(id), b, left).Err(); err != nil {
		return fmt.Errorf("store a session: %w", err)
	}
	return nil
}

// mostTries is how often a change is tried while others change the same session.
const mostTries = 50

var errBusy = errors.New("change a session: it is changed all the time")

// Update implements Store.
func (r *Redis) Update(ctx context.Context, id string, change func(*Session)) (*Session, error) {
	key := keyOf(id)
	for range mostTries {
		var s *Session
		err := r.client.Watch(ctx, func(tx *redis.Tx) (err error) {
			if s, err = get(ctx, tx, key); s == nil || err != nil {
				return err
			}
			change(s)
			b, err := json.Marshal(s)
			if err != nil {
				return fmt.Errorf("encode a session: %w", err)
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, key, b, max(time.Until(s.Expires), time.Millisecond))
				return nil
			})
			return err
		}, key)
		switch {
		case errors.Is(err, redis.TxFailedErr):
		case err != nil:
			return nil, fmt.Errorf("change a session: %w", err)
		default:
			return s, nil
		}
	}
	return nil, errBusy
}

// unclaim gives a name back, unless it was taken by someone else meanwhile.
var unclaim = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)

// Claim implements Store.
func (r *Redis) Claim(ctx context.Context, name string, lasts time.Duration) (release func(), free bool, err error) {
	sum := sha256.Sum256([]byte(name))
	key, mark := "holdfast:web:claim:"+hex.EncodeToString(sum[:]), rand.Text()
	free, err = r.client.SetNX(ctx, key, mark, lasts).Result()
	if err != nil {
		return func() {}, false, fmt.Errorf("claim: %w", err)
	}
	if !free {
		return func() {}, false, nil
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		_ = unclaim.Run(ctx, r.client, []string{key}, mark).Err() // otherwise it ends by itself
	}, true, nil
}

// releaseTimeout bounds how long a name is given back.
const releaseTimeout = time.Second

// Delete implements Store.
func (r *Redis) Delete(ctx context.Context, id string) error {
	if err := r.client.Del(ctx, keyOf(id)).Err(); err != nil {
		return fmt.Errorf("delete a session: %w", err)
	}
	return nil
}
