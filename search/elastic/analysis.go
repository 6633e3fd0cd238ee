package elastic

import (
	"fmt"
	"unicode"

	"holdfast/search/text"
)

// How Elasticsearch splits texts, in the same way as package text; a test compares the two.
// It only needs the analysis-common module.

const (
	// cjk are the letters of Chinese, Japanese and Korean, which are written without
	// spaces.
	cjk = `\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsHangul}ーｰﾞﾟ\u3099\u309A`
	// letter is a letter of another script, or a digit.
	letter = `[\p{L}\p{N}\p{M}&&[^` + cjk + `]]`
	// between holds a model number together.
	between = `\-_./+·‐‑–`
)

// compoundPattern matches a run of Chinese or Japanese, or a word with single separators in
// it. It is possessive (++): a pattern that backtracks could overflow the server's stack.
const compoundPattern = `[` + cjk + `]++|` + letter + `++(?:['’` + between + `]` + letter + `++)*+`

// isCJK checks the first letter of a token.
const isCJK = `def t = token.getTerm(); if (t.length() == 0) { return false; } int c = t.charAt(0); ` +
	`return c >= 0x2E80 && c <= 0x9FFF || c >= 0x1100 && c <= 0x11FF || c >= 0xA960 && c <= 0xA97F || ` +
	`c >= 0xAC00 && c <= 0xD7FF || c >= 0xD840 && c <= 0xD8FF || c >= 0xF900 && c <= 0xFAFF || c >= 0xFF65 && c <= 0xFFDC`

func analysis() object {
	fold := []string{"lowercase", "cjk_width", "asciifolding", "no_marks", "no_void"}
	return object{
		"char_filter": object{"plain_letters": object{"type": "mapping", "mappings": plainLetters()}},
		"tokenizer":   object{"compounds": object{"type": "pattern", "pattern": compoundPattern, "group": 0}},
		"filter": object{
			"no_marks":  object{"type": "pattern_replace", "pattern": `['\p{Mn}&&[^\u3099\u309A]]`, "replacement": ""},
			"no_void":   object{"type": "length", "min": 1},
			"pairs":     object{"type": "ngram", "min_gram": 1, "max_gram": 2},
			"cjk_pairs": object{"type": "condition", "filter": []string{"pairs"}, "script": object{"source": isCJK}},
			"parts":     object{"type": "pattern_capture", "preserve_original": true, "patterns": []string{`([^` + between + `]+)`}},
			"kinds":     object{"type": "pattern_capture", "preserve_original": true, "patterns": []string{`([^` + between + `]+)`, `(\d+)`, `([^\d` + between + `]+)`}},
			"joined":    object{"type": "pattern_replace", "pattern": `[` + between + `]`, "replacement": ""},
			"typeable":  object{"type": "length", "min": 1, "max": 64},
			"stem":      object{"type": "stemmer", "language": "porter2"},
			"once":      object{"type": "unique"},
		},
		"analyzer": object{
			"words":  analyzer("compounds", append(fold, "cjk_pairs", "kinds", "joined", "typeable", "stem", "once")),
			"starts": analyzer("compounds", append(fold, "cjk_pairs", "parts", "joined", "typeable", "once")),
			// One term that Go has split already.
			"typed": analyzer("keyword", append(fold, "typeable", "stem")),
		},
	}
}

func analyzer(tokenizer string, filters []string) object {
	return object{"type": "custom", "char_filter": []string{"plain_letters"}, "tokenizer": tokenizer, "filter": append([]string(nil), filters...)}
}

// plainLetters removes the accents of Greek and Cyrillic, and converts a few signs to
// letters: what asciifolding leaves out.
func plainLetters() []string {
	var rules []string
	for _, of := range [][2]rune{{0xAA, 0xBA}, {0x370, 0x52F}, {0x1E9A, 0x1E9B}, {0x1F00, 0x1FFF}} {
		for r := of[0]; r <= of[1]; r++ {
			if plain := text.Fold(string(r)); unicode.IsLetter(r) && plain != string(unicode.ToLower(r)) {
				rules = append(rules, fmt.Sprintf("%c=>%s", r, plain))
			}
		}
	}
	return rules
}
