package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"holdfast/search"
)

// searchTimeout limits one request to the index: users don't wait longer for a search.
const searchTimeout = 2 * time.Second

const jsonType = "application/json; charset=utf-8"

// fromView queries the index with ask, within searchTimeout.
func fromView[T any](ctx context.Context, s *Server, ask func(context.Context, Index) (T, error)) (T, error) {
	if s.cfg.Index == nil {
		var none T
		return none, errNoIndex
	}
	within, cancel := context.WithTimeout(ctx, searchTimeout)
	defer cancel()
	answer, err := ask(within, s.cfg.Index)
	return answer, viewError(ctx, err)
}

// searchWaits is how long a search waits for a slot.
const searchWaits = 500 * time.Millisecond

// searchView is fromView for searches and lists. It limits how many run at the same time. Reads of
// single orders need no slot.
func searchView[T any](ctx context.Context, s *Server, ask func(context.Context, Index) (T, error)) (T, error) {
	var none T
	if s.cfg.Index == nil {
		return none, errNoIndex
	}
	select {
	case s.searchSlots <- struct{}{}:
	default:
		waited := time.NewTimer(searchWaits)
		defer waited.Stop()
		select {
		case s.searchSlots <- struct{}{}:
		case <-waited.C:
			return none, errSearchBusy
		case <-ctx.Done():
			return none, ctx.Err()
		}
	}
	defer func() { <-s.searchSlots }()
	return fromView(ctx, s, ask)
}

// viewError distinguishes an unavailable index from an invalid query. If ctx, the caller's context,
// has ended, it is neither.
func viewError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, search.ErrUnavailable), errors.Is(err, search.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", errSearch, search.WithCause(err))
	}
	return badQuery(err)
}

// badQuery returns the problem of an invalid query. Since query parameters aren't stored, invalid
// values are 400, too, not 422.
func badQuery(err error) error {
	bad, ok := errors.AsType[search.Invalid](err)
	if !ok || len(bad) == 0 {
		return err
	}
	p := malformed(bad[0].Path, bad[0].Reason)
	p.Errors = bad
	return p
}

// optional returns the value of a parameter, or the zero value if it is missing.
func optional[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

// asKept are the options for encoding what the index stores: struct tags mean what they mean in
// encoding/json, documents stay exactly as they are, and invalid UTF-8, which no index accepts, is
// replaced rather than failing the whole page.
var asKept = json.JoinOptions(
	jsonv1.OmitEmptyWithLegacySemantics(true), json.Deterministic(true),
	jsontext.PreserveRawStrings(true), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true),
)

// writeView answers with a result of the index, encoded directly from its own types.
func (s *Server) writeView(c *gin.Context, v any) {
	b, err := json.Marshal(v, asKept)
	if err != nil {
		s.fail(c, fmt.Errorf("write what the index answered: %w", err))
		return
	}
	c.Data(http.StatusOK, jsonType, b)
}
