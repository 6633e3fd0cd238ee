package text

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/search"
)

// The size in bytes of the shown pieces of a long text, before and after the first match,
// and their maximum number.
const (
	pieceBefore = 60
	pieceBehind = 120
	maxPieces   = 2
)

// Highlighter marks what a search found in a product's texts.
type Highlighter struct {
	found func(token) bool
}

// NewHighlighter marks what the clauses of a query found; tolerant if the search was.
func NewHighlighter(clauses []Clause, tolerant bool) Highlighter {
	return Highlighter{allow(clauses, tolerant)}
}

// Product returns the marked pieces of a product's texts by field, nil if nothing was found
// in them.
func (h Highlighter) Product(p search.Product) map[string][]string {
	var marked map[string][]string
	if spans := h.spans(p.Title); len(spans) > 0 {
		marked = map[string][]string{"title": {mark(p.Title, span{0, len(p.Title)}, spans)}}
	}
	if pieces := h.pieces(p.Description); len(pieces) > 0 {
		if marked == nil {
			marked = map[string][]string{}
		}
		marked["description"] = pieces
	}
	return marked
}

// span is a stretch of a text, in bytes.
type span struct{ start, end int }

// spans are the matching stretches, in order, none touching another.
func (h Highlighter) spans(text string) []span {
	var all []span
	for _, t := range tokens(text) {
		if h.found(t) {
			all = add(all, span{t.start, t.end})
		}
	}
	return all
}

// add keeps the list sorted and merges stretches that touch.
func add(all []span, s span) []span {
	for len(all) > 0 && all[len(all)-1].end >= s.start && all[len(all)-1].start <= s.end {
		last := all[len(all)-1]
		all, s = all[:len(all)-1], span{min(last.start, s.start), max(last.end, s.end)}
	}
	return append(all, s)
}

// pieces extracts the surroundings of the matches from a long text.
func (h Highlighter) pieces(text string) []string {
	spans := h.spans(text)
	var pieces []string
	end := 0
	for _, s := range spans {
		if s.start < end {
			continue
		}
		if len(pieces) == maxPieces {
			break
		}
		window := span{max(end, wordStart(text, s.start-pieceBefore)), wordEnd(text, s.start+pieceBehind)}
		window.end = max(window.end, s.end)
		pieces = append(pieces, mark(text, window, spans))
		end = window.end
	}
	return pieces
}

// wordStart moves forward to a blank, where a piece may begin.
func wordStart(text string, at int) int {
	if at <= 0 {
		return 0
	}
	for !utf8.RuneStart(text[at]) {
		at++
	}
	if i := strings.IndexFunc(text[at:min(len(text), at+pieceBefore/2)], unicode.IsSpace); i >= 0 {
		return at + i
	}
	return at
}

// wordEnd moves back to a blank, where a piece may end.
func wordEnd(text string, at int) int {
	if at >= len(text) {
		return len(text)
	}
	for !utf8.RuneStart(text[at]) {
		at--
	}
	if i := strings.LastIndexFunc(text[at-pieceBefore/2:at], unicode.IsSpace); i >= 0 {
		return at - pieceBefore/2 + i
	}
	return at
}

// mark escapes a piece of the text for HTML and puts <em> around the stretches in it.
func mark(text string, piece span, spans []span) string {
	var b strings.Builder
	at := piece.start
	for _, s := range spans {
		if s.start < at || s.end > piece.end {
			continue
		}
		b.WriteString(html.EscapeString(text[at:s.start]))
		b.WriteString("<em>" + html.EscapeString(text[s.start:s.end]) + "</em>")
		at = s.end
	}
	b.WriteString(html.EscapeString(text[at:piece.end]))
	return strings.TrimSpace(b.String())
}
