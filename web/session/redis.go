package session

import (
	"context"
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
	b, err := r.client.Get(ctx, keyOf(id)).Bytes()
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

// Delete implements Store.
func (r *Redis) Delete(ctx context.Context, id string) error {
	if err := r.client.Del(ctx, keyOf(id)).Err(); err != nil {
		return fmt.Errorf("delete a session: %w", err)
	}
	return nil
}
