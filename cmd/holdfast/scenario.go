package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"holdfast/command"
)

// scenarioCommands are about the chains of scenarios.
type scenarioCommands struct {
	Try      scenarioTryCommand      `cmd:"" help:"Print what a chain would do to an order. Nothing is changed."`
	Publish  scenarioPublishCommand  `cmd:"" help:"Publish the draft of a scenario's chain, or a file of steps."`
	Rollback scenarioRollbackCommand `cmd:"" help:"Publish the steps of an earlier version again."`
}

const scenarioHelp = "The scenario: submit, price, paid, node or cancelled."

type scenarioTryCommand struct {
	gatewayFlags
	Scenario string `arg:"" help:"${scenarioHelp}"`
	Steps    string `placeholder:"FILE" xor:"chain" help:"Steps as JSON or YAML: the body of PUT /v1/scenarios/{scenario}/draft. Default: the draft."`
	Version  int64  `xor:"chain" help:"A published version, in place of the draft."`
	View     string `placeholder:"FILE" xor:"on" required:"" help:"What the commands see, as JSON or YAML."`
	Order    string `xor:"on" required:"" help:"The id of an order, as it is now."`
}

// Run prints the trial.
func (c *scenarioTryCommand) Run(ctx context.Context, out out) error {
	var body struct {
		Steps   *[]command.Step `json:"steps,omitempty"`
		Version int64           `json:"version,omitempty"`
		View    json.RawMessage `json:"view,omitempty"`
		OrderID string          `json:"orderId,omitempty"`
	}
	body.Version, body.OrderID = c.Version, c.Order
	if c.Steps != "" {
		steps, err := readSteps(c.Steps)
		if err != nil {
			return err
		}
		body.Steps = &steps.Steps
	}
	if c.View != "" {
		if err := readDocument(c.View, &body.View); err != nil {
			return err
		}
	}
	asked, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("try the chain of %s: %w", c.Scenario, err)
	}
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	trial, err := gateway.TryChain(ctx, c.Scenario, asked)
	if err != nil {
		return err
	}
	return printJSON(out, trial)
}

// stepsFile is the steps of a chain.
type stepsFile struct {
	Steps []command.Step `json:"steps"`
}

func readSteps(name string) (stepsFile, error) {
	var f stepsFile
	if err := readDocument(name, &f); err != nil {
		return f, err
	}
	if f.Steps == nil {
		return f, usagef("%s: steps is required; an empty list runs nothing", name)
	}
	return f, nil
}

type scenarioPublishCommand struct {
	gatewayFlags
	Scenario string `arg:"" help:"${scenarioHelp}"`
	Steps    string `placeholder:"FILE" help:"Steps as JSON or YAML, which become the draft first. Default: the draft that there is."`
}

// Run publishes the draft.
func (c *scenarioPublishCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	tag := ""
	if c.Steps != "" {
		steps, err := readSteps(c.Steps)
		if err != nil {
			return err
		}
		body, err := json.Marshal(steps)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Steps, err)
		}
		if tag, err = gateway.PutDraft(ctx, c.Scenario, body); err != nil {
			return err
		}
	}
	version, isNew, err := gateway.PublishChain(ctx, c.Scenario, tag)
	if err != nil {
		return err
	}
	tellVersion(out, "the chain of "+c.Scenario, "published", version, isNew)
	return nil
}

type scenarioRollbackCommand struct {
	gatewayFlags
	Scenario string `arg:"" help:"${scenarioHelp}"`
	Version  int64  `arg:"" help:"The version whose steps are published again."`
}

// Run publishes an earlier version again.
func (c *scenarioRollbackCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	version, isNew, err := gateway.RollbackChain(ctx, c.Scenario, c.Version)
	if err != nil {
		return err
	}
	tellVersion(out, "the chain of "+c.Scenario, "published", version, isNew)
	return nil
}

// decodeStrictly reads JSON in which no field may be unknown.
func decodeStrictly(doc []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
