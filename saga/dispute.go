package saga

// Messages of a dispute's workflow.
const (
	// DisputeQuery answers the order.Dispute as it stands.
	DisputeQuery = "dispute"
	// DisputedSignal carries what the provider says, an order.Dispute.
	DisputedSignal = "disputed"
	// DismissUpdate takes a Dismissal and answers the order.Dispute as it stands then.
	DismissUpdate = "dismiss"
)

// Dismissal says that an operator took note of a dispute.
type Dismissal struct {
	Actor string `json:"actor"`
}
