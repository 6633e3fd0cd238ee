package commands

import (
	"context"

	"holdfast/command"
)

// Test compiles a command and runs its tests, without storing it. Its error is a product.Invalid or
// a *command.BrokenError, or wraps command.ErrUnavailable.
func (s *Store) Test(ctx context.Context, c command.Command) ([]command.Tested, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p, err := c.Compile(ctx, s.box)
	if err != nil {
		return nil, err
	}
	return c.RunTests(ctx, p)
}

// Prepare returns steps that are not published, ready to run. Its error is a product.Invalid or a
// *command.BrokenError, or wraps command.ErrUnavailable.
func (s *Store) Prepare(ctx context.Context, c command.Chain) (*command.Prepared, error) {
	f, err := s.finder(ctx, c.Steps)
	if err != nil {
		return nil, err
	}
	return command.Prepare(ctx, c, f.find, s.box)
}
