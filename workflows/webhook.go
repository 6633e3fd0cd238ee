package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/saga"
	"holdfast/webhook"
)

// Webhook delivers one event to one endpoint, retrying for three days. If the endpoint
// never accepts it, the workflow fails, which the web UI shows; the merchant can have the
// event sent again.
func Webhook(ctx workflow.Context, d webhook.Delivery) (activities.WebhookResult, error) {
	var result activities.WebhookResult
	show := func(text string) {
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** %s\n\nevent %s, webhook %s at %s",
			d.Event.Type, text, d.Event.ID, d.EndpointID, d.Host))
	}
	show("is being delivered")
	err := workflow.ExecuteActivity(activities.Delivering(ctx, saga.WebhookSummary(d)), activities.NameDeliverWebhook, d).Get(ctx, &result)
	if err == nil {
		show("ended: " + string(result.Outcome))
		return result, nil
	}
	show("was not accepted within three days")
	own, _ := workflow.NewDisconnectedContext(ctx)
	settle := workflow.ExecuteActivity(activities.Patient(own, "note in the log that it failed"), activities.NameSettleWebhook,
		activities.SettleWebhookParams{EndpointID: d.EndpointID, EventID: d.Event.ID, Status: webhook.DeliveryFailed})
	if settled := settle.Get(own, nil); settled != nil {
		workflow.GetLogger(ctx).Error("a failed delivery is not noted in its log", "error", settled)
	}
	return result, fmt.Errorf("deliver event %s to webhook %s: %w", d.Event.ID, d.EndpointID, err)
}
