package saga

import "time"

// EraseSignal tells a running erasure that the customer is to be erased up to a later time.
const EraseSignal = "erase"

// Erasure erases a customer's orders that were placed up to a time.
type Erasure struct {
	CustomerID string    `json:"customerId"`
	Before     time.Time `json:"before"`
}

// OrderRun is one run of an order's workflow.
type OrderRun struct{ OrderID, RunID string }
