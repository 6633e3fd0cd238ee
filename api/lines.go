package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/product"
)

const (
	linesType    = "application/jsonl"
	ndjsonType   = "application/x-ndjson"
	maxBulkLines = 1000
	bulkTimeout  = 10 * time.Second // part of requestTimeout; the rest is for writing the response
)

// bulkLine is one line of a body; numbers start at 1.
type bulkLine struct {
	number int
	text   []byte
}

// readLines returns the lines of a body of JSON lines and charges them to the caller's allowance.
// Blank lines are counted, but not returned.
func (s *Server) readLines(c *gin.Context, key *string) ([]bulkLine, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	b, err := bodyOf(c, errLinesType, linesType, ndjsonType)
	if err != nil {
		return nil, err
	}
	var all []bulkLine
	n := 0
	for text := range bytes.SplitSeq(b, []byte("\n")) {
		n++
		if text = bytes.TrimSpace(text); len(text) > 0 {
			all = append(all, bulkLine{n, text})
		}
		if len(all) > maxBulkLines {
			return nil, product.Invalid{{Path: "lines", Reason: fmt.Sprintf("must be 1 to %d", maxBulkLines)}}
		}
	}
	if len(all) == 0 {
		return nil, malformed("", "the body is empty")
	}
	return all, s.takeLines(c, len(all))
}

// rememberBody returns an error if the Idempotency-Key was used with a different body. The body is
// remembered as long as its lines are.
func (s *Server) rememberBody(ctx context.Context, c *gin.Context, key *string, remember time.Duration) error {
	if key == nil {
		return nil
	}
	sum := sha256.Sum256(sent(c))
	return productError(s.cfg.Products.RememberBatch(ctx, c.FullPath()+"/"+*key, hex.EncodeToString(sum[:]), remember))
}

// lineResult is the common part of every line's result.
type lineResult struct {
	Line    int      `json:"line"`
	Status  int      `json:"status"`
	Problem *Problem `json:"problem,omitempty"`
}

// resultOf returns the result of a line: the given status, or the problem of the error.
func resultOf(c *gin.Context, l bulkLine, status int, err error) lineResult {
	if err == nil {
		return lineResult{Line: l.number, Status: status}
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && len(c.Errors) == 0 {
		c.Error(err) //nolint:errcheck // gin keeps it for the request's log line, where one of them is enough
	}
	return lineResult{Line: l.number, Status: p.Status, Problem: p}
}

// doSound calls do for all items without an error, and returns the results in the order of all
// items: the zero value for each that has an error.
func doSound[A, R any](all []A, errs []error, do func([]A) []R) []R {
	var (
		sound []A
		of    []int
	)
	for i, err := range errs {
		if err == nil {
			sound, of = append(sound, all[i]), append(of, i)
		}
	}
	results := make([]R, len(all))
	for j, r := range do(sound) {
		results[of[j]] = r
	}
	return results
}

// writeLines writes one line per result. Each is sent as soon as it is encoded, because a problem
// may be much longer than its line.
func writeLines[T any](c *gin.Context, results []T) {
	c.Header("Content-Type", linesType)
	c.Status(http.StatusOK)
	to := json.NewEncoder(c.Writer)
	for _, r := range results {
		if err := to.Encode(r); err != nil { // the caller has gone
			c.Error(err) //nolint:errcheck // as above
			return
		}
	}
}
