package text

import (
	"strings"
	"unicode"
)

// Head returns the word of a title that names the thing: the last one without a digit
// before additional information. "Wireless Mouse MX-400, black" is a mouse, "Case for
// iPhone 13" a case, "Tablet Stand" a stand.
func Head(title string) string {
	head, end := "", 0
	for _, c := range compounds(title) {
		word := title[c.start:c.end]
		if head != "" && (endsHead(title[end:c.start]) || leadsOn(word)) {
			break
		}
		end = c.end
		if !strings.ContainsFunc(word, unicode.IsDigit) {
			head = word
		}
	}
	return head
}

// endsHead reports whether the text between two words starts something new. A hyphen does
// so only if it stands alone.
func endsHead(between string) bool {
	return strings.ContainsAny(between, ",;:|([{–—") || strings.Contains(between, " - ")
}

// leadsOn reports whether a word introduces what a thing goes with.
func leadsOn(word string) bool {
	switch strings.ToLower(word) {
	case "for", "with", "fits", "compatible":
		return true
	}
	return false
}
