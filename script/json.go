package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// checkInput refuses what a script would not read as it was meant.
func checkInput(text []byte, limit int) error {
	switch {
	case len(text) > limit:
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(text), limit)
	case !utf8.Valid(text):
		return fmt.Errorf("%w: not valid UTF-8", ErrBadInput)
	case !json.Valid(text):
		return fmt.Errorf("%w: a syntax error", ErrBadInput)
	}
	return scan(text, true)
}

// checkOutput reads what run in harness.js returned.
func checkOutput(text []byte, limit int) (json.RawMessage, error) {
	kind, text := text[0], text[1:]
	if kind == '!' {
		return nil, fmt.Errorf("%w: %s", ErrBadResult, bytes.ToValidUTF8(text, []byte("\ufffd")))
	}
	if kind == '#' || len(text) > limit {
		return nil, fmt.Errorf("%w: the script's result has more than %d bytes", ErrTooLarge, limit)
	}
	return text, scan(text, false)
}

// scan looks through valid JSON for what is not the same to all who read it: nesting beyond maxDepth, integers
// that a 64-bit float would round on the way in, and halves of surrogate pairs, which the engine writes as escapes.
func scan(text []byte, input bool) error {
	kind := ErrBadResult
	if input {
		kind = ErrBadInput
	}
	depth := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			end, err := scanString(text, i+1)
			if err != nil {
				return fmt.Errorf("%w: %w", kind, err)
			}
			i = end
			continue
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: nested more than %d deep", kind, maxDepth)
			}
		case c == ']' || c == '}':
			depth--
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(text) && bytes.IndexByte([]byte("0123456789.eE+-"), text[end]) >= 0 {
				end++
			}
			if input && !isExact(text[i:end]) {
				return fmt.Errorf("%w: the number %s would be rounded", kind, text[i:end])
			}
			i = end
			continue
		}
		i++
	}
	return nil
}

// scanString returns where the string ends that begins at i, behind its quotation mark.
func scanString(text []byte, i int) (int, error) {
	for text[i] != '"' {
		if text[i] != '\\' {
			i++
			continue
		}
		if text[i+1] != 'u' {
			i += 2
			continue
		}
		unit := escaped(text[i:])
		i += 6
		if unit < 0xd800 || unit > 0xdfff {
			continue
		}
		if low := escaped(text[i:]); unit > 0xdbff || low < 0xdc00 || low > 0xdfff {
			return 0, fmt.Errorf("a string has half of a surrogate pair, \\u%x", unit)
		}
		i += 6
	}
	return i + 1, nil
}

// escaped returns the code unit of an escape like \u00e9 at the start of text, or 0.
func escaped(text []byte) uint64 {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	unit, _ := strconv.ParseUint(string(text[2:6]), 16, 32)
	return unit
}

// isExact reports whether a 64-bit float holds the number as it is written, if it is written as an integer. Amounts and
// quantities are integers; for other numbers, rounding is what their readers expect.
func isExact(number []byte) bool {
	if len(number) <= 15 || bytes.ContainsAny(number, ".eE") {
		return true
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	return err == nil && n >= -1<<53 && n <= 1<<53
}
