package product

import "github.com/bojanz/currency"

// ValidCurrency reports whether s has the form of an ISO 4217 code. What is on record and
// what payment providers say is held to the form alone: a currency may be abolished after
// it was paid in, and its money still has to be counted and paid back.
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

// CurrencyExists reports whether s is a currency of ISO 4217 that prices can be in now. A
// made-up one would have no minor units that a provider could agree on.
func CurrencyExists(s string) bool { return ValidCurrency(s) && currency.IsValid(s) }
