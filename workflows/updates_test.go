package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/saga"
)

// However often staff's systems call, the order can be settled and closed.
func TestTheLastUpdatesAreForWhatSettlesTheOrder(t *testing.T) {
	s := &orderSaga{crowd: crowd{all: maxUpdates}, changesOf: map[string]func([]byte) (*change, error){}}
	for name, r := range map[string]*request{
		"pack":    {change: s.packing(saga.PackRequest{})},
		"correct": {change: s.correction(saga.CorrectRequest{})},
		"hold":    {change: s.holding(saga.HoldRequest{})},
		"return":  {change: s.opening(saga.OpenReturnRequest{Approved: true})},
		"part":    {change: s.partCancellation(saga.CancelUnitsRequest{})},
		"address": {change: s.redirecting(saga.AddressRequest{})},
	} {
		require.Equal(t, saga.VerdictLimit, s.limit(r).Verdict, name)
		require.NotEmpty(t, s.limit(r).Detail, name)
	}
	for name, r := range map[string]*request{
		"cancel":  {cancel: &saga.CancelRequest{Reason: order.ReasonOperator}},
		"deliver": {deliver: &saga.DeliverRequest{}},
		"resolve": {change: s.settling(saga.ResolveRequest{})},
		"strike":  {change: s.striking(saga.StrikeRequest{})},
		"undo":    {change: s.undoing(saga.UndoRequest{})},
		"decide":  {change: s.judging(saga.DecideReturnRequest{})},
		"receive": {change: s.receiving(saga.ReceiveReturnRequest{})},
		"release": {change: s.releasing(saga.HoldRequest{})},
		"dismiss": {change: s.dismissal(saga.DismissAlertRequest{})},
	} {
		require.Nil(t, s.limit(r), name)
	}
}
