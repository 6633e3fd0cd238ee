package command

import "encoding/json"

// Spec is what a merchant says about a command.
type Spec struct {
	// ID is given where a path doesn't have it.
	ID          string `json:"id,omitempty"`
	Description string `json:"description,omitempty"`
	// Target is for what the command runs; empty is TargetOrder.
	Target Target          `json:"target,omitempty"`
	Inputs []string        `json:"inputs,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Source string          `json:"source"`
	Tests  []Test          `json:"tests,omitempty"`
}

// Command returns the command that the spec describes.
func (s *Spec) Command() Command {
	c := Command{
		ID: s.ID, Description: s.Description, Target: s.Target, Behaviour: BehaviourJS, Inputs: s.Inputs, Params: s.Params,
		Source: s.Source, Tests: s.Tests,
	}
	if c.Target == "" {
		c.Target = TargetOrder
	}
	return c
}
