package webhook

import (
	"time"
)

// What the log keeps of an endpoint: so many deliveries, for so long.
const (
	KeepDeliveries = 1000
	KeepFor        = 30 * 24 * time.Hour
)

// DeliveryStatus is how far a delivery has come.
type DeliveryStatus string

const (
	// DeliveryPending: it is tried again.
	DeliveryPending   DeliveryStatus = "pending"
	DeliveryDelivered DeliveryStatus = "delivered"
	// DeliveryFailed: nobody took it for three days.
	DeliveryFailed DeliveryStatus = "failed"
	// DeliveryDropped: the endpoint says that it is gone, or was disabled.
	DeliveryDropped DeliveryStatus = "dropped"
)

// Logged is what the log has of a delivery.
type Logged struct {
	// ID is the event's.
	ID        string         `json:"id"`
	Type      string         `json:"type"`
	Timestamp time.Time      `json:"timestamp"`
	Status    DeliveryStatus `json:"status"`
	// NextAt is when a pending one is tried again.
	NextAt *time.Time `json:"nextAt,omitempty"`
	// Attempts in the order in which they were made.
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one try.
type Attempt struct {
	At         time.Time `json:"at"`
	DurationMs int64     `json:"durationMs"`
	// Status of the answer, 0 where there was none.
	Status int `json:"status,omitempty"`
	// Error is why there was no answer.
	Error Trouble `json:"error,omitempty"`
}

// Trouble says in a word why an endpoint could not be asked.
type Trouble string

const (
	TroubleTimeout        Trouble = "timeout"
	TroubleRefusedAddress Trouble = "refused_address"
	TroubleUnknownHost    Trouble = "unknown_host"
	TroubleTLS            Trouble = "tls"
	TroubleConnection     Trouble = "connection"
)

// Tried is what came of one attempt, for the log.
type Tried struct {
	Attempt Attempt
	Status  DeliveryStatus
	// NextAt is zero where it isn't tried again.
	NextAt time.Time
	// Run names the workflow's run: a replay counts its tries anew.
	Run string
}

// Answer is what an endpoint said.
type Answer struct {
	Status int
	// RetryAfter is how long it wants to be left alone, 0 where it doesn't say.
	RetryAfter time.Duration
}

// UnansweredError says why an endpoint said nothing.
type UnansweredError struct {
	Trouble Trouble
	Cause   error
}

func (e *UnansweredError) Error() string { return string(e.Trouble) + ": " + e.Cause.Error() }

func (e *UnansweredError) Unwrap() error { return e.Cause }
