package product_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/product"
)

func TestMetadata(t *testing.T) {
	many := func(n int) product.Metadata {
		m := product.Metadata{}
		for i := range n {
			m[fmt.Sprintf("key-%d", i)] = "v"
		}
		return m
	}
	for name, c := range map[string]struct {
		m    product.Metadata
		path string // of the only problem; empty if there is none
	}{
		"none":                    {nil, ""},
		"as an integrator has it": {product.Metadata{"erp.customer": "C-17", "gift~note": "For Ada\nwith love", "flag": ""}, ""},
		"most keys":               {many(product.MaxMetadataKeys), ""},
		"one key too many":        {many(product.MaxMetadataKeys + 1), "metadata"},
		"most bytes":              {product.Metadata{"k": strings.Repeat("x", product.MaxMetadataBytes-1)}, ""},
		"one byte too many":       {product.Metadata{"k": strings.Repeat("x", product.MaxMetadataBytes)}, "metadata"},
		"longest key":             {product.Metadata{strings.Repeat("k", 64): "v"}, ""},
		"a key too long":          {product.Metadata{strings.Repeat("k", 65): "v"}, "metadata"},
		"an empty key":            {product.Metadata{"": "v"}, "metadata"},
		"a key with a blank":      {product.Metadata{"a b": "v"}, "metadata"},
		"a key beyond ASCII":      {product.Metadata{"größe": "v"}, "metadata"},
		"NUL in a value":          {product.Metadata{"k": "\x00"}, "metadata.k"},
		"a value turned round":    {product.Metadata{"k": "\u202e"}, "metadata.k"},
		"a value not in UTF-8":    {product.Metadata{"k": "\xff"}, "metadata.k"},
		"emoji in a value":        {product.Metadata{"k": "👩‍🚀"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var bad product.Invalid
			c.m.Check(&bad)
			requireOnly(t, bad.OrNil(), c.path)
		})
	}
}

func TestReference(t *testing.T) {
	for name, c := range map[string]struct {
		reference string
		wrong     bool
	}{
		"none":          {"", false},
		"of an ERP":     {"SO/2026 #00017", false},
		"longest":       {strings.Repeat("x", product.MaxReferenceBytes), false},
		"too long":      {strings.Repeat("x", product.MaxReferenceBytes+1), true},
		"Chinese":       {"订单 17", false},
		"a line break":  {"a\nb", true},
		"a space ahead": {" a", true},
		"a space after": {"a ", true},
		"turned round":  {"a\u202eb", true},
		"not in UTF-8":  {"a\xff", true},
	} {
		t.Run(name, func(t *testing.T) {
			var bad product.Invalid
			product.CheckReference(&bad, c.reference)
			path := ""
			if c.wrong {
				path = "externalReference"
			}
			requireOnly(t, bad.OrNil(), path)
		})
	}
}

func TestMetadataThatPassesKeepsToItsLimits(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringN(0, 300, -1), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 200), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		m := product.Metadata(rapid.MapOfN(rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9._~-]{0,66}`), text), text, 0, 45).Draw(t, "metadata"))
		var bad product.Invalid
		m.Check(&bad)
		size, fine := 0, len(m) <= product.MaxMetadataKeys
		for key, value := range m {
			size += len(key) + len(value)
			fine = fine && product.ValidID(key) && utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool {
				return (unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r)) ||
					strings.ContainsRune("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r)
			})
		}
		require.Equal(t, fine && size <= product.MaxMetadataBytes, len(bad) == 0, "%v", bad)
		for _, p := range bad {
			require.LessOrEqual(t, len(p.Path), len("metadata.")+product.MaxIDBytes)
			require.True(t, utf8.ValidString(p.Path))
		}
	})
}
