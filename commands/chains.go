package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/command"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// Find returns a call that reads the current version of each scenario's chain, for use in a larger
// read.
func Find() redisdb.Call {
	scenarios := command.Scenarios()
	args := make([]any, len(scenarios))
	for i, s := range scenarios {
		args[i] = string(s)
	}
	return redisdb.Call{Command: "hmget", Keys: []string{ofChains.current}, Args: args}
}

// Found reads the answer to Find.
func Found(answer *redis.Cmd) (command.Published, error) {
	values, err := redisdb.Slice(answer)
	if err != nil {
		return nil, fmt.Errorf("read the current chains: %w", err)
	}
	var all command.Published
	for i, s := range command.Scenarios() {
		value, there := values[i].(string)
		if !there {
			continue
		}
		v, err := readCurrent(value)
		if err != nil {
			return nil, fmt.Errorf("read the current chain of %s: %w", s, err)
		}
		if all == nil {
			all = command.Published{}
		}
		all[s] = v
	}
	return all, nil
}

// Published returns the current version of each scenario's chain.
func (s *Store) Published(ctx context.Context) (command.Published, error) {
	return Found(redisdb.Run(ctx, s.rdb, Find())[0])
}

// chainDocument is a published version. It pins the hashes of the commands that it was checked with.
type chainDocument struct {
	Scenario order.Scenario `json:"scenario"`
	Steps    []command.Step `json:"steps"`
	Commands []pin          `json:"commands,omitempty"`
}

type pin struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
	Hash    string `json:"hash"`
}

// Chain returns a version of a scenario's chain, or command.ErrNotFound. 0 is the current one.
func (s *Store) Chain(ctx context.Context, scenario order.Scenario, number int64) (command.Chain, error) {
	c, _, err := s.chain(ctx, scenario, number)
	return c, err
}

func (s *Store) chain(ctx context.Context, scenario order.Scenario, number int64) (command.Chain, []pin, error) {
	v, err := s.get(ctx, ofChains, string(scenario), number)
	if err != nil {
		return command.Chain{}, nil, err
	}
	return readChain(scenario, &v)
}

func readChainSummary(scenario order.Scenario, v *version) (command.ChainSummary, error) {
	var known command.ChainSummary
	if err := json.Unmarshal([]byte(v.known), &known); err != nil {
		return known, fmt.Errorf("read version %d of the chain of %s: %w", v.number, scenario, err)
	}
	known.Version, known.PublishedAt = v.number, v.at
	return known, nil
}

// readChain reads a version, whose document must be the one that was published.
func readChain(scenario order.Scenario, v *version) (command.Chain, []pin, error) {
	known, err := readChainSummary(scenario, v)
	if err != nil {
		return command.Chain{}, nil, err
	}
	if hashOf([]byte(v.document)) != known.Hash {
		return command.Chain{}, nil, fmt.Errorf("version %d of the chain of %s isn't the one with the hash %s", v.number, scenario, known.Hash)
	}
	var d chainDocument
	if err := json.Unmarshal([]byte(v.document), &d); err != nil {
		return command.Chain{}, nil, fmt.Errorf("read version %d of the chain of %s: %w", v.number, scenario, err)
	}
	return command.Chain{
		Scenario: scenario, Version: v.number, Hash: known.Hash, Steps: d.Steps, PublishedAt: v.at, PublishedBy: known.PublishedBy,
		Restores: known.Restores,
	}, d.Commands, nil
}

