package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"holdfast/client"
	"holdfast/web/live"
	"holdfast/web/site"
)

// streamAge ends a stream, so that its browser asks again: sessions end, and so must what they opened.
const streamAge = 10 * time.Minute

// moving reports whether the order is about to change by itself, within seconds.
func (s sheet) moving() bool {
	return s.Status == client.OrderReserving || (s.Status == client.OrderPaid && !s.held())
}

// orderPart is what changes of an order's page, for browsers for which there is no stream.
func (c *Console) orderPart(v *visit) error {
	o, err := v.api.Order(v.R.Context(), v.R.PathValue("id"))
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, orderBody(v, c.sheetOf(v, o)))
}

// orderLive follows the order. The browser says which version it shows.
func (c *Console) orderLive(v *visit) error {
	above, _ := strconv.ParseInt(v.R.URL.Query().Get("v"), 10, 64)
	stream := site.NewStream(v.W)
	ctx, cancel := context.WithDeadline(v.R.Context(), v.StreamEnds(streamAge))
	defer cancel()
	//nolint:contextcheck // components get it when they are rendered
	err := c.orders.Follow(ctx, v.R.PathValue("id"), v.Token(), v.Follower(), above, v.api.OrderAbove, func(o client.Order) error {
		return v.Live(ctx, stream, func() error {
			if err := stream.Event(ctx, "", orderBody(v, c.sheetOf(v, o))); err != nil || !o.Closed() {
				return err
			}
			return stream.Event(ctx, "over", nil) // the browser would ask again and again otherwise
		})
	}, func() error { return v.Live(ctx, stream, stream.Beat) })
	if errors.Is(err, live.ErrTooMany) {
		o, err := v.api.Order(v.R.Context(), v.R.PathValue("id"))
		if err != nil {
			return err
		}
		return v.Render(http.StatusOK, polled(v, c.sheetOf(v, o)))
	}
	return nil
}

// newsOf says in one sentence what happened last, for those who can't see the page change.
func newsOf(v *visit, s sheet) string {
	status := v.Text.Or("console.status."+string(s.Status), "status.other")
	s.Deliveries = nil // they follow from it
	if all := timelineOf(v, s, ""); len(all) > 0 {
		return v.Text.T("console.live.news", "status", status, "what", all[0].Title)
	}
	return status
}
