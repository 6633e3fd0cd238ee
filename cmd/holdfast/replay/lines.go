// Package replay plays a file of order requests against a gateway, as a crowd of customers
// would: it places them, then pays, refuses, cancels, abandons, packs, delivers or returns them
// by given shares. It measures how long that takes, can record every answer of the gateway, and can
// check later that each of them is still true. It uses only the gateway's REST API.
package replay

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Line is one order of the file: the body of an order request and, beside it under "key",
// its Idempotency-Key.
type Line struct {
	// Number counts the file's lines, from 1.
	Number int
	Key    string
	// Body is the request without its key.
	Body []byte
}

// readLines sends the first limit lines (all if limit is 0) to lines. A line without a key
// uses its number.
func readLines(ctx context.Context, r io.Reader, limit int, lines chan<- Line) error {
	in := bufio.NewReaderSize(r, 1<<20)
	for n := 1; limit == 0 || n <= limit; n++ {
		raw, err := in.ReadBytes('\n')
		if len(raw) > 0 && len(raw) != 1 {
			line, err := parseLine(n, raw)
			if err != nil {
				return err
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", n, err)
		}
	}
	return nil
}

func parseLine(n int, raw []byte) (Line, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return Line{}, fmt.Errorf("line %d is not an order request: %w", n, err)
	}
	line := Line{Number: n, Key: fmt.Sprintf("line-%d", n)}
	if key, ok := fields["key"]; ok {
		if err := json.Unmarshal(key, &line.Key); err != nil || line.Key == "" {
			return Line{}, fmt.Errorf("line %d: its key is not a string", n)
		}
		delete(fields, "key")
	}
	var err error
	if line.Body, err = json.Marshal(fields); err != nil {
		return Line{}, fmt.Errorf("line %d: encode the request: %w", n, err)
	}
	return line, nil
}
