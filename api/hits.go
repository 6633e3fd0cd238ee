package api

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/search"
)

// appendPage encodes a page of products by hand, into one buffer and without reflection: encoding
// was the gateway's largest part of the cost of a search. Tests compare the result with the
// contract.

func appendPage(b []byte, p search.ProductPage) []byte {
	b = slices.Grow(b, 1<<10*(len(p.Items)+1))
	b = append(b, `{"items":[`...)
	for i := range p.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendHit(b, &p.Items[i])
	}
	b = append(b, `],"facets":{"category":`...)
	b = appendFacet(b, p.Facets.Category)
	b = append(b, `,"brand":`...)
	b = appendFacet(b, p.Facets.Brand)
	b = append(b, `,"tag":`...)
	b = appendFacet(b, p.Facets.Tag)
	b = append(b, '}')
	b = appendText(b, "nextCursor", p.NextCursor)
	b = appendNumber(b, "total", p.Total)
	b = append(b, `,"tolerant":`...)
	b = strconv.AppendBool(b, p.Tolerant)
	return append(b, '}')
}

func appendHit(b []byte, h *search.ProductHit) []byte {
	b = append(b, `{"id":`...)
	b = appendQuoted(b, h.ID)
	b = appendNumber(b, "version", h.Version)
	b = appendText(b, "status", string(h.Status))
	b = appendText(b, "title", h.Title)
	b = appendText(b, "description", h.Description)
	b = appendText(b, "brand", h.Brand)
	b = appendText(b, "category", h.Category)
	if len(h.Tags) > 0 {
		b = append(b, `,"tags":`...)
		b = appendTexts(b, h.Tags)
	}
	if len(h.Attributes) > 0 {
		b = append(b, `,"attributes":`...)
		b = appendObject(b, h.Attributes, appendQuoted)
	}
	b = appendText(b, "image", h.Image)
	b = appendText(b, "externalReference", h.ExternalReference)
	b = appendText(b, "currency", h.Currency)
	b = appendNumber(b, "minPrice", h.MinPrice)
	b = appendNumber(b, "maxPrice", h.MaxPrice)
	b = appendNumber(b, "available", h.Available)
	b = append(b, `,"inStock":`...)
	b = strconv.AppendBool(b, h.InStock())
	b = appendTime(b, "createdAt", h.CreatedAt)
	b = appendTime(b, "updatedAt", h.UpdatedAt)
	if len(h.Highlights) > 0 {
		b = append(b, `,"highlights":`...)
		b = appendObject(b, h.Highlights, appendTexts)
	}
	return append(b, '}')
}

func appendFacet(b []byte, values []search.FacetValue) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"value":`...)
		b = appendQuoted(b, v.Value)
		b = appendNumber(b, "count", v.Count)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendText appends a member, unless it is empty.
func appendText(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	return appendQuoted(appendName(b, name), text)
}

func appendNumber(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(appendName(b, name), n, 10)
}

// appendTime appends a member, unless the time is zero.
func appendTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = append(appendName(b, name), '"')
	return append(t.UTC().AppendFormat(b, time.RFC3339Nano), '"')
}

// appendName appends the name of a member that isn't the first one.
func appendName(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// appendObject appends the members sorted by name, so that the same product always has the same
// encoding.
func appendObject[V any](b []byte, members map[string]V, value func([]byte, V) []byte) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, name), ':')
		b = value(b, members[name])
	}
	return append(b, '}')
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, t := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, t)
	}
	return append(b, ']')
}

// appendQuoted appends a string. Invalid UTF-8, which no index accepts, is replaced.
func appendQuoted(b []byte, text string) []byte {
	b, _ = jsontext.AppendQuote(b, text)
	return b
}
