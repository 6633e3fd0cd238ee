package saga

import "errors"

// How a call to a saga can fail. Each wraps what Temporal said.
var (
	// ErrNotFound says that no workflow of this id runs, or that Temporal knows none.
	ErrNotFound = errors.New("no such workflow")
	// ErrUndecided says that the saga has the request and didn't decide in time.
	ErrUndecided = errors.New("the saga has not decided yet")
	// ErrUnanswered says that Temporal didn't answer.
	ErrUnanswered = errors.New("Temporal can't be reached; the outcome is not known") //nolint:staticcheck // a name
	// ErrNoAnswer says that Temporal was reached and the workflow was not: its task keeps
	// failing, or no worker takes it.
	ErrNoAnswer = errors.New("the order's workflow cannot answer at present; the outcome is not known")
	// ErrNeverTaken says that Temporal won't take the message, however often it is sent.
	ErrNeverTaken = errors.New("Temporal never takes it") //nolint:staticcheck // a name
	// ErrEndedByForce says that the workflow has no result, and will never have one.
	ErrEndedByForce = errors.New("the order's workflow was ended by hand")
	// ErrNotWaiting says that the refund, as it stands, doesn't wait for this decision.
	ErrNotWaiting = errors.New("the refund doesn't wait for this decision")
	// ErrNoPage says that a list has no page with this token.
	ErrNoPage = errors.New("no page of this list")
	// ErrUntold says that Temporal doesn't tell what was asked for: it may not, or can't.
	ErrUntold = errors.New("Temporal doesn't say") //nolint:staticcheck // a name

	// ErrUnknownOrder says that no workflow of this order is known, or none any more.
	ErrUnknownOrder = errors.New("no workflow of this order is known")
	// ErrUnknownRefund says that no workflow of this refund is known, or none any more.
	ErrUnknownRefund = errors.New("no workflow of this refund is known")
	// ErrUnknownDispute says that no workflow of this dispute is known, or none any more.
	ErrUnknownDispute = errors.New("no workflow of this dispute is known")
	// ErrStuck says that a workflow can't answer, since its own code fails.
	ErrStuck = errors.New("the workflow can't go on")
)
