package stripe

import (
	"fmt"
	"math"
	"strings"

	"holdfast/order"
	"holdfast/product"
)

// unit is how Stripe counts a currency, if that isn't in the minor unit of ISO 4217, which
// is ours.
type unit struct {
	// times is for currencies that Stripe counts in smaller units, per for larger ones.
	times, per int64
	// step means that Stripe accepts only multiples of it.
	step int64
	// not means that Stripe doesn't document how it counts the currency.
	not bool
}

// units are the exceptions that Stripe documents (docs.stripe.com/currencies, "Minor units
// in API amounts", "Zero-decimal", "Three-decimal", "Special cases").
var units = map[string]unit{
	// No decimals, but written with two for compatibility with old integrations.
	"ISK": {times: 100},
	"UGX": {times: 100},
	// ISO 4217 gives the ariary two decimals, Stripe none.
	"MGA": {per: 100},
	// Three decimals, the last of which has to be 0.
	"BHD": {step: 10},
	"JOD": {step: 10},
	"KWD": {step: 10},
	"OMR": {step: 10},
	"TND": {step: 10},
	// Neither two decimals nor on one of Stripe's lists: a wrong guess would be off by a
	// factor of 10 or 100.
	"CLF": {not: true},
	"IQD": {not: true},
	"LYD": {not: true},
	"UYI": {not: true},
	"UYW": {not: true},
}

// toStripe converts an amount of ours to Stripe's. What doesn't fit is refused here: Stripe
// would charge another amount.
func toStripe(amount int64, currency string) (int64, error) {
	u := units[currency]
	switch {
	case !product.ValidCurrency(currency):
		return 0, refusal("the currency is not an ISO 4217 code")
	case amount < 1:
		return 0, refusal("the amount is not above 0")
	case u.not:
		return 0, refusal(currency + " is not supported")
	case u.times > 0 && amount > math.MaxInt64/u.times:
		return 0, refusal("the amount is too large")
	case u.times > 0:
		return amount * u.times, nil
	case u.per > 0 && amount%u.per != 0:
		return 0, refusal(fmt.Sprintf("%s is taken in whole units only", currency))
	case u.per > 0:
		return amount / u.per, nil
	case u.step > 0 && amount%u.step != 0:
		return 0, refusal(fmt.Sprintf("the last digit of an amount in %s has to be 0", currency))
	}
	return amount, nil
}

// fromStripe converts back, with the currency in our spelling.
func fromStripe(amount int64, currency string) (int64, string, error) {
	currency = strings.ToUpper(currency)
	u := units[currency]
	switch {
	case u.times > 0 && amount%u.times != 0:
		return 0, currency, fmt.Errorf("stripe's amount %d %s is a fraction of the smallest unit", amount, currency)
	case u.times > 0:
		return amount / u.times, currency, nil
	case u.per > 0 && amount > math.MaxInt64/u.per:
		return 0, currency, fmt.Errorf("stripe's amount %d %s is too large", amount, currency)
	case u.per > 0:
		return amount * u.per, currency, nil
	}
	return amount, currency, nil
}

func refusal(reason string) *order.RefusalError {
	return &order.RefusalError{Provider: Name, Reason: reason}
}
