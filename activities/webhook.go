package activities

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"holdfast/webhook"
)

// WebhookOutcome is the final outcome of a delivery, after which it isn't retried.
type WebhookOutcome string

const (
	// WebhookTaken means that the endpoint accepted it.
	WebhookTaken WebhookOutcome = "taken"
	// WebhookGone means that the endpoint answered 410 and gets no more events.
	WebhookGone WebhookOutcome = "gone"
	// WebhookRemoved means that the endpoint was removed or disabled in the meantime.
	WebhookRemoved WebhookOutcome = "removed"
)

// WebhookResult is the outcome of a delivery.
type WebhookResult struct {
	Outcome WebhookOutcome `json:"outcome"`
	Status  int            `json:"status,omitempty"`
}

// Endpoints stores where merchants receive events.
type Endpoints interface {
	Get(ctx context.Context, id string) (webhook.Stored, error)
	Disable(ctx context.Context, sentTo webhook.Stored, now time.Time) (disabled bool, err error)
	Tries(ctx context.Context, endpointID, eventID, run string) (int, error)
	Log(ctx context.Context, endpointID string, e webhook.Event, t webhook.Tried) error
	Settle(ctx context.Context, endpointID, eventID string, status webhook.DeliveryStatus) error
}

// Deliver sends one event to one endpoint, once per try.
type Deliver struct {
	Endpoints Endpoints
	Sender    interface {
		Send(ctx context.Context, to string, secrets []string, e webhook.Event) (webhook.Answer, error)
	}
	Slots *EndpointSlots
	// Now and Jitter, which returns 0 to 1, replace the clock and chance in tests; nil
	// means the real ones.
	Now    func() time.Time
	Jitter func() float64
}

// Execute makes a try. Its error sets the time of the next one: after 5 seconds, then three
// times as long each time, up to 12 hours.
func (a *Deliver) Execute(ctx context.Context, d webhook.Delivery) (WebhookResult, error) {
	run := activity.GetInfo(ctx).WorkflowExecution.RunID
	endpoint, err := a.Endpoints.Get(ctx, d.EndpointID)
	if errors.Is(err, webhook.ErrNotFound) || (err == nil && endpoint.Status != webhook.StatusActive) {
		return a.end(ctx, d, WebhookResult{Outcome: WebhookRemoved}, webhook.DeliveryDropped)
	}
	if err != nil {
		return WebhookResult{}, err
	}
	if !a.Slots.take(d.EndpointID) {
		return WebhookResult{}, tryAgain("busy", "its limit of messages in flight is reached",
			a.spread(busyDelay(activity.GetInfo(ctx).Attempt)))
	}
	defer a.Slots.give(d.EndpointID)
	tries, err := a.Endpoints.Tries(ctx, d.EndpointID, d.Event.ID, run)
	if err != nil {
		return WebhookResult{}, err
	}
	return a.send(ctx, endpoint, d, tries+1, run)
}

func (a *Deliver) send(ctx context.Context, to webhook.Stored, d webhook.Delivery, try int, run string) (WebhookResult, error) {
	begun := a.now()
	answer, sendErr := a.Sender.Send(ctx, to.URL, to.Signing(begun), d.Event)
	tried := webhook.Tried{
		Attempt: webhook.Attempt{At: begun.UTC(), DurationMs: a.now().Sub(begun).Milliseconds(), Status: answer.Status},
		Run:     run,
	}
	why := fmt.Sprintf("the endpoint answered %d", answer.Status)
	if sendErr != nil {
		unanswered, ok := errors.AsType[*webhook.UnansweredError](sendErr)
		if !ok {
			return WebhookResult{}, sendErr
		}
		tried.Attempt.Error, why = unanswered.Trouble, sendErr.Error()
	}
	gone := false
	if answer.Status == http.StatusGone {
		var err error
		gone, err = a.Endpoints.Disable(ctx, to, a.now())
		if errors.Is(err, webhook.ErrNotFound) {
			gone, err = true, nil
		}
		if err != nil {
			return WebhookResult{}, err
		}
	}
	result := WebhookResult{Outcome: WebhookTaken, Status: answer.Status}
	switch {
	case answer.Status/100 == 2:
		tried.Status = webhook.DeliveryDelivered
	case gone:
		result.Outcome, tried.Status = WebhookGone, webhook.DeliveryDropped
	default: // also a 410 of an endpoint that was moved or enabled meanwhile
		delay := max(a.spread(webhookDelay(try)), min(answer.RetryAfter, longestDelay))
		tried.Status, tried.NextAt = webhook.DeliveryPending, a.now().Add(delay).UTC()
		a.log(ctx, d, tried)
		return WebhookResult{}, tryAgain("refused", why, delay)
	}
	a.log(ctx, d, tried)
	return result, nil
}

// log stores the try. Losing a log entry is better than sending a message again because the
// log couldn't be written.
func (a *Deliver) log(ctx context.Context, d webhook.Delivery, t webhook.Tried) {
	if err := a.Endpoints.Log(ctx, d.EndpointID, d.Event, t); err != nil {
		activity.GetLogger(ctx).Warn("a delivery attempt could not be logged", "error", err)
	}
}

func (a *Deliver) end(ctx context.Context, d webhook.Delivery, r WebhookResult, s webhook.DeliveryStatus) (WebhookResult, error) {
	return r, a.Endpoints.Settle(ctx, d.EndpointID, d.Event.ID, s)
}

func (a *Deliver) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// spread makes a pause up to a fifth longer or shorter, so that messages that failed
// together aren't retried together.
func (a *Deliver) spread(d time.Duration) time.Duration {
	const least, width = 0.8, 0.4
	chance := rand.Float64
	if a.Jitter != nil {
		chance = a.Jitter
	}
	return time.Duration(float64(d) * (least + width*chance()))
}

func tryAgain(kind, why string, after time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(why, kind, temporal.ApplicationErrorOptions{NextRetryDelay: after})
}

// How soon a message is sent again.
const (
	firstDelay   = 5 * time.Second
	delayGrowth  = 3
	longestDelay = 12 * time.Hour
	// A message whose endpoint is busy is retried soon, but not so often that it becomes a
	// load itself.
	firstBusy   = time.Second
	longestBusy = time.Minute
)

// webhookDelay is the pause after this number of tries.
func webhookDelay(tries int) time.Duration {
	d := firstDelay
	for range tries - 1 {
		if d = min(d*delayGrowth, longestDelay); d == longestDelay {
			break
		}
	}
	return d
}

func busyDelay(attempt int32) time.Duration {
	const steps = 6 // 2^6 s exceeds the longest pause
	return min(firstBusy<<min(attempt-1, steps), longestBusy)
}

// SettleWebhookParams names a delivery that its endpoint didn't accept in time.
type SettleWebhookParams struct {
	EndpointID string                 `json:"endpointId"`
	EventID    string                 `json:"eventId"`
	Status     webhook.DeliveryStatus `json:"status"`
}

// WebhookSettler records how a delivery ended.
type WebhookSettler struct {
	Endpoints interface {
		Settle(ctx context.Context, endpointID, eventID string, status webhook.DeliveryStatus) error
	}
}

// Execute records it; it can be repeated.
func (a *WebhookSettler) Execute(ctx context.Context, p SettleWebhookParams) error {
	return a.Endpoints.Settle(ctx, p.EndpointID, p.EventID, p.Status)
}
