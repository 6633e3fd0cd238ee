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

// searchTimeout bounds one question to the index: who searches doesn't wait longer.
const searchTimeout = 2 * time.Second

const jsonType = "application/json; charset=utf-8"

// fromView asks the index what ask asks, in the time that a search has.
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

// searchWaits is how long a search waits for a place among those that are answered.
const searchWaits = 500 * time.Millisecond

// searchView is fromView for searches and lists, of which only so many are answered at a
// time. What is read of single orders goes past them.
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

// viewError tells an index that can't answer apart from a question that is wrong.
// A caller who went away is neither: ctx is his.
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

// badQuery makes a problem of what is wrong with a query: a query string is read,
// not kept, so that all of it is 400.
func badQuery(err error) error {
	bad, ok := errors.AsType[search.Invalid](err)
	if !ok || len(bad) == 0 {
		return err
	}
	p := malformed(bad[0].Path, bad[0].Reason)
	p.Errors = bad
	return p
}

// optional is what a parameter says, or nothing.
func optional[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

// asKept writes what the index keeps: its types' tags mean what encoding/json makes
// of them, documents stay as they are, letter by letter, and a text that is not
// UTF-8, which no index takes, is mended rather than its page withheld.
var asKept = json.JoinOptions(
	jsonv1.OmitEmptyWithLegacySemantics(true), json.Deterministic(true),
	jsontext.PreserveRawStrings(true), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true),
)

// writeView answers with what the index had, written once and straight from its
// own types.
func (s *Server) writeView(c *gin.Context, v any) {
	b, err := json.Marshal(v, asKept)
	if err != nil {
		s.fail(c, fmt.Errorf("write what the index answered: %w", err))
		return
	}
	c.Data(http.StatusOK, jsonType, b)
}
