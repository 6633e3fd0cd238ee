package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/command"
	"holdfast/order"
	"holdfast/product"
)

// chainKey names a prepared chain in memory.
type chainKey struct {
	scenario order.Scenario
	version  command.ChainVersion
}

// mostPrepared bounds the chains in memory: the current ones, and those of orders in flight.
const mostPrepared = 64

// loadTimeout is for reading a chain and its commands, and compiling their scripts.
const loadTimeout = 5 * time.Second

// Prepared returns a version of a scenario's chain that is ready to run. Only the first call of a
// process reads and compiles it; many at once wait for one. Number 0 has no chain: nil. Without a
// hash it is the version with the number, which is asked for then. Its error wraps
// command.ErrNotFound, or command.ErrUnavailable if it isn't known what the scripts are.
func (s *Store) Prepared(ctx context.Context, scenario order.Scenario, v command.ChainVersion) (*command.Prepared, error) {
	if v.Number == 0 {
		return nil, nil //nolint:nilnil // a scenario without a chain
	}
	if v.Hash == "" {
		var err error
		if v.Hash, err = s.hash(ctx, scenario, v.Number); err != nil {
			return nil, fmt.Errorf("prepare version %d of the chain of %s: %w", v.Number, scenario, err)
		}
	}
	key := chainKey{scenario, v}
	if p := s.inMemory(key); p != nil {
		return p, nil
	}
	name := string(scenario) + "/" + strconv.FormatInt(v.Number, 10) + "-" + v.Hash
	loaded := s.loading.DoChan(name, func() (any, error) { return s.load(context.WithoutCancel(ctx), key) })
	select {
	case l := <-loaded:
		p, _ := l.Val.(*command.Prepared)
		return p, l.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("prepare version %d of the chain of %s: %w", v.Number, scenario, ctx.Err())
	}
}

// hash returns the hash of the version with a number.
func (s *Store) hash(ctx context.Context, scenario order.Scenario, number int64) (string, error) {
	known, err := s.rdb.HGet(ctx, ofChains.known, field(string(scenario), number)).Result()
	if errors.Is(err, redis.Nil) {
		return "", command.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	v, err := readKnown(known)
	if err != nil {
		return "", err
	}
	summary, err := readChainSummary(scenario, &v)
	return summary.Hash, err
}

func (s *Store) inMemory(key chainKey) *command.Prepared {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prepared[key]
}

func (s *Store) load(ctx context.Context, key chainKey) (*command.Prepared, error) {
	if p := s.inMemory(key); p != nil { // another load has ended meanwhile
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	p, err := s.prepare(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("prepare version %d of the chain of %s: %w", key.version.Number, key.scenario, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.prepared) >= mostPrepared {
		clear(s.prepared)
	}
	s.prepared[key] = p
	return p, nil
}

// prepare reads a chain and the commands that it was published with.
func (s *Store) prepare(ctx context.Context, key chainKey) (*command.Prepared, error) {
	c, pins, err := s.chain(ctx, key.scenario, key.version.Number)
	if err != nil {
		return nil, err
	}
	if c.Hash != key.version.Hash {
		return nil, fmt.Errorf("it isn't the one with the hash %s", key.version.Hash)
	}
	f, err := s.finder(ctx, c.Steps)
	if err != nil {
		return nil, err
	}
	for _, p := range pins {
		if stored := f[command.Ref{ID: p.ID, Version: p.Version}]; stored == nil || stored.Hash != p.Hash {
			return nil, fmt.Errorf("version %d of command %s isn't the one that it was published with", p.Version, p.ID)
		}
	}
	p, err := command.PreparePublished(ctx, c, f.find, s.box)
	if bad, ok := errors.AsType[product.Invalid](err); ok {
		// A later version of this program published it. The buyer's request isn't at fault.
		return nil, fmt.Errorf("%w: this version of Holdfast can't run the chain: %s", command.ErrUnavailable, bad.Error())
	}
	return p, err
}
