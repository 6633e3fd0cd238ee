package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.temporal.io/api/serviceerror"

	"holdfast/saga"
)

// The requests below change a paid order. A repeated request under its key finds its first answer, as
// long as Temporal keeps the workflow; a request without a key is always a new one.

// Pack asks the order's workflow to pack units as a package.
func (c *Client) Pack(ctx context.Context, orderID string, r saga.PackRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.PackUpdate, r, r.Package.ID)
}

// Correct changes a package that hasn't left the warehouse.
func (c *Client) Correct(ctx context.Context, orderID string, r saga.CorrectRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.CorrectUpdate, r)
}

// Undo undoes a package that hasn't left the warehouse.
func (c *Client) Undo(ctx context.Context, orderID string, r saga.UndoRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.UndoUpdate, r)
}

// Strike takes back a wrong message about a package.
func (c *Client) Strike(ctx context.Context, orderID string, r saga.StrikeRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.StrikeUpdate, r)
}

// Resolve settles a package that was lost, refused, damaged or returned.
func (c *Client) Resolve(ctx context.Context, orderID string, r saga.ResolveRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.ResolveUpdate, r, r.ID)
}

// Readdress changes where the order is sent.
func (c *Client) Readdress(ctx context.Context, orderID string, r saga.AddressRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.AddressUpdate, r)
}

// CancelUnits cancels a part of the order that isn't packed.
func (c *Client) CancelUnits(ctx context.Context, orderID string, r saga.CancelUnitsRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.CancelUnitsUpdate, r, r.ID)
}

// Hold keeps the order from being packed.
func (c *Client) Hold(ctx context.Context, orderID string, r saga.HoldRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.HoldUpdate, r)
}

// Release allows the order to be packed again.
func (c *Client) Release(ctx context.Context, orderID string, r saga.HoldRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.ReleaseUpdate, r)
}

// OpenReturn announces that units of the order are sent back.
func (c *Client) OpenReturn(ctx context.Context, orderID string, r saga.OpenReturnRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.OpenReturnUpdate, r, r.ID)
}

// DecideReturn approves or declines a return.
func (c *Client) DecideReturn(ctx context.Context, orderID string, r saga.DecideReturnRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.DecideReturnUpdate, r)
}

// ReceiveReturn records which units of a return arrived.
func (c *Client) ReceiveReturn(ctx context.Context, orderID string, r saga.ReceiveReturnRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.ReceiveReturnUpdate, r, r.ID)
}

// DismissAlert takes an alert off the order.
func (c *Client) DismissAlert(ctx context.Context, orderID string, r saga.DismissAlertRequest) (saga.Answer, error) {
	return c.change(ctx, orderID, saga.DismissAlertUpdate, r)
}

// change sends a request under the id that its key gave it, if it has one.
func (c *Client) change(ctx context.Context, orderID, update string, arg any, id ...string) (saga.Answer, error) {
	r := request{orderID: orderID, update: update, arg: arg, apart: true, change: true}
	if len(id) > 0 {
		r.key = &id[0]
	}
	return c.request(ctx, r)
}

// A request that finds too many others in progress is sent again after a pause, under the same id.
const (
	firstBusyPause = 50 * time.Millisecond
	maxBusyPause   = 800 * time.Millisecond
)

// sendPatiently is sendAs, but waits while as many requests to the order are in progress as Temporal or
// the workflow allows, until ctx ends.
func (c *Client) sendPatiently(ctx context.Context, r request, id string) (answer saga.Answer, lasting bool, err error) {
	for pause := firstBusyPause; ; pause = min(2*pause, maxBusyPause) {
		answer, lasting, err = c.sendAs(ctx, r, id)
		if _, full := errors.AsType[*serviceerror.ResourceExhausted](err); !full && (err != nil || lasting || answer.Verdict != saga.VerdictBusy) {
			return answer, lasting, err
		}
		select {
		case <-ctx.Done():
			return saga.Answer{Verdict: saga.VerdictBusy}, false, nil // it was never taken
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // only keeps callers apart
		}
	}
}
