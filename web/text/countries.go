package text

import (
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country is a country of ISO 3166-1 with its name.
type Country struct{ Code, Name string }

var countries = sync.OnceValue(func() map[string][]Country {
	all := map[string][]Country{}
	for _, lang := range Languages {
		tag := language.Make(lang)
		names := display.Regions(tag)
		var list []Country
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				code := string([]rune{a, b})
				r, err := language.ParseRegion(code)
				if err != nil || !r.IsCountry() || r.String() != code || r.Canonicalize() != r {
					continue
				}
				if name := names.Name(r); name != "" {
					list = append(list, Country{code, name})
				}
			}
		}
		c := collate.New(tag)
		slices.SortFunc(list, func(a, b Country) int { return c.CompareString(a.Name, b.Name) })
		all[lang] = list
	}
	return all
})

// Countries lists all countries, by their names in the reader's language.
func (p *Printer) Countries() []Country { return countries()[p.lang] }

// Country returns the name of a country, or what was given if it is none.
func (p *Printer) Country(code string) string {
	for _, c := range p.Countries() {
		if strings.EqualFold(c.Code, code) {
			return c.Name
		}
	}
	return code
}

// CountryOf guesses a browser's country from its Accept-Language header; empty if that names none.
func CountryOf(accepted string) string {
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return ""
	}
	for _, t := range tags {
		if r, sure := t.Region(); sure == language.Exact {
			return r.String()
		}
	}
	return ""
}
