package product

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of what other systems attach to a product or an order.
const (
	MaxMetadataKeys = 40
	// MaxMetadataBytes bounds all keys and values together.
	MaxMetadataBytes = 4 << 10
	// MaxReferenceBytes bounds an external reference.
	MaxReferenceBytes = 128
)

// Metadata is what another system attaches to a product or an order for its own use. It is
// neither read nor searched here. Keys follow the rule of ids, so that they can be part of
// a path or a URL; values may have several lines and may be empty.
type Metadata map[string]string

// Check adds everything that is wrong with the metadata, at the path metadata.
func (m Metadata) Check(bad *Invalid) {
	const path = "metadata"
	if len(m) > MaxMetadataKeys {
		bad.Add(path, fmt.Sprintf("must have at most %d keys", MaxMetadataKeys))
		return // rather than naming every key of a huge map
	}
	size := 0
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value := m[key]
		size += len(key) + len(value)
		if !ValidID(key) { // the key stays out of the path, which it would make invalid too
			bad.Add(path, "keys must match [A-Za-z0-9._~-]{1,64}")
			continue
		}
		if !utf8.ValidString(value) {
			bad.Add(path+"."+key, "must be UTF-8")
			continue
		}
		CheckLines(bad, path+"."+key, value)
	}
	if size > MaxMetadataBytes {
		bad.Add(path, fmt.Sprintf("keys and values together may have at most %d bytes", MaxMetadataBytes))
	}
}

// CheckReference checks the name by which another system knows a product or an order, and
// adds what is wrong with it at the path externalReference. An empty one means none. It is
// only ever matched whole and letter by letter, so spaces around it, which readers would
// not see, are refused.
func CheckReference(bad *Invalid, reference string) {
	const path = "externalReference"
	if len(reference) > MaxReferenceBytes {
		bad.Add(path, fmt.Sprintf("at most %d bytes", MaxReferenceBytes))
	}
	if !utf8.ValidString(reference) {
		bad.Add(path, "must be UTF-8")
		return
	}
	CheckText(bad, path, reference)
	if strings.TrimSpace(reference) != reference {
		bad.Add(path, "must not begin or end with a space")
	}
}
