package order

import "slices"

// Mark is something unusual about a package. It is shown in addition to the package's node and never
// replaces it.
type Mark string

const (
	// MarkDelayed, MarkDeliveryFailed and MarkReadyForPickup are temporary: they hold until a later
	// event is reported.
	MarkDelayed        Mark = "delayed"
	MarkDeliveryFailed Mark = "delivery_failed"
	MarkReadyForPickup Mark = "ready_for_pickup"
	// The others hold until an operator resolves the package. MarkLost may come after the
	// delivery: "it never arrived".
	MarkRefused          Mark = "refused"
	MarkLost             Mark = "lost"
	MarkDamaged          Mark = "damaged"
	MarkReturnedToSender Mark = "returned_to_sender"
)

// Marks returns all marks.
func Marks() []Mark {
	return []Mark{
		MarkDelayed, MarkDeliveryFailed, MarkReadyForPickup, MarkRefused, MarkLost, MarkDamaged, MarkReturnedToSender,
	}
}

// Known reports whether the mark exists.
func (m Mark) Known() bool { return slices.Contains(Marks(), m) }

// Passing reports whether the mark holds only until a later event.
func (m Mark) Passing() bool {
	return m == MarkDelayed || m == MarkDeliveryFailed || m == MarkReadyForPickup
}
