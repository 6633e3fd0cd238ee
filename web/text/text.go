// Package text is what the pages say, in each language: messages from catalogues, and money, numbers
// and times as the language writes them. It knows no page.
package text

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // an image without a system has no time zones

	"github.com/bojanz/currency"
	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// Languages are the languages of the pages, the default first.
var Languages = []string{"en", "zh"}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Chinese})

var catalogues = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, lang := range Languages {
		messages := map[string]string{}
		for _, name := range []string{lang + ".json", "console-" + lang + ".json"} {
			b, err := files.ReadFile(name)
			if err != nil {
				panic(err) // it is embedded
			}
			if err := json.Unmarshal(b, &messages); err != nil {
				panic(fmt.Errorf("%s: %w", name, err)) // a test reads it
			}
		}
		all[lang] = messages
	}
	return all
})

// Match returns the language for a browser: the chosen one, if it is one of ours, or else what its
// Accept-Language header prefers.
func Match(chosen, accepted string) string {
	if slices.Contains(Languages, chosen) {
		return chosen
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil || len(tags) == 0 {
		return Languages[0]
	}
	_, i, _ := matcher.Match(tags...)
	return Languages[i]
}

// Printer writes for one reader. It is safe for concurrent use.
type Printer struct {
	lang     string
	zone     *time.Location
	messages map[string]string
	money    *currency.Formatter
	now      func() time.Time
}

// New returns a printer for a language and a time zone.
func New(lang string, zone *time.Location) *Printer {
	if zone == nil {
		zone = time.UTC
	}
	f := currency.NewFormatter(currency.NewLocale(lang))
	return &Printer{lang: lang, zone: zone, messages: catalogues()[lang], money: f, now: time.Now}
}

// Lang returns the language, for the lang attribute.
func (p *Printer) Lang() string { return p.lang }

// T returns a message. The arguments are names and values of its {placeholders} in turn. A missing
// message is its own key, which a test keeps from happening.
func (p *Printer) T(key string, args ...any) string {
	message, ok := p.messages[key]
	if !ok {
		return key
	}
	return fill(message, args)
}

// Has reports whether there is a message, for keys that are made of the API's open lists.
func (p *Printer) Has(key string) bool {
	_, ok := p.messages[key]
	return ok
}

// Or is T for keys that are made of the API's open lists, with another message for unknown values.
func (p *Printer) Or(key, other string, args ...any) string {
	if p.Has(key) {
		return p.T(key, args...)
	}
	return p.T(other, args...)
}

// N returns the message for a number: key.one for 1, where the language has that, otherwise key.other,
// with {n}.
func (p *Printer) N(key string, n int64, args ...any) string {
	form := key + ".other"
	if n == 1 && p.Has(key+".one") {
		form = key + ".one"
	}
	return p.T(form, append([]any{"n", p.Number(n)}, args...)...)
}

func fill(message string, args []any) string {
	if len(args) == 0 || !strings.Contains(message, "{") {
		return message
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(message)
}

// Money returns an amount of minor units with its currency. An unknown currency is shown as its code.
func (p *Printer) Money(amount int64, code string) string {
	a, err := currency.NewAmountFromInt64(amount, code)
	if err != nil {
		return strings.TrimSpace(strconv.FormatInt(amount, 10) + " " + code)
	}
	return p.money.Format(a)
}

// Number returns a number with separators.
func (p *Printer) Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Percent returns basis points as a percentage.
func (p *Printer) Percent(basisPoints int64) string {
	return strconv.FormatFloat(float64(basisPoints)/100, 'f', -1, 64) + "%"
}
