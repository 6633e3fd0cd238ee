package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/coupon"
	"holdfast/customer"
	"holdfast/order"
	"holdfast/saga"
)

// defaultPage is the number of items on a page if no limit is given.
const defaultPage = 20

// listedStatuses are the statuses that last long enough to be filtered by.
var listedStatuses = []order.RefundStatus{order.RefundCase, order.RefundFailed, order.RefundPending}

// ListRefunds implements ServerInterface. Every refund that is still owed has a running workflow, so
// the list comes from Temporal.
func (s *Server) ListRefunds(c *gin.Context, params openapi.ListRefundsParams) {
	page, err := s.listRefunds(c.Request.Context(), params)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) listRefunds(ctx context.Context, params openapi.ListRefundsParams) (openapi.RefundPage, error) {
	status := optional(params.Status)
	if status != "" && !slices.Contains(listedStatuses, order.RefundStatus(status)) {
		return openapi.RefundPage{}, malformed("status", "must be case, failed or pending")
	}
	limit, token, err := pageAsked(params.Limit, params.Cursor, status)
	if err != nil {
		return openapi.RefundPage{}, err
	}
	found, next, err := s.cfg.Sagas.OpenRefunds(ctx, order.RefundStatus(status), limit, token)
	if err != nil {
		return openapi.RefundPage{}, fmt.Errorf("list the refunds: %w", pageError(err))
	}
	page := openapi.RefundPage{Items: make([]openapi.Refund, 0, len(found)), NextCursor: refundCursor(next, status)}
	for _, r := range found {
		page.Items = append(page.Items, r.Shown())
	}
	return page, nil
}

// pageAsked returns which page of a list is requested. of distinguishes its cursors from those of
// other lists.
func pageAsked(asked *int, cursor *string, of string) (limit int, token []byte, err error) {
	limit = defaultPage
	if asked != nil {
		limit = *asked
	}
	if limit < 1 || limit > 100 {
		return 0, nil, malformed("limit", "must lie between 1 and 100")
	}
	token, err = pageToken(optional(cursor), of)
	return limit, token, err
}

func pageError(err error) error {
	if errors.Is(err, saga.ErrNoPage) || errors.Is(err, customer.ErrNoPage) || errors.Is(err, coupon.ErrNoPage) {
		return malformed("cursor", "is not the cursor of a page of this query")
	}
	return err
}

// refundPlace is the position at which a page ended, and the list that it belongs to.
type refundPlace struct {
	Status string `json:"s,omitempty"`
	Token  []byte `json:"t"`
}

func refundCursor(token []byte, status string) string {
	if len(token) == 0 {
		return ""
	}
	text, err := json.Marshal(refundPlace{status, token})
	if err != nil {
		panic(err) // a string and bytes
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func pageToken(cursor, status string) ([]byte, error) {
	if cursor == "" {
		return nil, nil
	}
	var p refundPlace
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.Status != status || len(p.Token) == 0 {
		return nil, malformed("cursor", "is not the cursor of a page of this query")
	}
	return p.Token, nil
}
