package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
)

// Limits of waiting for an order.
const (
	// maxWait limits ?wait=.
	maxWait = 30 * time.Second
	// maxWaiters limits how many requests wait at the same time. Beyond that, a request is
	// answered immediately, and its caller polls.
	maxWaiters = 2000
	// Of these, one customer may use customersWaits, all customers of one network networksWaits,
	// and any other caller operatorsWaits: a shop's own pages may wait for its customers.
	customersWaits = 20
	networksWaits  = 200
	operatorsWaits = 1000
	// A wait polls after firstPause, then increases the pause by half each time, up to
	// longestPause; in between it holds no connection.
	firstPause   = 20 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// wait is what a caller waits for.
type wait struct {
	most  time.Duration
	above *int64
	// holders that the waiting request counts against.
	holders []share
}

// waitHolders returns the holders whose shares of maxWaiters a request counts against. With
// authentication off, all callers are programs on the same machine.
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

// maxWaitText is the maximum length of the wait parameter in the contract.
const maxWaitText = 20

// waitOf parses a duration, or a number of seconds, which may be arbitrarily large: more than
// maxWait is maxWait.
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

// over reports whether the order has reached what the caller waits for.
func (w wait) over(o orderHead) bool {
	if w.above != nil {
		return o.Version > *w.above
	}
	return !o.Status.Undecided()
}

// await reads the order and, while the caller waits, polls its document. The workflow is asked
// before and after, never in between: otherwise every waiting caller would put load on Temporal
// while Redis is unavailable.
func (s *Server) await(ctx context.Context, id string, w wait) (found, orderHead, error) {
	return s.awaitUntil(ctx, id, w, func(_ []byte, head orderHead) bool { return w.over(head) })
}

// awaitUntil is await with another end of the wait.
func (s *Server) awaitUntil(ctx context.Context, id string, w wait, over func(doc []byte, head orderHead) bool) (found, orderHead, error) {
	f, head, err := s.readOrder(ctx, id, 0)
	if err != nil || w.most == 0 || over(f.doc, head) || !s.takeWaitSlot(w.holders) {
		return f, head, err
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
			return s.readOrder(ctx, id, 0)
		case <-s.draining:
			again.Stop()
			return s.readOrder(ctx, id, 0)
		case <-ctx.Done():
			again.Stop()
			return found{}, head, ctx.Err()
		}
		if !s.hasOther(ctx, id, head.Version) {
			continue
		}
		if f, head, err = s.readCopy(ctx, id); err == nil && over(f.doc, head) {
			return f, head, nil
		}
	}
}

// hasOther reports whether the order's document may have another version than the one that was read.
// Thousands may wait, and most orders stand still most of the time.
func (s *Server) hasOther(ctx context.Context, id string, read int64) bool {
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	version, err := s.cfg.Orders.Version(ctx, id)
	return err != nil || version == 0 || version != read
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
