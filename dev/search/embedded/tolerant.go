package embedded

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The shortest beginning, and the shortest piece from the middle of a word, that a
// tolerant search takes for the word. Longer ones than maxPart are no words.
const (
	minBeginning = 3
	minPiece     = 4
	maxPart      = 24
)

// nearness is what a tolerant search takes for one word that was typed. It looks
// at words as they stand in a text, since a stem may be far from a typo.
type nearness struct {
	typed     string
	beginning bool // a word may begin with it
	piece     bool // a word may contain it
	bends     int  // so many letters may be wrong
	// apart are the two characters of a pair of Chinese or Japanese, which need not
	// stand side by side.
	apart []string
}

func (w word) nearness() nearness {
	if w.cjk {
		return nearness{apart: w.apart}
	}
	n := nearness{typed: plain(w.typed), bends: w.bends()}
	size := utf8.RuneCountInString(n.typed)
	n.beginning = size >= minBeginning && size <= maxPart
	n.piece = size >= minPiece && size <= maxPart
	return n
}

// plain leaves out the separators of a model number.
func plain(typed string) string {
	return strings.Map(func(r rune) rune {
		if wordRune(r) {
			return r
		}
		return -1
	}, typed)
}

// has tells whether the word of a text is taken for the one that was typed.
func (n nearness) has(word string) bool {
	return n.beginning && strings.HasPrefix(word, n.typed) ||
		n.piece && strings.Contains(word, n.typed) ||
		n.bends > 0 && distance(n.typed, word, n.bends) <= n.bends ||
		slices.Contains(n.apart, word)
}

// distance counts the letters that are wrong, missing, too many or swapped with
// their neighbour. Above most it only says so.
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
