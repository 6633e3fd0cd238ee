package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"golang.org/x/sync/errgroup"

	"holdfast/saga"
)

const (
	// askAtOnce is how many workflows are described at a time.
	askAtOnce = 16
	// askFor bounds one description.
	askFor = 5 * time.Second
)

// ClosedBefore reports for each order whether its workflow closed before the given time. It
// describes each workflow, because lists of workflows may lag behind.
func (c *Client) ClosedBefore(ctx context.Context, orderIDs []string, at time.Time) (map[string]bool, error) {
	var mu sync.Mutex
	closed := make(map[string]bool, len(orderIDs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askAtOnce)
	for _, id := range orderIDs {
		group.Go(func() error {
			is, err := c.closedBefore(ctx, id, at)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			closed[id] = is
			return nil
		})
	}
	return closed, group.Wait()
}

func (c *Client) closedBefore(ctx context.Context, orderID string, at time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	id := saga.OrderWorkflowID(orderID)
	d, err := c.temporal.DescribeWorkflowExecution(ctx, id, "")
	if isNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	info := d.GetWorkflowExecutionInfo()
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return info.GetCloseTime() != nil && info.GetCloseTime().AsTime().Before(at), nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED,
		enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED:
	}
	return false, nil
}
