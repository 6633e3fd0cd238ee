// Package text splits texts and queries into words, compares and marks them, the same for
// every index: what a model number is, where Chinese is split, which synonyms a word has.
// It contains no index and calls none.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

// maxTermBytes leaves out what users don't type: the ends of links, encoded data.
const maxTermBytes = 64

// compound is a stretch of text without a gap: a word, a model number with its separators
// (LA-DC52), or a run of Chinese or Japanese.
type compound struct {
	start, end int // bytes of the text
	cjk        bool
	parts      []part
}

// part is the text between two separators of a compound.
type part struct {
	start, end int
	text       string // as it stands there
}

// compounds splits a text at everything that is neither a letter nor a digit, except for a
// single separator between two of them.
func compounds(text string) []compound {
	all := make([]compound, 0, len(text)/8+1)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case cjk(r):
			end := i + runLength(text[i:], cjk)
			all = append(all, compound{i, end, true, []part{{i, end, text[i:end]}}})
			i = end
		case wordRune(r):
			c := wordCompound(text, i)
			all = append(all, c)
			i = c.end
		default:
			i += size
		}
	}
	return all
}

func wordCompound(text string, start int) compound {
	c := compound{start: start, end: start}
	for from := start; ; {
		end := from + runLength(text[from:], inPart(text, from))
		c.parts = append(c.parts, part{from, end, text[from:end]})
		c.end = end
		r, size := utf8.DecodeRuneInString(text[end:])
		next, _ := utf8.DecodeRuneInString(text[end+size:])
		if !separator(r) || !wordRune(next) || cjk(next) {
			return c
		}
		from = end + size
	}
}

// inPart returns a function that reports whether a rune continues a part: word runes, and
// an apostrophe between two of them.
func inPart(text string, from int) func(rune) bool {
	at := from
	return func(r rune) bool {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			size = 1
		}
		at += size
		if !apostrophe(r) {
			return wordRune(r) && !cjk(r)
		}
		next, _ := utf8.DecodeRuneInString(text[at:])
		return wordRune(next) && !cjk(next)
	}
}

func runLength(s string, in func(rune) bool) int {
	if i := strings.IndexFunc(s, func(r rune) bool { return !in(r) }); i >= 0 {
		return i
	}
	return len(s)
}

func cjk(r rune) bool {
	return r >= 0x1100 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) ||
		r == 'ー' || r == 'ｰ' || voiced(r))
}

// voiced reports whether a mark belongs to the Japanese syllable before it.
func voiced(r rune) bool { return strings.ContainsRune("ﾞﾟ\u3099\u309a", r) }

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

func separator(r rune) bool { return strings.ContainsRune("-_./+·‐‑–", r) }

func apostrophe(r rune) bool { return r == '\'' || r == '’' }

// Fold converts a piece of text to the form in which it is compared: no accents, no case,
// no apostrophes, full-width letters as plain ones.
func Fold(s string) string {
	if ascii(s) {
		return strings.ReplaceAll(strings.ToLower(s), "'", "")
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r) && r < 0x3000: // not the voiced mark of Japanese
		case apostrophe(r):
		case plainLetter(r) != "":
			b.WriteString(plainLetter(r))
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFC.String(b.String())
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plainLetter returns the plain form of letters that Unicode treats as letters of their
// own, but that people type without their stroke.
func plainLetter(r rune) string {
	switch r {
	case 'ß', 'ẞ':
		return "ss"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'ø', 'Ø':
		return "o"
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d"
	case 'ł', 'Ł':
		return "l"
	case 'ı':
		return "i"
	case 'þ', 'Þ':
		return "th"
	}
	return ""
}

// stem reduces an English word to what its forms have in common. A text with a digit is not
// a word and stays.
func stem(folded string) string {
	if strings.ContainsFunc(folded, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return folded
	}
	env := snowballstem.NewEnv(folded)
	english.Stem(env)
	return env.Current()
}

// kinds splits a folded part where letters and digits meet: dc52 into dc and 52. It returns
// nothing for a part of one kind.
func kinds(folded string) []string {
	var cut []string
	from := 0
	var before rune
	for i, r := range folded {
		if i > 0 && unicode.IsDigit(r) != unicode.IsDigit(before) {
			cut = append(cut, folded[from:i])
			from = i
		}
		before = r
	}
	if cut == nil {
		return nil
	}
	return append(cut, folded[from:])
}
