package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/saga"
)

// Delist ends one listing of a product: from its first step on new holds are refused, and
// every unpaid order that holds the product is cancelled. An order that won the race into a
// hold is on the product's list of holds, and its workflow existed before the hold, so none
// is missed. Paid orders stay.
func Delist(ctx workflow.Context, d saga.Delisting) (saga.DelistResult, error) {
	own, _ := workflow.NewDisconnectedContext(ctx) // a delisting is never abandoned half-way
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Ending listing %d of product %s, asked by %s", d.Listing, d.ProductID, d.Actor))

	var delisted activities.DelistedResult
	err := workflow.ExecuteActivity(activities.Patient(own, "refuse new holds"), activities.NameDelistProduct, d).
		Get(own, &delisted)
	if err != nil {
		return saga.DelistResult{}, err
	}
	if delisted.Relisted {
		return saga.DelistResult{Relisted: true}, nil
	}
	var told activities.HoldersResult
	err = workflow.ExecuteActivity(activities.LongWalk(own, "cancel the unpaid orders that hold it"),
		activities.NameCancelHolders, d).Get(own, &told)
	if err != nil {
		return saga.DelistResult{}, err
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Listing %d of product %s has ended, %d orders were told", d.Listing,
		d.ProductID, told.Signalled))
	return saga.DelistResult{Signalled: told.Signalled}, nil
}
