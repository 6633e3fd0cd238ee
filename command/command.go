// Package command is the domain of what a shop changes about its orders without a release. A
// business scenario, such as "submit", runs a chain of commands on a draft of the order. A command is
// built in or a script of the merchant's; it sees a view of the draft and returns a patch, and only
// the paths that its scenario allows can be patched. Every changed field is recorded, and the draft
// is checked after each command.
//
// The package does no I/O and reads no clock. Chains and commands are stored by package commands;
// scripts run in the box of package script. docs/commands.md is the guide for merchants.
package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Limits of a command and its chains.
const (
	MaxSourceBytes   = 64 << 10
	MaxDocumentBytes = 256 << 10
	MaxSchemaBytes   = 16 << 10
	MaxParamsBytes   = 16 << 10
	MaxTests         = 50
	MaxSteps         = 20
	MaxWhenBytes     = 1000
	MaxTextBytes     = 500
	// MaxCommands, MaxVersions of a command or a chain, and MaxStoredBytes of all versions together
	// bound what a shop stores: versions are kept for good.
	MaxCommands    = 200
	MaxVersions    = 1000
	MaxStoredBytes = 256 << 20
	// MaxTargetLines is how many lines of one order a command may be run for, one by one.
	MaxTargetLines = 100
)

// Behaviour says how a command is written.
type Behaviour string

// The behaviours.
const (
	BehaviourGo Behaviour = "go" // built in
	BehaviourJS Behaviour = "js" // a script of the merchant's
)

// Target says what a command is run for.
type Target string

// The targets.
const (
	TargetOrder Target = "order" // once for the order
	TargetLine  Target = "line"  // once for each line, in their order
)

// Command is one version of a command. Versions never change.
type Command struct {
	ID string `json:"id"`
	// Version counts from 1. Built-in commands have version 1 until their behaviour changes.
	Version     int64     `json:"version,omitempty"`
	Description string    `json:"description,omitempty"`
	Target      Target    `json:"target"`
	Behaviour   Behaviour `json:"behaviour"`
	// Inputs are the fields of the view that a script sees, such as "lines" and "address.phone".
	Inputs []string `json:"inputs,omitempty"`
	// Params is the JSON schema of the parameters. Empty takes none.
	Params json.RawMessage `json:"params,omitempty"`
	// Source is the script's text, an ES module that exports the function execute.
	Source string `json:"source,omitempty"`
	Tests  []Test `json:"tests,omitempty"`

	// Hash is the SHA-256 of the version's document, in hex. Built-in commands have none of these.
	Hash     string    `json:"hash,omitempty"`
	StoredAt time.Time `json:"storedAt,omitzero"`
	StoredBy string    `json:"storedBy,omitempty"`
}

// Test is an example of a script's behaviour, which publishing runs.
type Test struct {
	Name   string          `json:"name"`
	View   json.RawMessage `json:"view,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	// Expect is the result, without fields that are empty.
	Expect Result `json:"expect"`
}

// Result is what a command returns.
type Result struct {
	Patch []Op `json:"patch,omitempty"`
	// Reject is why the order is refused; only the scenarios before the payment can refuse.
	Reject string `json:"reject,omitempty"`
	// Note is a remark for staff.
	Note string `json:"note,omitempty"`
}

// Validate lists everything that is wrong with a merchant's command. It doesn't parse the script.
func (c *Command) Validate() error {
	var bad product.Invalid
	if !product.ValidID(c.ID) {
		bad.Add("id", "must match [A-Za-z0-9._~-]{1,64}")
	} else if _, taken := builtins[c.ID]; taken {
		bad.Add("id", "is the id of a built-in command")
	}
	checkLength(&bad, "description", c.Description, MaxTextBytes)
	if c.Target != TargetOrder && c.Target != TargetLine {
		bad.Add("target", "must be order or line")
	}
	if c.Behaviour != BehaviourJS {
		bad.Add("behaviour", "must be js")
	}
	if strings.TrimSpace(c.Source) == "" {
		bad.Add("source", "is required")
	} else if len(c.Source) > MaxSourceBytes {
		bad.Add("source", fmt.Sprintf("has %d bytes, of which it may have %d", len(c.Source), MaxSourceBytes))
	}
	for i, f := range c.Inputs {
		if !KnownField(f) {
			bad.Add(fmt.Sprintf("inputs[%d]", i), fmt.Sprintf("%q is not a field of the view", f))
		}
	}
	schema, err := parseSchema(c.Params)
	if err != nil {
		bad.Add("params", err.Error())
	}
	c.checkTests(&bad, schema, err == nil)
	if doc, err := json.Marshal(c); err != nil {
		bad.Add("tests", err.Error())
	} else if len(doc) > MaxDocumentBytes {
		bad.Add("tests", fmt.Sprintf("the command has %d bytes, of which it may have %d", len(doc), MaxDocumentBytes))
	}
	return bad.OrNil()
}

func (c *Command) checkTests(bad *product.Invalid, s *schema, known bool) {
	if len(c.Tests) > MaxTests {
		bad.Add("tests", fmt.Sprintf("must have at most %d", MaxTests))
		return
	}
	for i, t := range c.Tests {
		at := "tests[" + strconv.Itoa(i) + "]"
		if strings.TrimSpace(t.Name) == "" {
			bad.Add(at+".name", "is required")
		}
		checkLength(bad, at+".name", t.Name, MaxTextBytes)
		view, err := ReadView(t.View)
		if err != nil {
			bad.Add(at+".view", err.Error())
		} else if view.Scenario != "" && !KnownScenario(view.scenario()) {
			bad.Add(at+".view.scenario", fmt.Sprintf("must be one of %v", Scenarios()))
		}
		checkPatch(bad, at+".expect.", t.Expect.Patch, view.scenario())
		if known {
			if err := s.check(t.Params); err != nil {
				bad.Add(at+".params", err.Error())
			}
		}
	}
}

// checkPatch names operations that no scenario allows, or not the one that a test is about.
func checkPatch(bad *product.Invalid, at string, patch []Op, of order.Scenario) {
	scenarios := Scenarios()
	if of != "" {
		scenarios = []order.Scenario{of}
	}
	for i, op := range patch {
		allowed := slices.ContainsFunc(scenarios, func(s order.Scenario) bool {
			_, _, err := find(op, s)
			return err == nil
		})
		if !allowed {
			bad.Add(fmt.Sprintf("%spatch[%d].path", at, i), fmt.Sprintf("%q of %q isn't allowed in %v", op.Op, op.Path, scenarios))
		}
	}
}

func checkLength(bad *product.Invalid, path, text string, most int) {
	if len(text) > most {
		bad.Add(path, fmt.Sprintf("at most %d bytes", most))
	}
	product.CheckText(bad, path, text)
}

// Scenarios lists the scenarios that have a chain.
func Scenarios() []order.Scenario {
	return []order.Scenario{
		order.ScenarioSubmit, order.ScenarioPrice, order.ScenarioPaid, order.ScenarioNode, order.ScenarioCancelled,
	}
}

// BeforePayment reports whether a scenario's chain runs in the gateway, when an order or a quote is
// asked for. The others run for events.
func BeforePayment(s order.Scenario) bool {
	return s == order.ScenarioSubmit || s == order.ScenarioPrice
}
