package command

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"holdfast/order"
)

// builtin is a command that is part of Holdfast.
type builtin struct {
	Command
	scenarios []order.Scenario
	run       func(v *View, params json.RawMessage) (Result, error)
}

func (b builtin) in(s order.Scenario) bool { return slices.Contains(b.scenarios, s) }

// builtins by id. Their versions change when what they do changes; chains name one.
var builtins = func() map[string]builtin {
	all := map[string]builtin{}
	for _, b := range []builtin{completePhone, normalizeAddress, tag, holdForReview, gift, limitQuantity, reject} {
		b.Behaviour, b.Version = BehaviourGo, 1
		all[b.ID] = b
	}
	return all
}()

// Builtins lists the built-in commands by id.
func Builtins() []Command {
	var all []Command
	for _, id := range slices.Sorted(maps.Keys(builtins)) {
		all = append(all, builtins[id].Command)
	}
	return all
}

// Builtin returns a version of a built-in command.
func Builtin(r Ref) (*Command, bool) {
	b, ok := builtins[r.ID]
	if !ok || b.Version != r.Version {
		return nil, false
	}
	return &b.Command, true
}

// CurrentBuiltin returns the built-in command with an id, in the version that there is.
func CurrentBuiltin(id string) (Command, bool) {
	b, ok := builtins[id]
	return b.Command, ok
}

// IsBuiltin reports whether an id is that of a built-in command.
func IsBuiltin(id string) bool {
	_, ok := builtins[id]
	return ok
}

// read reads parameters, which their schema has checked.
func read[T any](params json.RawMessage) (p T, err error) {
	if err := json.Unmarshal(params, &p); err != nil {
		return p, fmt.Errorf("read the parameters: %w", err)
	}
	return p, nil
}

// set returns an operation that sets a field to a text or a number.
func set(path string, to any) (Op, error) {
	doc, err := json.Marshal(to)
	if err != nil {
		return Op{}, fmt.Errorf("encode %s: %w", path, err)
	}
	return Op{Op: OpSet, Path: path, Value: doc}, nil
}

func add(path string, what any) (Op, error) {
	op, err := set(path, what)
	op.Op = OpAdd
	return op, err
}

// one returns a result of one operation.
func one(op Op, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	return Result{Patch: []Op{op}}, nil
}
