// Package registry stores merchants' endpoints and the log of what was sent to them, on
// Redis. It sends nothing.
package registry

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
	"holdfast/streams"
	"holdfast/webhook"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	addScript     = redisdb.Embedded(sources, "add")
	removeScript  = redisdb.Embedded(sources, "remove")
	swapScript    = redisdb.Embedded(sources, "swap")
	attemptScript = redisdb.Embedded(sources, "attempt")
	settleScript  = redisdb.Embedded(sources, "settle")
	eraseScript   = redisdb.Embedded(sources, "erase")
)

// endpointsKey is the hash of all endpoints, by id. It shares a slot with the set of
// registered groups, so that one script changes both.
const endpointsKey = streams.GroupsTag + ":webhooks"

// Store gives access to the endpoints of one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

// Add registers an endpoint, which receives events from now on. It returns the new secret;
// a repeated call with the same key returns the first one.
func (s *Store) Add(ctx context.Context, r webhook.Registration) (webhook.Stored, webhook.Secret, error) {
	now, err := s.rdb.Time(ctx).Result() // the entries of the streams have the server's time
	if err != nil {
		return webhook.Stored{}, webhook.Secret{}, fmt.Errorf("ask redis for its time: %w", err)
	}
	r.Events = append([]string{}, r.Events...)
	made := webhook.Secret{Value: webhook.NewSecret(), Key: webhook.KeyOf("register", r.Key)}
	e := webhook.Stored{
		Endpoint: webhook.Endpoint{
			ID: webhook.NewID(), URL: r.URL, Events: r.Events, Description: r.Description,
			CreatedAt: now.UTC().Truncate(time.Millisecond), Status: webhook.StatusActive,
		},
		Secrets: []webhook.Secret{made},
	}
	fingerprint, err := r.Fingerprint()
	if err != nil {
		return webhook.Stored{}, webhook.Secret{}, err
	}
	all := keys()
	if r.Key != "" {
		e.Fingerprint, all = fingerprint, append(all, addedKey(made.Key))
	}
	doc, err := json.Marshal(e)
	if err != nil {
		return webhook.Stored{}, webhook.Secret{}, fmt.Errorf("encode webhook %s: %w", e.ID, err)
	}
	answer, err := s.run(ctx, addScript, all, e.ID, doc, webhook.MaxEndpoints, webhook.Group, webhook.KeepKeys.Milliseconds()).StringSlice()
	if err != nil {
		return webhook.Stored{}, webhook.Secret{}, fmt.Errorf("register webhook %s: %w", e.ID, err)
	}
	switch answer[0] {
	case "FULL":
		return webhook.Stored{}, webhook.Secret{}, webhook.ErrTooMany
	case "THERE":
		return registered(answer[1], fingerprint, made.Key, now)
	}
	return e, made, nil
}

// registered returns the result of an earlier registration under the same key.
func registered(doc, fingerprint, key string, now time.Time) (webhook.Stored, webhook.Secret, error) {
	if doc == "" {
		return webhook.Stored{}, webhook.Secret{}, webhook.ErrSecretGone
	}
	e, err := decode("of an earlier call", doc)
	if err != nil {
		return e, webhook.Secret{}, err
	}
	if e.Fingerprint != fingerprint {
		return e, webhook.Secret{}, webhook.ErrKeyReused
	}
	made, err := stillSigns(e, key, now)
	return e, made, err
}

// stillSigns finds the secret that an earlier call under this key created.
func stillSigns(e webhook.Stored, key string, now time.Time) (webhook.Secret, error) {
	made, there := e.MadeUnder(key)
	if !there || (!made.Until.IsZero() && !now.Before(made.Until)) {
		return webhook.Secret{}, webhook.ErrSecretGone
	}
	return made, nil
}

// addedKey and rotatedKey store Idempotency-Keys, but no secrets: these are stored only
// where they sign, and no longer than they sign.
func addedKey(key string) string { return endpointsKey + ":added:" + key }

func rotatedKey(id, key string) string { return endpointsKey + ":rotated:" + id + ":" + key }

func keys() []string { return []string{endpointsKey, streams.GroupsKey()} }

func (s *Store) run(ctx context.Context, script *redisdb.Script, keys []string, args ...any) *redis.Cmd {
	return redisdb.Run(ctx, s.rdb, redisdb.Call{Script: script, Keys: keys, Args: args})[0]
}

// List reads all endpoints, the oldest first.
func (s *Store) List(ctx context.Context) ([]webhook.Stored, error) {
	docs, err := s.rdb.HGetAll(ctx, endpointsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("list the webhooks: %w", err)
	}
	all := make([]webhook.Stored, 0, len(docs))
	for id, doc := range docs {
		e, err := decode(id, doc)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b webhook.Stored) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// decode leaves the cause out: it could show a part of a secret.
func decode(id, doc string) (webhook.Stored, error) {
	var e webhook.Stored
	if json.Unmarshal([]byte(doc), &e) != nil {
		return e, fmt.Errorf("what is stored of webhook %s can't be read", id)
	}
	return e, nil
}

// Any reports whether there is an endpoint.
func (s *Store) Any(ctx context.Context) (bool, error) {
	n, err := s.rdb.HLen(ctx, endpointsKey).Result()
	if err != nil {
		return false, fmt.Errorf("count the webhooks: %w", err)
	}
	return n > 0, nil
}

// Get reads one endpoint.
func (s *Store) Get(ctx context.Context, id string) (webhook.Stored, error) {
	e, _, err := s.get(ctx, id)
	return e, err
}

func (s *Store) get(ctx context.Context, id string) (webhook.Stored, string, error) {
	doc, err := s.rdb.HGet(ctx, endpointsKey, id).Result()
	if errors.Is(err, redis.Nil) {
		return webhook.Stored{}, "", webhook.ErrNotFound
	}
	if err != nil {
		return webhook.Stored{}, "", fmt.Errorf("read webhook %s: %w", id, err)
	}
	e, err := decode(id, doc)
	return e, doc, err
}

// Remove deletes an endpoint and its log. A message in flight to it ends at its next try.
func (s *Store) Remove(ctx context.Context, id string) error {
	gone, err := s.run(ctx, removeScript, keys(), id, webhook.Group).Bool()
	if err != nil {
		return fmt.Errorf("remove webhook %s: %w", id, err)
	}
	if err := s.run(ctx, eraseScript, []string{listKey(id)}, deliveryKey(id, ""), orderKey(id, "")).Err(); err != nil {
		return fmt.Errorf("erase the log of webhook %s: %w", id, err) // it ends by itself in time
	}
	if !gone {
		return webhook.ErrNotFound
	}
	return nil
}
