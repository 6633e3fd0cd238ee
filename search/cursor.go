package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxCursorBytes is far above what an index produces: a title is the longest key.
const maxCursorBytes = 8 << 10

const badCursor = "is not the cursor of a page of this query"

var errCursor = errors.New(badCursor)

// cursor is the position where a page ended, with the query that it belongs to.
type cursor struct {
	// Query is a fingerprint: a cursor of another query would point to an arbitrary place.
	Query string   `json:"q"`
	Keys  []string `json:"k"`
}

// CursorAt returns the cursor of a page that ended at the given sort keys, which must be
// UTF-8. After returns them again.
func (q ProductQuery) CursorAt(keys ...string) string { return encodeCursor(q.fingerprint(), keys) }

// After returns the sort keys at which the previous page ended, or none if there is no
// cursor. Their number and meaning are the index's own business: it has to expect anything.
func (q ProductQuery) After() ([]string, error) { return decodeCursor(q.Cursor, q.fingerprint()) }

// CursorAt returns the cursor of a page that ended at the given sort keys, which must be
// UTF-8. After returns them again.
func (q OrderQuery) CursorAt(keys ...string) string { return encodeCursor(q.fingerprint(), keys) }

// After returns the sort keys at which the previous page ended, or none if there is no
// cursor. Their number and meaning are the index's own business: it has to expect anything.
func (q OrderQuery) After() ([]string, error) { return decodeCursor(q.Cursor, q.fingerprint()) }

// BadCursor is the error for a cursor whose keys can't come from the index.
func BadCursor() error { return Invalid{{Path: "cursor", Reason: badCursor}} }

// fingerprint distinguishes queries with different pages. The limit may change from page to
// page.
func (q ProductQuery) fingerprint() string {
	q.Limit, q.Cursor, q.Sort = nil, "", q.EffectiveSort()
	q.UpdatedSince = q.UpdatedSince.UTC()
	return fingerprint("products", q)
}

func (q OrderQuery) fingerprint() string {
	q.Limit, q.Cursor = nil, ""
	q.From, q.To, q.UpdatedSince = q.From.UTC(), q.To.UTC(), q.UpdatedSince.UTC()
	if q.Sort == OrderSortNewest {
		q.Sort = ""
	}
	return fingerprint("orders", q)
}

func fingerprint(kind string, query any) string {
	b, err := json.Marshal(query)
	if err != nil { // a time with a year that JSON can't represent: such a query finds nothing
		b = fmt.Append(nil, query)
	}
	sum := sha256.Sum256(append([]byte(kind+"\n"), b...))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func encodeCursor(query string, keys []string) string {
	b, err := json.Marshal(cursor{Query: query, Keys: keys})
	if err != nil { // only strings: they can always be encoded
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s, query string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > maxCursorBytes {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errCursor
	}
	var c cursor
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, errCursor
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || c.Query != query || len(c.Keys) == 0 {
		return nil, errCursor
	}
	return c.Keys, nil
}
