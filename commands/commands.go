package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"holdfast/command"
)

// Put stores the next version of a merchant's command, which it compiles first, and reports whether
// it is a new version: a command that is the current one already stays as it is. ifMatch is the
// command.Tag that must be current, "*" for any, "0" if there must be none, "" whatever there is. Its
// error is a product.Invalid, a *command.BrokenError, command.ErrStale or a limit's, or wraps
// command.ErrUnavailable. If the answer is lost, the call may be repeated.
func (s *Store) Put(ctx context.Context, c command.Command, ifMatch, by string) (command.Command, bool, error) {
	c = bare(c)
	if err := c.Validate(); err != nil {
		return c, false, err
	}
	if _, err := c.Compile(ctx, s.box); err != nil {
		return c, false, err
	}
	document, err := json.Marshal(c)
	if err != nil {
		return c, false, fmt.Errorf("encode command %s: %w", c.ID, err)
	}
	known := c.Summary()
	known.Hash, known.StoredBy = hashOf(document), by
	v, stored, err := s.put(ctx, ofCommands, put{
		name: c.ID, ifMatch: ifMatch, document: document, hash: known.Hash, known: known,
	})
	if ifMatch == "0" && errors.Is(err, command.ErrStale) {
		err = command.ErrExists
	}
	if err != nil {
		return c, false, err
	}
	c, err = readCommand(c.ID, &v)
	return c, stored, err
}

// bare returns the command without what belongs to one of its versions.
func bare(c command.Command) command.Command {
	return command.Command{
		ID: c.ID, Description: c.Description, Target: c.Target, Behaviour: c.Behaviour, Inputs: c.Inputs, Params: c.Params,
		Source: c.Source, Tests: c.Tests,
	}
}

func readSummary(id string, v *version) (command.Summary, error) {
	var known command.Summary
	if err := json.Unmarshal([]byte(v.known), &known); err != nil {
		return known, fmt.Errorf("read version %d of command %s: %w", v.number, id, err)
	}
	known.Version, known.StoredAt = v.number, v.at
	return known, nil
}

// readCommand reads a version, whose document must be the one that was stored.
func readCommand(id string, v *version) (c command.Command, err error) {
	known, err := readSummary(id, v)
	if err != nil {
		return c, err
	}
	if hashOf([]byte(v.document)) != known.Hash {
		return c, fmt.Errorf("version %d of command %s isn't the one with the hash %s", v.number, id, known.Hash)
	}
	if err := json.Unmarshal([]byte(v.document), &c); err != nil {
		return c, fmt.Errorf("read version %d of command %s: %w", v.number, id, err)
	}
	c.Version, c.Hash, c.StoredAt, c.StoredBy = v.number, known.Hash, v.at, known.StoredBy
	return c, nil
}

// Get returns a version of a command, built in or stored, or command.ErrNotFound. 0 is the current
// one.
func (s *Store) Get(ctx context.Context, id string, number int64) (command.Command, error) {
	if c, builtin := command.CurrentBuiltin(id); builtin {
		if number == 0 || number == c.Version {
			return c, nil
		}
		return command.Command{}, command.ErrNotFound
	}
	v, err := s.get(ctx, ofCommands, id, number)
	if err != nil {
		return command.Command{}, err
	}
	return readCommand(id, &v)
}

// Versions returns up to limit versions of a stored command before this one, the newest first. 0
// begins with the current one.
func (s *Store) Versions(ctx context.Context, id string, limit int, before int64) ([]command.Summary, error) {
	found, err := s.versions(ctx, ofCommands, id, limit, before)
	if err != nil {
		return nil, err
	}
	all := make([]command.Summary, len(found))
	for i := range found {
		if all[i], err = readSummary(id, &found[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// List returns up to limit commands by id, from the one behind after, in their current versions:
// the built-in ones and those that are stored.
func (s *Store) List(ctx context.Context, limit int, after string) (page []command.Summary, more bool, err error) {
	current, err := s.rdb.HGetAll(ctx, ofCommands.current).Result() // at most command.MaxCommands
	if err != nil {
		return nil, false, fmt.Errorf("list the commands: %w", err)
	}
	builtins := map[string]command.Summary{}
	for _, c := range command.Builtins() {
		builtins[c.ID] = c.Summary()
	}
	ids := slices.Sorted(maps.Keys(current))
	ids = append(ids, slices.Collect(maps.Keys(builtins))...)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id <= after })
	if more = len(ids) > limit; more {
		ids = ids[:limit]
	}
	for _, id := range ids {
		if of, ok := builtins[id]; ok {
			page = append(page, of)
			continue
		}
		v, err := readCurrent(current[id])
		if err != nil {
			return nil, false, err
		}
		page = append(page, command.Summary{ID: id, Version: v.Number})
	}
	return page, more, s.describe(ctx, page)
}

// describe completes the summaries of stored commands.
func (s *Store) describe(ctx context.Context, page []command.Summary) error {
	var fields []string
	for i := range page {
		if page[i].Target == "" {
			fields = append(fields, field(page[i].ID, page[i].Version))
		}
	}
	if len(fields) == 0 {
		return nil
	}
	values, err := s.rdb.HMGet(ctx, ofCommands.known, fields...).Result()
	if err != nil {
		return fmt.Errorf("list the commands: %w", err)
	}
	for i := range page {
		if page[i].Target != "" {
			continue
		}
		v, err := readKnown(values[0])
		if err == nil {
			v.number = page[i].Version
			page[i], err = readSummary(page[i].ID, &v)
		}
		if err != nil {
			return fmt.Errorf("list the commands: %w", err)
		}
		values = values[1:]
	}
	return nil
}
