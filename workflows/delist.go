package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
)

// DelistResult counts the orders that were told.
type DelistResult struct {
	Signalled int `json:"signalled"`
	// Relisted: the product was listed again before this delisting began.
	Relisted bool `json:"relisted,omitempty"`
}

// Delist ends one listing of a product: no new hold from the first step on, and
// every unpaid order that holds it is cancelled. An order that won the race into
// a hold has it on the product's list, and its workflow was there before: none
// is missed. Paid orders stay.
func Delist(ctx workflow.Context, d Delisting) (DelistResult, error) {
	own, _ := workflow.NewDisconnectedContext(ctx) // a delisting is not taken back half-way
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Ending listing %d of product %s, asked by %s", d.Listing, d.ProductID, d.Actor))
	params := activities.DelistParams{ProductID: d.ProductID, Listing: d.Listing, Actor: d.Actor}

	var delisted activities.DelistedResult
	err := workflow.ExecuteActivity(activities.Patient(own, "refuse new holds"), activities.DelistProduct, params).
		Get(own, &delisted)
	if err != nil {
		return DelistResult{}, err
	}
	if delisted.Relisted {
		return DelistResult{Relisted: true}, nil
	}
	var told activities.HoldersResult
	err = workflow.ExecuteActivity(activities.LongWalk(own, "cancel the unpaid orders that hold it"),
		activities.CancelHolders, params).Get(own, &told)
	if err != nil {
		return DelistResult{}, err
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Listing %d of product %s has ended, %d orders were told", d.Listing,
		d.ProductID, told.Signalled))
	return DelistResult{Signalled: told.Signalled}, nil
}
