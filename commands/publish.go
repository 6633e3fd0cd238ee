package commands

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/command"
	"holdfast/order"
)

// Publish makes a scenario's draft the current version of its chain, and reports whether it is a new
// version: a draft that is the current one already stays so. Before, it checks the steps, compiles
// the scripts and runs their tests. ifMatch is the command.Tag of the draft, "*" or "" for whichever
// there is. Its error is command.ErrNoDraft, command.ErrStale, a limit's, a product.Invalid, a
// *command.BrokenError, or wraps command.ErrUnavailable. If the answer is lost, the call may be
// repeated.
func (s *Store) Publish(ctx context.Context, scenario order.Scenario, ifMatch, by string) (command.Chain, bool, error) {
	d, stored, err := s.draft(ctx, scenario)
	if err != nil {
		return command.Chain{}, false, err
	}
	if ifMatch != "" && ifMatch != "*" && ifMatch != command.Tag(d.Revision, d.Hash) {
		return command.Chain{}, false, command.ErrStale
	}
	return s.publish(ctx, command.Chain{Scenario: scenario, Steps: d.Steps, PublishedBy: by}, "", stored)
}

// Rollback publishes the steps of an earlier version again, as the next one. ifMatch is the
// command.Tag of the current version, "*" or "" for whichever it is. Its errors are those of Publish;
// command.ErrNotFound means that there is no such version.
func (s *Store) Rollback(ctx context.Context, scenario order.Scenario, to int64, ifMatch, by string) (command.Chain, bool, error) {
	if to < 1 {
		return command.Chain{}, false, command.ErrNotFound
	}
	c, _, err := s.chain(ctx, scenario, to)
	if err != nil {
		return command.Chain{}, false, err
	}
	return s.publish(ctx, command.Chain{Scenario: scenario, Steps: c.Steps, PublishedBy: by, Restores: to}, ifMatch, "")
}

func (s *Store) publish(ctx context.Context, c command.Chain, ifMatch, draft string) (command.Chain, bool, error) {
	f, err := s.finder(ctx, c.Steps)
	if err != nil {
		return c, false, err
	}
	if _, err := command.Check(ctx, c, f.find, s.box, s.test); err != nil {
		return c, false, err
	}
	d := chainDocument{Scenario: c.Scenario, Steps: c.Steps}
	for _, r := range c.Versions() {
		if stored := f[r]; stored != nil {
			d.Commands = append(d.Commands, pin{ID: r.ID, Version: r.Version, Hash: stored.Hash})
		}
	}
	document, err := json.Marshal(d)
	if err != nil {
		return c, false, fmt.Errorf("encode the chain of %s: %w", c.Scenario, err)
	}
	known := command.ChainSummary{Hash: hashOf(document), Steps: len(c.Steps), PublishedBy: c.PublishedBy, Restores: c.Restores}
	v, published, err := s.put(ctx, ofChains, put{
		name: string(c.Scenario), ifMatch: ifMatch, document: document, hash: known.Hash, known: known, draft: draft,
	})
	if err != nil {
		return c, false, err
	}
	c, _, err = readChain(c.Scenario, &v)
	return c, published, err
}

// mostPassed bounds what is remembered of tests.
const mostPassed = 10 * command.MaxCommands

// test runs the tests of a version unless they have passed before. So a chain with many tests, for
// which one request may be too short, gets further each time it is published.
func (s *Store) test(ctx context.Context, c *command.Command, p command.Program) ([]command.Tested, error) {
	s.mu.Lock()
	passed := s.passed[c.Hash]
	s.mu.Unlock()
	if passed {
		return nil, nil
	}
	all, err := c.RunTests(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if !t.Passed {
			return all, nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.passed) >= mostPassed {
		clear(s.passed)
	}
	s.passed[c.Hash] = true
	return all, nil
}
