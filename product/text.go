package product

import (
	"strings"
	"unicode"
)

// CheckText adds a problem at path if a one-line text contains characters that break
// programs which show or log it: control characters, line separators, and those that
// disguise a text by overriding its direction.
func CheckText(bad *Invalid, path, text string) {
	checkText(bad, path, text, "", "must have no control characters")
}

// PlainText reports whether CheckText finds no problem in a text.
func PlainText(text string) bool {
	var bad Invalid
	CheckText(&bad, "", text)
	return len(bad) == 0
}

// CheckLines is CheckText for a text that may have line breaks and tabs.
func CheckLines(bad *Invalid, path, text string) {
	checkText(bad, path, text, "\n\r\t", "must have no control characters but line breaks and tabs")
}

func checkText(bad *Invalid, path, text, allowed, reason string) {
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return breaks(r) && !strings.ContainsRune(allowed, r) }):
		bad.Add(path, reason)
	case strings.ContainsFunc(text, overridesDirection):
		bad.Add(path, "must have no characters that override the direction of text (U+202A to U+202E, U+2066 to U+2069)")
	}
}

// breaks reports whether a character ends a line or controls a device.
func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// overridesDirection reports whether a character embeds, overrides or isolates a writing
// direction. The marks that Arabic and Hebrew texts need (U+200E, U+200F, U+061C) don't.
func overridesDirection(r rune) bool {
	return ('\u202a' <= r && r <= '\u202e') || ('\u2066' <= r && r <= '\u2069')
}
