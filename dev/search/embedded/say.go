package embedded

import (
	"strings"

	"holdfast/search"
)

// What is suggested is kept as the form that is compared with what was typed, and
// behind this separator the text as it is shown.
const shownAs = "\x1f"

// suggestions lets a product be counted for what it would say.
func (r record) suggestions(p search.Product) {
	var titleWords []string
	for _, c := range compounds(p.Title) {
		if c.cjk {
			continue // a run is no word
		}
		shown := strings.ToLower(p.Title[c.start:c.end])
		w := word{typed: fold(shown)}
		if w.typed != "" && len(w.typed) <= maxTermBytes && !stopWord(w) {
			titleWords = append(titleWords, plain(w.typed)+shownAs+shown)
		}
	}
	r.counted(sayWord, titleWords...)
	r.counted(sayBrand, wholeSays(p.Brand)...)
	r.counted(sayCategory, wholeSays(p.Category)...)
}

// starts lists the words of the texts as they are typed: unstemmed, a model number
// whole and in its parts.
func starts(texts ...string) []string {
	var all []string
	for _, text := range texts {
		for _, c := range compounds(text) {
			all = append(all, c.starts()...)
		}
	}
	return all
}

func (c compound) starts() []string {
	if c.cjk {
		var all []string
		for _, t := range cjkTokens(c) {
			all = append(all, t.term)
		}
		return all
	}
	var all []string
	for _, p := range c.parts {
		all = append(all, fit(fold(p.text))...)
	}
	return append(all, fit(c.whole())...)
}

// whole is a compound as it is typed, without its separators.
func (c compound) whole() string {
	var whole strings.Builder
	for _, p := range c.parts {
		whole.WriteString(fold(p.text))
	}
	return whole.String()
}

func fit(term string) []string {
	if term == "" || len(term) > maxTermBytes {
		return nil
	}
	return []string{term}
}

// wholeSays lets a value be completed from the beginning of any of its words: The
// North Face by "the n" and by "north".
func wholeSays(value string) []string {
	if len(value) > search.MaxValueBytes {
		return nil
	}
	var all []string
	for _, c := range compounds(value) {
		all = append(all, spaced(value[c.start:])+shownAs+value)
	}
	return all
}

// spaced is a text as it is compared as a whole: folded, single blanks.
func spaced(text string) string { return strings.Join(strings.Fields(fold(text)), " ") }
