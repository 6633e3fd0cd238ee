package embedded

import (
	"errors"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2"
)

// vocabulary is the words of all products except those of their long texts, where a
// tolerant search looks for pieces of words: reading through the index's own dictionary
// takes ten times as long as the rest of the search. It only grows; a word that no product
// has any more finds nothing.
type vocabulary struct {
	mu    sync.RWMutex
	known map[string]struct{}
	words []string // append only, so that a reader needs no lock for what it has
}

// readVocabulary collects the words of an index that was just opened.
func readVocabulary(from bleve.Index) (v *vocabulary, err error) {
	v = &vocabulary{known: map[string]struct{}{}}
	dict, err := from.FieldDict(fieldStart)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dict.Close()) }()
	for {
		entry, err := dict.Next()
		if err != nil || entry == nil {
			return v, err
		}
		v.add(entry.Term)
	}
}

func (v *vocabulary) add(words ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range words {
		if _, there := v.known[w]; !there {
			v.known[w] = struct{}{}
			v.words = append(v.words, w)
		}
	}
}

// with lists the words that contain a piece.
func (v *vocabulary) with(piece string) []string {
	v.mu.RLock()
	words := v.words
	v.mu.RUnlock()
	var found []string
	for _, w := range words {
		if strings.Contains(w, piece) {
			found = append(found, w)
		}
	}
	return found
}
