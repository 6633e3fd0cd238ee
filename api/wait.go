package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
)

// Bounds of waiting for an order.
const (
	// maxWait bounds ?wait=.
	maxWait = 30 * time.Second
	// maxWaiters bounds how many requests wait at a time: beyond, a request is
	// answered at once, and its caller polls.
	maxWaiters = 2000
	// Of these, customersWaits are the most of one customer, networksWaits those of all
	// customers of one network, and operatorsWaits those of another caller: a shop's own
	// pages may wait for their customers.
	customersWaits = 20
	networksWaits  = 200
	operatorsWaits = 1000
	// A wait looks again after firstPause, then after half as long again each
	// time, up to longestPause: it holds no connection in between.
	firstPause   = 20 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// wait is what a reader waits for.
type wait struct {
	most  time.Duration
	above *int64
	// holders of the place among those who wait.
	holders []share
}

// waitHolders are those whose shares of maxWaiters a request counts against. With
// authentication off all callers are one machine's own programs.
func (s *Server) waitHolders(c *gin.Context) []share {
	caller := callerFrom(c)
	switch {
	case s.cfg.Identity == nil:
		return nil
	case !caller.Staff():
		return []share{{"caller/" + callerKeyOf(caller), customersWaits}, {"network/" + network(c.ClientIP()), networksWaits}}
	}
	return []share{{"caller/" + callerKeyOf(caller), operatorsWaits}}
}

func (s *Server) newWait(c *gin.Context, params openapi.GetOrderParams) (wait, error) {
	w := wait{above: params.Version, holders: s.waitHolders(c)}
	if w.above != nil && *w.above < 0 {
		return w, malformed("version", "must not be negative")
	}
	if params.Wait == nil {
		return w, nil
	}
	most, err := waitOf(*params.Wait)
	if err != nil || most < 0 {
		return w, malformed("wait", "must be a duration such as 10s, or seconds")
	}
	w.most = min(most, maxWait)
	return w, nil
}

// maxWaitText is how long a text of the contract's wait may be.
const maxWaitText = 20

// waitOf reads a duration, or a number of seconds: any number of them, since
// more than maxWait is maxWait.
func waitOf(text string) (time.Duration, error) {
	seconds, err := strconv.ParseUint(text, 10, 64)
	switch {
	case len(text) > maxWaitText:
		return 0, strconv.ErrSyntax
	case err == nil && seconds <= uint64(maxWait/time.Second):
		return time.Duration(seconds) * time.Second, nil
	case err == nil || errors.Is(err, strconv.ErrRange):
		return maxWait, nil
	}
	return time.ParseDuration(text)
}

// over tells whether the order has come to what the reader waits for.
func (w wait) over(o orderHead) bool {
	if w.above != nil {
		return o.Version > *w.above
	}
	return !o.Status.Undecided()
}

// await reads the order, and while its reader waits its document again and
// again. The workflow is asked before and after, never in between: with the
// documents out of reach, every reader that waits would be a load on Temporal.
func (s *Server) await(ctx context.Context, id string, w wait) ([]byte, orderHead, error) {
	doc, head, err := s.readOrder(ctx, id)
	if err != nil || w.most == 0 || w.over(head) || !s.takeWaitSlot(w.holders) {
		return doc, head, err
	}
	defer s.leaveWaitSlot(w.holders)
	end := time.NewTimer(w.most)
	defer end.Stop()
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-end.C:
			again.Stop()
			return s.readOrder(ctx, id)
		case <-s.draining:
			again.Stop()
			return s.readOrder(ctx, id)
		case <-ctx.Done():
			again.Stop()
			return nil, head, ctx.Err()
		}
		doc, head, err = s.readCopy(ctx, id)
		if err == nil && w.over(head) {
			return doc, head, nil
		}
	}
}

func (s *Server) takeWaitSlot(holders []share) bool {
	if s.waits.take(1, holders) != nil {
		return false
	}
	s.metrics.waiting.Inc()
	return true
}

func (s *Server) leaveWaitSlot(holders []share) {
	s.waits.give(1, holders)
	s.metrics.waiting.Dec()
}
