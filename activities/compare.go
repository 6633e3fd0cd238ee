package activities

import (
	"context"

	"holdfast/saga"
)

// Compare compares the search views with the entities that they copy.
type Compare struct {
	Run func(ctx context.Context, p saga.CompareParams, progress func(saga.RebuildProgress)) (saga.CompareResult, error)
}

// Execute compares from the start.
func (a *Compare) Execute(ctx context.Context, p saga.CompareParams) (saga.CompareResult, error) {
	var res saga.CompareResult
	err := beating(ctx, func(tell func(saga.RebuildProgress)) (err error) {
		res, err = a.Run(ctx, p, tell)
		return err
	})
	return res, err
}
