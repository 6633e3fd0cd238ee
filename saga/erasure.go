package saga

import "time"

// EraseSignal tells a running erasure that the customer is to be erased up to a later time.
const EraseSignal = "erase"

// ErasedSignal tells the running workflow of an order or of a refund that its person was erased at this
// time. It goes on as a new run that never knew the person, so that its history can be deleted.
const ErasedSignal = "erased"

// ErasedMemo is set for a run that never knew its order's person. It says when they were erased.
const ErasedMemo = "erasedAt"

// Erasure erases a customer's orders that were placed up to a time.
type Erasure struct {
	CustomerID string    `json:"customerId"`
	Before     time.Time `json:"before"`
	// Since is when the erasure was first asked for that is not completed yet: the time that orders have
	// to close runs from there, however often it is asked for again. Zero means Before.
	Since time.Time `json:"since,omitzero"`
}

// OrderRun is one run of an order's workflow.
type OrderRun struct{ OrderID, RunID string }
