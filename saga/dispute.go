package saga

// Messages of a dispute's workflow.
const (
	// DisputeQuery returns the current order.Dispute.
	DisputeQuery = "dispute"
	// DisputedSignal carries a provider's message as an order.Dispute.
	DisputedSignal = "disputed"
	// DismissUpdate takes a Dismissal and returns the order.Dispute as it is afterwards.
	DismissUpdate = "dismiss"
)

// Dismissal records that an operator took note of a dispute.
type Dismissal struct {
	Actor string `json:"actor"`
}
