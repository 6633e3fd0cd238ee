package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"

	"holdfast/command"
	commandstore "holdfast/commands"
	"holdfast/script"
)

// commandCommands are about commands of the shop's own.
type commandCommands struct {
	Test commandTestCommand `cmd:"" help:"Run the tests in a command's file, without a gateway."`
	Put  commandPutCommand  `cmd:"" help:"Store a command's file as its next version."`
}

const commandFileHelp = "The command as JSON or YAML: the body of PUT /v1/commands/{id}, its id beside it. sourceFile may name the file of its script in place of source."

// testDeadline is longer than a gateway's: no order waits for it, and the steps are counted all
// the same.
const testDeadline = 10 * time.Second

type commandTestCommand struct {
	File string `arg:"" help:"${commandFileHelp}"`
}

// Run compiles the command, runs its tests and prints what each ended with.
func (c *commandTestCommand) Run(ctx context.Context, out out) error {
	spec, err := readCommandFile(c.File)
	if err != nil {
		return err
	}
	if spec.ID == "" {
		spec.ID = "draft"
	}
	tested := spec.Command()
	if err := tested.Validate(); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	box := commandstore.NewBox(script.Options{Limits: script.Limits{Deadline: testDeadline}}) //nolint:contextcheck // the engine outlives the call
	program, err := tested.Compile(ctx, box)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	all, err := tested.RunTests(ctx, program)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	failed := 0
	for _, t := range all {
		if t.Passed {
			_, _ = fmt.Fprintln(out.stdout, "passed:", t.Name)
			continue
		}
		failed++
		_, _ = fmt.Fprintln(out.stdout, "failed:", t.Failure)
	}
	_, _ = fmt.Fprintf(out.stdout, "%d passed, %d failed\n", len(all)-failed, failed)
	if failed > 0 {
		return errFindings
	}
	return nil
}

type commandPutCommand struct {
	gatewayFlags
	File string `arg:"" help:"${commandFileHelp}"`
}

// Run stores the command.
func (c *commandPutCommand) Run(ctx context.Context, out out) error {
	spec, err := readCommandFile(c.File)
	if err != nil {
		return err
	}
	if spec.ID == "" {
		return usagef("%s: id is required", c.File)
	}
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	body, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	version, isNew, err := gateway.PutCommand(ctx, spec.ID, body)
	if err != nil {
		return err
	}
	tellVersion(out, "the command "+spec.ID, "stored", version, isNew)
	return nil
}

// tellVersion prints which version something has now.
func tellVersion(out out, what, done string, version int64, isNew bool) {
	if isNew {
		_, _ = fmt.Fprintf(out.stdout, "%s as version %d of %s\n", done, version, what)
		return
	}
	_, _ = fmt.Fprintf(out.stdout, "version %d of %s is the same already\n", version, what)
}

// commandFile is a command whose script may be in a file of its own.
type commandFile struct {
	command.Spec
	SourceFile string `json:"sourceFile"`
}

// readCommandFile reads a command and its script.
func readCommandFile(name string) (*command.Spec, error) {
	var f commandFile
	if err := readDocument(name, &f); err != nil {
		return nil, err
	}
	if f.SourceFile == "" {
		return &f.Spec, nil
	}
	if f.Source != "" {
		return nil, usagef("%s: source and sourceFile can't stand beside each other", name)
	}
	source, err := os.ReadFile(filepath.Join(filepath.Dir(name), f.SourceFile))
	if err != nil {
		return nil, usagef("%s: sourceFile: %v", name, err)
	}
	f.Source = string(source)
	return &f.Spec, nil
}

// readDocument reads a file of JSON or YAML, in which no field may be unknown.
func readDocument(name string, into any) error {
	text, err := os.ReadFile(name) //nolint:gosec // the user named it
	if err != nil {
		return usagef("%v", err)
	}
	doc, err := yaml.YAMLToJSON(text)
	if err != nil {
		return usagef("%s: %v", name, err)
	}
	if err := decodeStrictly(doc, into); err != nil {
		return usagef("%s: %v", name, err)
	}
	return nil
}
