package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"holdfast/client"
)

// eraseCommand erases a person.
type eraseCommand struct {
	gatewayFlags
	Customer string `arg:"" help:"The customer's id, or a guest's."`
	Show     bool   `help:"Change nothing: print how far the last erasure has come."`
	Yes      bool   `help:"Erase without asking. An erasure can't be undone."`

	// answers is where a person types; nil means the terminal.
	answers io.Reader `kong:"-"`
}

// Run says what would be erased and asks whether it should be, begins the erasure, and prints its state.
func (c *eraseCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	if c.Show {
		e, err := gateway.Erasure(ctx, c.Customer)
		if err != nil {
			return err
		}
		return printJSON(out, e)
	}
	if !c.Yes {
		p, err := gateway.PreviewErasure(ctx, c.Customer)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprint(out.stderr, erasureText(p))
		if err := c.confirm(out); err != nil {
			return err
		}
	}
	e, err := gateway.EraseCustomer(ctx, c.Customer)
	if err != nil {
		return err
	}
	return printJSON(out, e)
}

// confirm returns an error unless the customer's id is typed in.
func (c *eraseCommand) confirm(out out) error {
	if c.answers == nil {
		if !term.IsTerminal(int(os.Stdin.Fd())) {
			return usagef("nothing was erased: repeat the command with --yes to erase this person for good")
		}
		c.answers = os.Stdin
	}
	_, _ = fmt.Fprintf(out.stderr, "This can't be undone. Type %s to erase: ", c.Customer)
	typed, err := bufio.NewReader(c.answers).ReadString('\n')
	if strings.TrimSpace(typed) != c.Customer {
		return usagef("nothing was erased: %q is not %q", strings.TrimSpace(typed), c.Customer)
	}
	if err != nil && err != io.EOF {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// erasureText says what would be erased, for people.
func erasureText(p client.ErasurePreview) string {
	text := "What would be erased of " + p.CustomerID + ":\n"
	if p.IsCustomer {
		text += "  the customer, at once\n"
	}
	return text + fmt.Sprintf("  %d orders; %d of them are open and keep their address until they close, or for 30 days;\n"+
		"  %d owe a refund, which goes on\n", p.Orders, p.Open, p.Owing)
}
