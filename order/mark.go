package order

import "slices"

// Mark is something out of the ordinary about a package. It stands beside the package's
// node and never replaces it.
type Mark string

const (
	// MarkDelayed, MarkDeliveryFailed and MarkReadyForPickup pass by themselves: they hold
	// until something is reported that occurred later.
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

// Known reports whether there is such a mark.
func (m Mark) Known() bool { return slices.Contains(Marks(), m) }

// Passing reports whether the mark holds only until something occurs later.
func (m Mark) Passing() bool {
	return m == MarkDelayed || m == MarkDeliveryFailed || m == MarkReadyForPickup
}
