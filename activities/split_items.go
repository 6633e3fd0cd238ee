package activities

import (
	"maps"
	"slices"

	"holdfast/product"
)

// maxItemBytes bounds the items of one activity: with everything else, its input stays
// below 64 KiB.
const maxItemBytes = 60 << 10

// Bytes that an item and a product need at most in an activity's input, beside their names.
const (
	itemBytes    = len(`{"sku":"","quantity":1000000000000},`)
	productBytes = len(`"":[],`)
)

// SplitItems divides units into parts that each fit into the input of one activity. A
// product is never divided: its variants together are far smaller.
func SplitItems(items map[string][]product.Item) []map[string][]product.Item {
	var parts []map[string][]product.Item
	size := maxItemBytes
	//workflowcheck:ignore (sorted)
	for _, id := range slices.Sorted(maps.Keys(items)) {
		need := productBytes + len(id)
		for _, it := range items[id] {
			need += itemBytes + len(it.SKU)
		}
		if size += need; size > maxItemBytes {
			parts, size = append(parts, map[string][]product.Item{}), need
		}
		parts[len(parts)-1][id] = items[id]
	}
	return parts
}
