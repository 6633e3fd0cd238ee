package text

import (
	"strings"
	"unicode/utf8"
)

// token is what a stretch of text is found by.
type token struct {
	folded     string // unstemmed: few of the words of a text need their stem
	start, end int
	// word as it is in the text, folded; empty if the term is a part of one.
	word string
}

// tokens lists everything that a text is found by: each word, a model number whole and in
// its parts, single characters and pairs of Chinese and Japanese.
func tokens(text string) []token {
	cut := compounds(text)
	all := make([]token, 0, len(cut)+len(cut)/4)
	for _, c := range cut {
		if c.cjk {
			all = append(all, cjkTokens(c)...)
		} else {
			all = addWordTokens(all, c)
		}
	}
	return all
}

func addWordTokens(all []token, c compound) []token {
	add := func(folded, word string, start, end int) {
		if folded != "" && len(folded) <= maxTermBytes {
			all = append(all, token{folded, start, end, word})
		}
	}
	for _, p := range c.parts {
		folded := Fold(p.text)
		add(folded, folded, p.start, p.end)
		for _, k := range kinds(folded) {
			add(k, "", p.start, p.end)
		}
	}
	if len(c.parts) > 1 {
		whole := c.whole()
		add(whole, whole, c.start, c.end)
	}
	return all
}

// whole is a compound as it is typed, without its separators.
func (c compound) whole() string {
	if len(c.parts) == 1 {
		return Fold(c.parts[0].text)
	}
	var whole strings.Builder
	for _, p := range c.parts {
		whole.WriteString(Fold(p.text))
	}
	return whole.String()
}

// cjkTokens returns single characters besides the pairs, for searches for a single one.
func cjkTokens(c compound) []token {
	single := characters(c)
	all := single
	for i := 1; i < len(single); i++ {
		a, b := single[i-1], single[i]
		all = append(all, token{a.folded + b.folded, a.start, b.end, a.folded + b.folded})
	}
	return all
}

// characters are the runes of a run as they are compared: a half-width syllable and its
// mark become one.
func characters(c compound) []token {
	text := c.parts[0].text
	var all []token
	for i := 0; i < len(text); {
		_, size := utf8.DecodeRuneInString(text[i:])
		if mark, n := utf8.DecodeRuneInString(text[i+size:]); voiced(mark) {
			size += n
		}
		folded := Fold(text[i : i+size])
		all = append(all, token{folded, c.start + i, c.start + i + size, folded})
		i += size
	}
	return all
}

// Stems is everything that a text is found by, as an index stores it: each word's stem, a
// model number whole and in its parts, single characters and pairs of Chinese and Japanese.
func Stems(text string) []string {
	found := tokens(text)
	all := make([]string, len(found))
	for i, t := range found {
		all[i] = stem(t.folded)
	}
	return all
}

// Starts are the words of texts as they are, unstemmed, for searches for beginnings, pieces
// and typos of them.
func Starts(texts ...string) []string {
	var all []string
	for _, text := range texts {
		for _, t := range tokens(text) {
			if t.word != "" {
				all = append(all, t.word)
			}
		}
	}
	return all
}
