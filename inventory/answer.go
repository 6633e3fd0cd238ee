package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"holdfast/product"
)

// refusal converts the codes with which several scripts refuse a command into the domain's
// errors.
func refusal(code string) error {
	switch code {
	case "NOT_FOUND":
		return product.ErrNotFound
	case "UNKNOWN_SKU":
		return product.ErrUnknownSKU
	case "REUSED":
		return product.ErrActionReused
	default:
		return fmt.Errorf("the script answered %q", code)
	}
}

func tooMany(field string) error {
	if field == "onhand" {
		field = "onHand"
	}
	return product.Invalid{{Path: field, Reason: fmt.Sprintf("would leave more than %d on hand", product.MaxStock)}}
}

// fingerprint distinguishes two requests under one id.
func fingerprint(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:16])
}

// text reads one element of a script's answer, "" if it is missing.
func text(answer []any, i int) string {
	if i >= len(answer) {
		return ""
	}
	s, _ := answer[i].(string)
	return s
}

// number reads one element that a script wrote as a decimal number.
func number(answer []any, i int) int64 {
	n, _ := strconv.ParseInt(text(answer, i), 10, 64)
	return n
}

// pairs reads a flat list of fields and values.
func pairs(list any) map[string]string {
	flat, _ := list.([]any)
	m := make(map[string]string, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		m[text(flat, i)] = text(flat, i+1)
	}
	return m
}
