// Command holdfast is the one binary: the gateway, the worker, and the tools that set up,
// load, measure and audit. It wires the parts and decides nothing itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK       = 0
	exitFindings = 1 // a failure, or an audit's findings
	exitUsage    = 2
)

// commands are the subcommands, one file each.
type commands struct {
	API       apiCommand        `cmd:"" name:"api" help:"Run the REST gateway."`
	Worker    workerCommand     `cmd:"" help:"Run the workflows and their activities."`
	Web       webCommand        `cmd:"" help:"Run the web pages: the shop, and the console of its operators."`
	Setup     setupCommand      `cmd:"" help:"Prepare Temporal (namespace and its retention, search attributes, schedules) and the event streams in Redis."`
	Token     tokenCommand      `cmd:"" help:"Print a token for the gateway, signed with HOLDFAST_JWT_SECRET."`
	Import    importCommand     `cmd:"" help:"Put the products of a file into the catalogue, or its customers, coupons or price book."`
	Order     orderCommands     `cmd:"" help:"Show an order, or change it: pack, report, redirect, cancel, return, resume."`
	Command   commandCommands   `cmd:"" help:"Test a command of the shop's own, or store its next version."`
	Scenario  scenarioCommands  `cmd:"" help:"Try, publish or roll back the chain of commands of a scenario."`
	Erase     eraseCommand      `cmd:"" help:"Erase everything about a person: the customer at once, their orders as each is closed."`
	Pay       payCommand        `cmd:"" help:"Pay an order: send a signed callback of the sandbox payment provider."`
	Replay    replayCommands    `cmd:"" help:"Play a file of orders against the gateway and measure it."`
	Projector projectorCommands `cmd:"" help:"Keep the search views up to date, apart from the worker; or retry what they could not store."`
	Reindex   reindexCommand    `cmd:"" help:"Rebuild the search views from the entities, while the old ones answer."`
	Settings  settingsCommand   `cmd:"" help:"List what a command reads from the environment."`
	Audit     auditCommand      `cmd:"" help:"Check that every unit of stock is where the orders say it is."`
	Version   versionCommand    `cmd:"" help:"Print the version."`
}

// errFindings ends a command that has already printed its findings.
var errFindings = errors.New("there are findings")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// out is where a command writes: its result, and its messages meanwhile.
type out struct {
	stdout, stderr io.Writer
}

// exited carries the exit code that kong requests out of its parser.
type exited int

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	var cli commands
	parser, err := newParser(&cli, out{stdout, stderr})
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "holdfast:", err)
		return exitUsage
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "holdfast: %v\nSee: holdfast --help\n", err)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err = refuseSecretArguments(command); err == nil {
		err = command.Run(out{stdout, stderr})
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	}
	_, _ = fmt.Fprintln(stderr, "holdfast:", err)
	if _, usage := errors.AsType[*usageError](err); usage {
		return exitUsage
	}
	return exitFindings
}

// usageError is a mistake in the command line that its grammar doesn't catch.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}
