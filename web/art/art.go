// Package art draws products whose pictures the shop doesn't show: a motif that suits the product's words,
// in colours and on a ground that follow from its id. The same product always looks the same.
package art

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// palettes is how many palettes the stylesheet has: .art.p0 and so on.
const palettes = 8

// grounds are drawn behind the motif, on 160 x 120.
var grounds = [...]string{
	`<circle class="g1" cx="108" cy="52" r="46"/><ellipse class="g2" cx="80" cy="112" rx="74" ry="14"/>`,
	`<path class="g1" d="M44 120V58a36 36 0 0 1 72 0v62z"/><rect class="g2" y="100" width="160" height="20"/>`,
	`<path class="g1" d="M-6 120C20 60 58 52 88 84s52 22 78-10v46z"/><circle class="g2" cx="126" cy="30" r="15"/>`,
	`<path class="g1" d="M0 120 96 0h44L44 120z"/><path class="g2" d="M84 120 160 26v42l-42 52z"/>`,
	`<rect class="g1" x="30" y="16" width="100" height="88" rx="44"/><circle class="g2" cx="36" cy="96" r="11"/><circle class="g2" cx="132" cy="26" r="7"/>`,
	`<circle class="g1" cx="52" cy="62" r="40"/><circle class="g2" cx="112" cy="70" r="28"/>`,
}

// tilts of the motif in degrees.
var tilts = [...]int{-6, -3, 0, 0, 3, 6}

// Product draws a product: see Motif for the name of what is drawn. The drawing is hidden from screen
// readers, since the title says what it is.
func Product(id, motif string) templ.Component {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	n := h.Sum32()
	palette := n >> 12 % palettes
	ground := grounds[n%uint32(len(grounds))]
	tilt := tilts[n>>4%uint32(len(tilts))]
	drawn, ok := motifs[motif]
	if !ok {
		drawn = motifs["box"]
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, `<svg class="art p%d" viewBox="0 0 160 120" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">`+
			`%s<ellipse class="shade" cx="80" cy="101" rx="34" ry="4"/><g transform="translate(80 62) rotate(%d)">%s</g></svg>`, palette, ground, tilt, drawn)
		return err
	})
}

// Motif returns the name of the motif that suits a product: the title's words count most, and in the
// title the last ones, because they name the thing.
func Motif(title, category string, tags ...string) string {
	texts := append([]string{title}, tags...)
	for i, t := range append(texts, category) {
		if name, ok := find(strings.ToLower(t), i == 0); ok {
			return name
		}
	}
	return "box"
}

// find returns the motif of a text's word, the last one if several have one.
func find(text string, last bool) (name string, ok bool) {
	best := -1
	for _, k := range keywords {
		at := indexWord(text, k.word, last)
		if at >= 0 && (best < 0 || (last && at > best)) {
			best, name, ok = at, k.motif, true
		}
	}
	return name, ok
}

// indexWord finds a word, which may be in the plural. Words of Chinese have no ends.
func indexWord(text, word string, last bool) int {
	at := strings.Index(text, word)
	if at >= 0 && last { // only then: it is much slower
		at = strings.LastIndex(text, word)
	}
	if at < 0 || word[0] >= 0x80 {
		return at
	}
	end := at + len(word)
	if at > 0 && isLetter(text[at-1]) {
		return -1
	}
	rest := text[end:]
	if rest == "" || !isLetter(rest[0]) || strings.HasPrefix(rest, "s") || strings.HasPrefix(rest, "es") {
		return at
	}
	return -1
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }
