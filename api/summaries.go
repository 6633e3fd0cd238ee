package api

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/search"
)

// pageBytes is the approximate maximum size of a page of a list. A longer page ends early, with the
// cursor of the next page.
const pageBytes = 256 << 10

// Limits of a product's texts in a list, see ProductSummary in the contract. A page of 100 whole
// documents would have 6 MB.
const (
	maxSummaryChars   = 300
	maxLabelBytes     = 256
	maxTagBytes       = 512
	maxAttributeBytes = 1024
	maxImageBytes     = 2048
)

// summarize reduces a product to what a list shows.
func summarize(h *search.Product) {
	h.Description = firstChars(h.Description, maxSummaryChars)
	h.Brand, h.Category = beginning(h.Brand, maxLabelBytes), beginning(h.Category, maxLabelBytes)
	if len(h.Image) > maxImageBytes { // for example a data URL, which is useless if truncated
		h.Image = ""
	}
	h.Tags = fitting(h.Tags, maxTagBytes, func(tag string) int { return len(tag) })
	names := slices.Sorted(maps.Keys(h.Attributes))
	names = fitting(names, maxAttributeBytes, func(name string) int { return len(name) + len(h.Attributes[name]) })
	if len(names) < len(h.Attributes) {
		shown := make(map[string]string, len(names))
		for _, name := range names {
			shown[name] = h.Attributes[name]
		}
		h.Attributes = shown
	}
}

const cutMark = "…"

func firstChars(text string, most int) string {
	if len(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n == most {
			return strings.TrimSpace(text[:i]) + cutMark
		}
		n++
	}
	return text
}

func beginning(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len(cutMark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimSpace(text[:end]) + cutMark
}

// fitting returns the first items whose total size doesn't exceed most.
func fitting[T any](items []T, most int, size func(T) int) []T {
	for i, item := range items {
		if most -= size(item); most < 0 {
			return items[:i]
		}
	}
	return items
}

// onPage returns how many of the first items fit on a page by size, but at least one.
func onPage[T any](items []T, size func(T) int) int {
	return max(min(1, len(items)), len(fitting(items, pageBytes, size)))
}
