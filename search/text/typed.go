package text

import (
	"strings"

	"holdfast/search"
)

// Typed is what a user has typed so far of a query.
type Typed struct {
	// Whole words, as they are compared, unstemmed: all before the last one, and the pairs
	// of the last one if it is Chinese or Japanese.
	Whole []string
	// Begin is the beginning of a word, as it is compared; empty if Whole covers
	// everything.
	Begin string
	// Last is the last word, however it is searched: empty if nothing was typed.
	Last string
	// Lead is what was typed before the last word, verbatim.
	Lead string
	// All that was typed, as it is compared.
	All string
}

// NewTyped splits what was typed.
func NewTyped(q string) Typed {
	all := compounds(q)
	if len(all) > search.MaxQueryWords {
		all = all[:search.MaxQueryWords]
	}
	if len(all) == 0 {
		return Typed{}
	}
	first, last := all[0], all[len(all)-1]
	t := Typed{Last: last.whole(), Lead: strings.ToLower(q[first.start:last.start]), All: spaced(q[first.start:])}
	for _, c := range all[:len(all)-1] {
		t.Whole = append(t.Whole, c.asTyped()...)
	}
	if last.cjk && len(characters(last)) > 1 {
		t.Whole = append(t.Whole, last.asTyped()...)
	} else {
		t.Begin = last.whole()
	}
	return t
}

// asTyped finds a compound that was typed to its end, or a run of Chinese or Japanese by
// all of its characters and pairs.
func (c compound) asTyped() []string {
	if !c.cjk {
		if w := c.whole(); w != "" {
			return []string{w}
		}
		return nil
	}
	var all []string
	for _, t := range cjkTokens(c) {
		all = append(all, t.folded)
	}
	return all
}

// Length is the number of words in a title.
func Length(title string) int { return len(compounds(title)) }

// shownAs separates the form of a suggestion that is compared with what was typed from the
// text that is shown.
const shownAs = "\x1f"

// Shown returns the shown text of a suggestion.
func Shown(say string) string {
	_, shown, _ := strings.Cut(say, shownAs)
	return shown
}

// SayWords are the words of a title that can be suggested.
func SayWords(title string) []string {
	var all []string
	for _, c := range compounds(title) {
		if c.cjk {
			continue // a run is not a word
		}
		shown := strings.ToLower(title[c.start:c.end])
		w := Word{Typed: Fold(shown)}
		if w.Typed != "" && len(w.Typed) <= maxTermBytes && !w.stopWord() {
			all = append(all, plain(w.Typed)+shownAs+shown)
		}
	}
	return all
}

// SayWhole lets a value be completed from the beginning of any of its words: The North Face
// by "the n" and by "north".
func SayWhole(value string) []string {
	if len(value) > search.MaxValueBytes {
		return nil
	}
	var all []string
	for _, c := range compounds(value) {
		all = append(all, spaced(value[c.start:])+shownAs+value)
	}
	return all
}

// spaced returns a text in the form in which it is compared as a whole: folded, single
// blanks.
func spaced(text string) string { return strings.Join(strings.Fields(Fold(text)), " ") }
