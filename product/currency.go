package product

import "github.com/bojanz/currency"

// ValidCurrency reports whether s has the form of an ISO 4217 code. Records and messages of
// payment providers need only this form: a currency may be abolished after a payment in it,
// and its money still has to be counted and refunded.
func ValidCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// CurrencyExists reports whether s is a current ISO 4217 currency. With a made-up one,
// providers could not agree on minor units.
func CurrencyExists(s string) bool { return ValidCurrency(s) && currency.IsValid(s) }
