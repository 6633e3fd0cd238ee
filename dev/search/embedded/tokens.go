package embedded

import (
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
)

// token is one term that a stretch of text is found by.
type token struct {
	term       string
	start, end int
	// word as it stands there, folded; empty where the term is a part of one.
	word string
}

// tokens lists every term that a text is found by: the stem of each word, a model
// number whole and in its parts, single characters and pairs of Chinese and
// Japanese.
func tokens(text string) []token {
	var all []token
	for _, c := range compounds(text) {
		if c.cjk {
			all = append(all, cjkTokens(c)...)
		} else {
			all = append(all, wordTokens(c)...)
		}
	}
	return all
}

func wordTokens(c compound) []token {
	var all []token
	add := func(term, word string, start, end int) {
		if term != "" && len(term) <= maxTermBytes {
			all = append(all, token{term, start, end, word})
		}
	}
	for _, p := range c.parts {
		folded := fold(p.text)
		add(stem(folded), folded, p.start, p.end)
		for _, k := range kinds(folded) {
			add(stem(k), "", p.start, p.end)
		}
	}
	if len(c.parts) > 1 {
		add(c.joined(), c.whole(), c.start, c.end)
	}
	return all
}

// joined is the term of the compound without its separators.
func (c compound) joined() string { return stem(c.whole()) }

// cjkTokens gives single characters beside the pairs, for who looks for a single
// one.
func cjkTokens(c compound) []token {
	single := characters(c)
	all := single
	for i := 1; i < len(single); i++ {
		all = append(all, pair(single[i-1], single[i]))
	}
	return all
}

func pair(a, b token) token { return token{a.term + b.term, a.start, b.end, a.term + b.term} }

// characters are the runes of a run as they are compared: a half-width syllable
// and its mark become one.
func characters(c compound) []token {
	text := c.parts[0].text
	var all []token
	for i := 0; i < len(text); {
		_, size := utf8.DecodeRuneInString(text[i:])
		if mark, n := utf8.DecodeRuneInString(text[i+size:]); voiced(mark) {
			size += n
		}
		folded := fold(text[i : i+size])
		all = append(all, token{folded, c.start + i, c.start + i + size, folded})
		i += size
	}
	return all
}

// textAnalyzer lets bleve index the terms of a text. Where they stand doesn't
// matter: what is highlighted is found in the document's own text.
type textAnalyzer struct{}

func (textAnalyzer) Analyze(input []byte) analysis.TokenStream {
	found := tokens(string(input))
	stream := make(analysis.TokenStream, len(found))
	for i, t := range found {
		stream[i] = &analysis.Token{Term: []byte(t.term), Start: t.start, End: t.end, Position: i + 1}
	}
	return stream
}
