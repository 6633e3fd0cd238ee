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

	"holdfast/search"
)

// searchTimeout bounds one question to the index: who searches doesn't wait longer.
const searchTimeout = 2 * time.Second

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

// viewError tells an index that can't answer apart from a question that is wrong.
// A caller who went away is neither: ctx is his.
func viewError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, search.ErrUnavailable), errors.Is(err, search.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", errSearch, err)
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

// writeView answers with what the index had, written once and straight from its
// own types. The texts are valid UTF-8 already; should one not be, it is mended
// rather than the page withheld.
func (s *Server) writeView(c *gin.Context, v any) {
	b, err := json.Marshal(v, json.Deterministic(true),
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err != nil {
		s.fail(c, fmt.Errorf("write what the index answered: %w", err))
		return
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", b)
}
