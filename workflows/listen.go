package workflows

import (
	"encoding/json"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"holdfast/saga"
)

// listenToChanges registers the handlers of the requests that change a paid order.
func (s *orderSaga) listenToChanges() error {
	for _, err := range []error{
		listen(s, saga.PackUpdate, s.packing),
		listen(s, saga.CorrectUpdate, s.correction),
		listen(s, saga.UndoUpdate, s.undoing),
		listen(s, saga.StrikeUpdate, s.striking),
		listen(s, saga.ResolveUpdate, s.settling),
		listen(s, saga.AddressUpdate, s.redirecting),
		listen(s, saga.CancelUnitsUpdate, s.partCancellation),
		listen(s, saga.HoldUpdate, s.holding),
		listen(s, saga.ReleaseUpdate, s.releasing),
		listen(s, saga.OpenReturnUpdate, s.opening),
		listen(s, saga.DecideReturnUpdate, s.judging),
		listen(s, saga.ReceiveReturnUpdate, s.receiving),
		listen(s, saga.DismissAlertUpdate, s.dismissal),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// listen registers the handler of one update, whose argument is turned into a change.
func listen[T any](s *orderSaga, update string, changeOf func(T) *change) error {
	s.changesOf[update] = func(body []byte) (*change, error) {
		var arg T
		//workflowcheck:ignore (the same body always has the same content)
		if err := json.Unmarshal(body, &arg); err != nil {
			return nil, fmt.Errorf("read an update %s: %w", update, err)
		}
		return changeOf(arg), nil
	}
	err := workflow.SetUpdateHandlerWithOptions(s.ctx, update,
		func(ctx workflow.Context, arg T) (saga.Answer, error) {
			return s.ask(ctx, &request{change: changeOf(arg)}), nil
		}, workflow.UpdateHandlerOptions{
			Validator: func(arg T) error { return s.refuse(&request{change: changeOf(arg)}) },
		})
	if err != nil {
		return fmt.Errorf("register the update %s: %w", update, err)
	}
	return nil
}
