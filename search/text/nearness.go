package text

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The shortest beginning, and the shortest piece from the middle of a word, that a tolerant
// search accepts for the word. Texts longer than maxPart are not words.
const (
	minBeginning = 3
	minPiece     = 4
	maxPart      = 24
)

// Nearness is what a tolerant search accepts for one typed word. It compares unstemmed
// words, since a stem may be far from a typo.
type Nearness struct {
	Text      string
	Beginning bool // a word may begin with it
	Piece     bool // a word may contain it
	Bends     int  // this many letters may be wrong
	// Apart are the two characters of a pair of Chinese or Japanese, which need not be
	// adjacent.
	Apart []Term
}

// Nearness returns what is accepted for the word.
func (w Word) Nearness() Nearness {
	if w.cjk {
		return Nearness{Apart: w.apart}
	}
	n := Nearness{Text: plain(w.Typed), Bends: w.bends()}
	size := utf8.RuneCountInString(n.Text)
	n.Beginning = size >= minBeginning && size <= maxPart
	n.Piece = size >= minPiece && size <= maxPart
	return n
}

// plain removes the separators of a model number.
func plain(typed string) string {
	return strings.Map(func(r rune) rune {
		if wordRune(r) {
			return r
		}
		return -1
	}, typed)
}

// has reports whether a word of a text is accepted for the typed one.
func (n Nearness) has(word string) bool {
	return n.Beginning && strings.HasPrefix(word, n.Text) ||
		n.Piece && strings.Contains(word, n.Text) ||
		n.Bends > 0 && distance(n.Text, word, n.Bends) <= n.Bends ||
		slices.ContainsFunc(n.Apart, func(t Term) bool { return t.Text == word })
}

// distance counts the letters that are wrong, missing, added or swapped with their
// neighbour. Above most the exact number doesn't matter.
func distance(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d > most || -d > most {
		return most + 1
	}
	before, above, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}
