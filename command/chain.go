package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// OnError says what happens to the order when a command fails: its script throws, exceeds its
// steps or memory, or returns something that its scenario doesn't allow. A missed deadline is
// never one of these: load must not switch a check off.
type OnError string

// What may happen.
const (
	OnErrorReject OnError = "reject" // the order is refused; before the payment only
	OnErrorSkip   OnError = "skip"   // the command counts as if it hadn't run
	OnErrorPark   OnError = "park"   // the order goes on, and waits for staff before it is packed
)

// Step is one command of a chain.
type Step struct {
	Command string `json:"command"`
	// Version of the command.
	Version int64           `json:"version"`
	Params  json.RawMessage `json:"params,omitempty"`
	// When is a condition on the view, in the language of expr-lang; empty is always met.
	When string `json:"when,omitempty"`
	// OnError defaults to reject before the payment and to park after it.
	OnError OnError `json:"onError,omitempty"`
}

// Chain is what runs in a scenario. Published versions never change.
type Chain struct {
	Scenario order.Scenario `json:"scenario"`
	// Version counts from 1; 0 is a draft.
	Version int64 `json:"version,omitempty"`
	// Hash is the SHA-256 of the version's document, in hex.
	Hash        string    `json:"hash,omitempty"`
	Steps       []Step    `json:"steps"`
	PublishedAt time.Time `json:"publishedAt,omitzero"`
	PublishedBy string    `json:"publishedBy,omitempty"`
	// Restores is the version whose steps a rollback published again.
	Restores int64 `json:"restores,omitempty"`
}

// Versions returns the commands of the chain, each version once.
func (c *Chain) Versions() []Ref {
	var refs []Ref
	for _, s := range c.Steps {
		if r := (Ref{s.Command, s.Version}); !slices.Contains(refs, r) {
			refs = append(refs, r)
		}
	}
	return refs
}

// Ref names a version of a command.
type Ref struct {
	ID      string
	Version int64
}

// KnownScenario reports whether a scenario has a chain.
func KnownScenario(s order.Scenario) bool { return slices.Contains(Scenarios(), s) }

// onError is the step's OnError, or its default.
func (s *Step) onError(scenario order.Scenario) OnError {
	switch {
	case s.OnError != "":
		return s.OnError
	case BeforePayment(scenario):
		return OnErrorReject
	}
	return OnErrorPark
}

// Validate lists everything that is wrong with a chain. find returns a version of a command, or
// ErrNotFound.
func (c *Chain) Validate(find func(Ref) (*Command, error)) error {
	_, err := prepare(*c, find, false)
	return err
}

func (s *Step) check(bad *product.Invalid, i int, scenario order.Scenario) {
	at := "steps[" + strconv.Itoa(i) + "]."
	switch s.OnError {
	case "", OnErrorSkip, OnErrorPark:
	case OnErrorReject:
		if !BeforePayment(scenario) {
			bad.Add(at+"onError", fmt.Sprintf("must be skip or park: an order can't be refused in %s", scenario))
		}
	default:
		bad.Add(at+"onError", "must be reject, skip or park")
	}
	if len(s.When) > MaxWhenBytes {
		bad.Add(at+"when", fmt.Sprintf("at most %d bytes", MaxWhenBytes))
	}
	if len(s.Params) > MaxParamsBytes {
		bad.Add(at+"params", fmt.Sprintf("at most %d bytes", MaxParamsBytes))
	}
}
