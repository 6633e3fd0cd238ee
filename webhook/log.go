package webhook

import (
	"time"
)

// What the log stores of an endpoint: this many deliveries, for this long.
const (
	KeepDeliveries = 1000
	KeepFor        = 30 * 24 * time.Hour
)

// DeliveryStatus is the state of a delivery.
type DeliveryStatus string

const (
	// DeliveryPending means that it will be retried.
	DeliveryPending   DeliveryStatus = "pending"
	DeliveryDelivered DeliveryStatus = "delivered"
	// DeliveryFailed means that it was not accepted for three days.
	DeliveryFailed DeliveryStatus = "failed"
	// DeliveryDropped means that the endpoint answered that it is gone, or was disabled.
	DeliveryDropped DeliveryStatus = "dropped"
)

// Logged is the log entry of a delivery.
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

// OrderDelivery is the log entry of a delivery that was about an order.
type OrderDelivery struct {
	EndpointID string `json:"webhookId"`
	// Host of the endpoint.
	Host string `json:"host"`
	Logged
}

// Attempt is one try.
type Attempt struct {
	At         time.Time `json:"at"`
	DurationMs int64     `json:"durationMs"`
	// Status of the answer, 0 if there was none.
	Status int `json:"status,omitempty"`
	// Error is why there was no answer.
	Error Trouble `json:"error,omitempty"`
}

// Trouble is why an endpoint could not be reached, in one word.
type Trouble string

const (
	TroubleTimeout        Trouble = "timeout"
	TroubleRefusedAddress Trouble = "refused_address"
	TroubleUnknownHost    Trouble = "unknown_host"
	TroubleTLS            Trouble = "tls"
	TroubleConnection     Trouble = "connection"
)

// Tried is the result of one attempt, for the log.
type Tried struct {
	Attempt Attempt
	Status  DeliveryStatus
	// NextAt is zero if there is no further try.
	NextAt time.Time
	// Run names the workflow's run: a replay starts a new count of tries.
	Run string
}

// Answer is an endpoint's answer.
type Answer struct {
	Status int
	// RetryAfter is how long it asks to wait, 0 if it doesn't.
	RetryAfter time.Duration
}

// UnansweredError is why an endpoint didn't answer.
type UnansweredError struct {
	Trouble Trouble
	Cause   error
}

func (e *UnansweredError) Error() string { return string(e.Trouble) + ": " + e.Cause.Error() }

func (e *UnansweredError) Unwrap() error { return e.Cause }
