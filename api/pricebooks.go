package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

// PriceBooks are the versions of the shop's price book.
type PriceBooks interface {
	// Get returns a version with its document, or price.ErrNoBook. 0 is the current one.
	Get(ctx context.Context, number int64) (price.Version, []byte, error)
	// Versions returns up to limit versions before this one, the newest first. 0 begins with
	// the current one.
	Versions(ctx context.Context, limit int, before int64) ([]price.Version, error)
	// Publish makes a book the current one. Its error is price.ErrStale, price.ErrFull, or a
	// product.Invalid. ifMatch is a price.Tag, anyTag, or empty.
	Publish(ctx context.Context, b *price.Book, ifMatch, by string) (v price.Version, published bool, err error)
	// Check reports what would keep a book from being published, and which version is current.
	Check(ctx context.Context, b *price.Book) (current order.BookVersion, err error)
}

// GetPriceBook implements ServerInterface.
func (s *Server) GetPriceBook(c *gin.Context, _ openapi.GetPriceBookParams) {
	s.writePriceBook(c, 0)
}

// GetPriceBookVersion implements ServerInterface.
func (s *Server) GetPriceBookVersion(c *gin.Context, number int64, _ openapi.GetPriceBookVersionParams) {
	if number < 1 {
		s.fail(c, malformed("number", "must be a version's number, 1 or more"))
		return
	}
	s.writePriceBook(c, number)
}

func (s *Server) writePriceBook(c *gin.Context, number int64) {
	v, document, err := s.cfg.PriceBooks.Get(c.Request.Context(), number)
	if err != nil {
		s.fail(c, priceBookError(err))
		return
	}
	s.answerPriceBook(c, http.StatusOK, v, document)
}

func (s *Server) answerPriceBook(c *gin.Context, status int, v price.Version, document []byte) {
	out := shownVersion(v)
	out.PriceBook = new(json.RawMessage(document))
	b, err := json.Marshal(out)
	if err != nil {
		s.fail(c, fmt.Errorf("write version %d of the price book: %w", v.Number, err))
		return
	}
	writeWithTag(c, status, "application/json; charset=utf-8", b, `"`+price.Tag(v.BookVersion)+`"`)
}

func shownVersion(v price.Version) openapi.PriceBookVersion {
	return openapi.PriceBookVersion{
		Number: v.Number, Hash: v.Hash, PublishedAt: v.PublishedAt, PublishedBy: v.PublishedBy, Bytes: v.Bytes,
	}
}

// ListPriceBookVersions implements ServerInterface.
func (s *Server) ListPriceBookVersions(c *gin.Context, params openapi.ListPriceBookVersionsParams) {
	page, err := s.priceBookVersions(c.Request.Context(), params)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) priceBookVersions(ctx context.Context, params openapi.ListPriceBookVersionsParams) (openapi.PriceBookPage, error) {
	const of = "price-books"
	limit, token, err := pageAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.PriceBookPage{}, err
	}
	before := int64(0)
	if len(token) > 0 {
		if before, err = strconv.ParseInt(string(token), 10, 64); err != nil || before < 1 {
			return openapi.PriceBookPage{}, malformed("cursor", "is not the cursor of a page of this query")
		}
	}
	found, err := s.cfg.PriceBooks.Versions(ctx, limit, before)
	if err != nil {
		return openapi.PriceBookPage{}, priceBookError(err)
	}
	page := openapi.PriceBookPage{Items: make([]openapi.PriceBookVersion, len(found))}
	for i, v := range found {
		page.Items[i] = shownVersion(v)
	}
	if last := len(found) - 1; last >= 0 && found[last].Number > 1 {
		page.NextCursor = refundCursor([]byte(strconv.FormatInt(found[last].Number, 10)), of)
	}
	return page, nil
}

// PublishPriceBook implements ServerInterface.
func (s *Server) PublishPriceBook(c *gin.Context, params openapi.PublishPriceBookParams) {
	book, err := priceBook(c)
	var match string
	if err == nil {
		match, err = bookMatch(params.IfMatch)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	v, published, err := s.cfg.PriceBooks.Publish(c.Request.Context(), book, match, CallerOf(c.Request.Context()).Subject)
	if err != nil {
		s.fail(c, priceBookError(err))
		return
	}
	status := http.StatusOK
	if published {
		status = http.StatusCreated
		c.Header("Location", "/v1/price-book/versions/"+strconv.FormatInt(v.Number, 10))
	}
	s.answerPriceBook(c, status, v, book.Canonical())
}

// CheckPriceBook implements ServerInterface.
func (s *Server) CheckPriceBook(c *gin.Context) {
	book, err := priceBook(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	current, err := s.cfg.PriceBooks.Check(c.Request.Context(), book)
	if err != nil {
		s.fail(c, priceBookError(err))
		return
	}
	c.JSON(http.StatusOK, openapi.PriceBookCheck{Hash: book.Version.Hash, Published: current.Hash == book.Version.Hash})
}

// priceBook reads the body of a call. Package price reads it strictly by itself, because a
// missing price must not count as 0.
func priceBook(c *gin.Context) (*price.Book, error) {
	b, err := body(c)
	if err != nil {
		return nil, err
	}
	book, err := price.Parse(b)
	if bad, ok := errors.AsType[price.Malformed](err); ok {
		p := malformed(bad[0].Path, bad[0].Reason)
		if p.Errors != nil {
			p.Errors = bad
		}
		return nil, p
	}
	return book, err
}

// bookMatch returns the price.Tag in an If-Match, or anyTag. The tag covers all of a version,
// which never changes, so that a weak one, which a proxy makes of it, is as good.
func bookMatch(given *string) (string, error) {
	tag := strings.TrimPrefix(strings.TrimSpace(optional(given)), "W/")
	if given == nil || tag == anyTag {
		return tag, nil
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(tag, `"`), `"`)
	if len(inner) != len(tag)-2 || inner == "" || inner == anyTag || strings.Contains(inner, `"`) {
		return "", malformed("If-Match", `must be one entity tag such as "7-5feceb66ffc86f38", or *`)
	}
	return inner, nil
}

// priceBookError returns the error of a call to the price books, of which only a few are answers.
func priceBookError(err error) error {
	for _, answer := range []error{price.ErrNoBook, price.ErrStale, price.ErrFull} {
		if errors.Is(err, answer) {
			return err
		}
	}
	if _, invalid := errors.AsType[product.Invalid](err); invalid {
		return err
	}
	return fmt.Errorf("%w: %w", errPriceBooks, err)
}