// ChainVersions returns up to limit versions of a scenario's chain before this one, the newest first.
// 0 begins with the current one.
func (s *Store) ChainVersions(ctx context.Context, scenario order.Scenario, limit int, before int64) ([]command.ChainSummary, error) {
	found, err := s.versions(ctx, ofChains, string(scenario), limit, before)
	if err != nil {
		return nil, err
	}
	all := make([]command.ChainSummary, len(found))
	for i := range found {
		if all[i], err = readChainSummary(scenario, &found[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// storedDraft is a draft's document.
type storedDraft struct {
	By    string         `json:"by"`
	Steps []command.Step `json:"steps"`
}

// Draft returns a scenario's draft, or command.ErrNoDraft.
func (s *Store) Draft(ctx context.Context, scenario order.Scenario) (command.ChainDraft, error) {
	d, _, err := s.draft(ctx, scenario)
	return d, err
}

// draft also returns the draft as it is stored.
func (s *Store) draft(ctx context.Context, scenario order.Scenario) (command.ChainDraft, string, error) {
	stored, err := s.rdb.HGet(ctx, draftsKey(), string(scenario)).Result()
	if errors.Is(err, redis.Nil) {
		return command.ChainDraft{}, "", command.ErrNoDraft
	}
	if err != nil {
		return command.ChainDraft{}, "", fmt.Errorf("read the draft of %s: %w", scenario, err)
	}
	d, err := readDraft(scenario, stored)
	return d, stored, err
}

// readDraft reads "<revision>-<hash> <saved at, ms> <document>".
func readDraft(scenario order.Scenario, stored string) (d command.ChainDraft, err error) {
	parts := strings.SplitN(stored, " ", 3)
	if len(parts) < 3 {
		return d, fmt.Errorf("the draft of %s is %q", scenario, stored)
	}
	var doc storedDraft
	tag, err := readCurrent(parts[0])
	at, notNumber := strconv.ParseInt(parts[1], 10, 64)
	if err = errors.Join(err, notNumber, json.Unmarshal([]byte(parts[2]), &doc)); err != nil {
		return d, fmt.Errorf("read the draft of %s: %w", scenario, err)
	}
	return command.ChainDraft{
		Scenario: scenario, Steps: doc.Steps, Revision: tag.Number, Hash: tag.Hash, SavedAt: time.UnixMilli(at).UTC(), SavedBy: doc.By,
	}, nil
}

// PutDraft saves a scenario's draft, whose steps must name commands that exist. ifMatch is the
// command.Tag of the draft that must be there, "*" for any, command.NoDraft for none, "" whatever there is.
// Its error is command.ErrStale or a product.Invalid. If the answer is lost, the call may be repeated.
func (s *Store) PutDraft(ctx context.Context, scenario order.Scenario, steps []command.Step, ifMatch, by string) (command.ChainDraft, error) {
	c := command.Chain{Scenario: scenario, Steps: append([]command.Step{}, steps...)}
	finder, err := s.finder(ctx, steps)
	if err == nil {
		err = c.Validate(finder.find)
	}
	if err != nil {
		return command.ChainDraft{}, err
	}
	content, err := json.Marshal(c.Steps)
	var document []byte
	if err == nil {
		document, err = json.Marshal(storedDraft{By: by, Steps: c.Steps})
	}
	if err != nil {
		return command.ChainDraft{}, fmt.Errorf("encode the draft of %s: %w", scenario, err)
	}
	answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: draftScript, Keys: []string{draftsKey()}, Args: []any{string(scenario), ifMatch, document, hashOf(content)},
	})[0])
	if err != nil {
		return command.ChainDraft{}, fmt.Errorf("save the draft of %s: %w", scenario, err)
	}
	if answer[0] == "STALE" {
		return command.ChainDraft{}, command.ErrStale
	}
	if len(answer) == 2 {
		if stored, ok := answer[1].(string); ok {
			return readDraft(scenario, stored)
		}
	}
	return command.ChainDraft{}, fmt.Errorf("save the draft of %s: the script answered %v", scenario, answer)
}

// finder has the commands that some steps name.
type finder map[command.Ref]*command.Command

func (f finder) find(r command.Ref) (*command.Command, error) {
	if c, ok := command.Builtin(r); ok {
		return c, nil
	}
	if c := f[r]; c != nil {
		return c, nil
	}
	return nil, command.ErrNotFound
}

// finder reads the commands that steps name, in one round trip.
func (s *Store) finder(ctx context.Context, steps []command.Step) (finder, error) {
	c := command.Chain{Steps: steps[:min(len(steps), command.MaxSteps)]}
	var refs []command.Ref
	var fields []string
	for _, r := range c.Versions() {
		if !command.IsBuiltin(r.ID) && product.ValidID(r.ID) {
			refs, fields = append(refs, r), append(fields, field(r.ID, r.Version))
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	found, err := s.getAll(ctx, ofCommands, fields...)
	if err != nil {
		return nil, err
	}
	f := finder{}
	for i, v := range found {
		if v == nil {
			continue
		}
		v.number = refs[i].Version
		read, err := readCommand(refs[i].ID, v)
		if err != nil {
			return nil, err
		}
		f[refs[i]] = &read
	}
	return f, nil
}
