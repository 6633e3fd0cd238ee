package saga

import "errors"

// How a call to a saga can fail. Each wraps Temporal's error.
var (
	// ErrNotFound means that no workflow with this id is running or known to Temporal.
	ErrNotFound = errors.New("no such workflow")
	// ErrUndecided means that the saga has the request but didn't decide in time.
	ErrUndecided = errors.New("the saga has not decided yet")
	// ErrUnanswered means that Temporal didn't answer.
	ErrUnanswered = errors.New("Temporal can't be reached; the outcome is not known") //nolint:staticcheck // a name
	// ErrNoAnswer means that Temporal was reached but the workflow wasn't: its task keeps
	// failing, or no worker takes it.
	ErrNoAnswer = errors.New("the order's workflow cannot answer at present; the outcome is not known")
	// ErrNeverTaken means that Temporal will never accept the message, however often it is
	// sent.
	ErrNeverTaken = errors.New("Temporal doesn't accept the message") //nolint:staticcheck // a name
	// ErrEndedByForce means that the workflow was terminated, and so will never have a
	// result.
	ErrEndedByForce = errors.New("the order's workflow was ended by hand")
	// ErrNotResumable means that an order can't be resumed, or needn't be.
	ErrNotResumable = errors.New("the order can't be resumed")
	// ErrNotWaiting means that the refund, in its current state, doesn't wait for this
	// decision.
	ErrNotWaiting = errors.New("the refund doesn't wait for this decision")
	// ErrNoPage means that a list has no page with this token.
	ErrNoPage = errors.New("no page of this list")
	// ErrRetentionUnknown means that Temporal doesn't provide the value: the caller lacks the
	// permission, or the server the feature.
	ErrRetentionUnknown = errors.New("Temporal doesn't provide it") //nolint:staticcheck // a name

	// ErrUnknownOrder means that no workflow of this order is known, or is no longer known.
	ErrUnknownOrder = errors.New("no workflow of this order is known")
	// ErrUnknownRefund means that no workflow of this refund is known, or is no longer
	// known.
	ErrUnknownRefund = errors.New("no workflow of this refund is known")
	// ErrUnknownDispute means that no workflow of this dispute is known, or is no longer
	// known.
	ErrUnknownDispute = errors.New("no workflow of this dispute is known")
	// ErrStuck means that a workflow can't answer because its own code fails.
	ErrStuck = errors.New("the workflow can't continue")
)
