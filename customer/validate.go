package customer

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"unicode/utf8"

	"holdfast/order"
	"holdfast/product"
)

const badID = "must match [A-Za-z0-9._~-]{1,64}"

// Validate lists everything that is wrong with the change.
func (c Change) Validate() error {
	var bad product.Invalid
	if !ValidID(c.ID) {
		bad.Add("id", badID+" and not be "+reserved)
	}
	if c.Profile != nil {
		c.Profile.check(&bad)
	}
	if c.Standing != nil {
		c.Standing.check(&bad)
	}
	return bad.OrNil()
}

func (p *Profile) check(bad *product.Invalid) {
	checkText(bad, "name", p.Name, MaxNameBytes)
	checkEmail(bad, p.Email)
	checkText(bad, "phone", p.Phone, MaxPhoneBytes)
	p.checkAddresses(bad)
	if doc, err := json.Marshal(p); err != nil || len(doc) > MaxProfileBytes {
		bad.Add("addresses", fmt.Sprintf("all fields together must fit %d bytes as JSON", MaxProfileBytes))
	}
}

func (p *Profile) checkAddresses(bad *product.Invalid) {
	if len(p.Addresses) > MaxAddresses {
		bad.Add("addresses", fmt.Sprintf("must have at most %d", MaxAddresses))
		return
	}
	seen := map[string]bool{}
	for i := range p.Addresses {
		a := &p.Addresses[i]
		at := "addresses[" + strconv.Itoa(i) + "]"
		switch {
		case !product.ValidID(a.ID):
			bad.Add(at+".id", badID)
		case seen[a.ID]:
			bad.Add(at+".id", "appears twice")
		}
		seen[a.ID] = true
		a.ValidateAt(bad, at)
		if code := order.NormalCountry(a.Country); len(code) == 2 && !order.CountryExists(code) {
			bad.Add(at+".country", "must be a country of ISO 3166-1 such as DE")
		}
	}
	if p.DefaultAddress != "" && !seen[p.DefaultAddress] {
		bad.Add("defaultAddress", "must be the id of one of the addresses")
	}
}

func (s *Standing) check(bad *product.Invalid) {
	if s.Level < 0 || s.Level > MaxLevel {
		bad.Add("level", fmt.Sprintf("must lie between 0 and %d", MaxLevel))
	}
	s.Metadata.Check(bad)
	product.CheckReference(bad, s.ExternalReference)
}

func checkText(bad *product.Invalid, path, text string, most int) {
	if len(text) > most {
		bad.Add(path, fmt.Sprintf("at most %d bytes", most))
	}
	if !utf8.ValidString(text) {
		bad.Add(path, "must be UTF-8")
		return
	}
	product.CheckText(bad, path, text)
}

// checkEmail checks the form of an address, which may be empty. Only a message that arrives
// proves that it exists.
func checkEmail(bad *product.Invalid, email string) {
	known := len(*bad)
	checkText(bad, "email", email, MaxEmailBytes)
	if email == "" || len(*bad) > known {
		return
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || strings.ContainsAny(email, " []\"") { // a name beside it, a literal address, a quoted text
		bad.Add("email", "must be an e-mail address such as ada@example.com")
	}
}
