package stripe

// minimums are the smallest amounts that Stripe charges (docs.stripe.com/currencies, "Minimum and
// maximum charge amounts"), in minor units of ISO 4217. They hold for accounts that settle in the
// same currency; Stripe converts them for others.
var minimums = map[string]int64{
	"AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
	"HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
	"SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}

// Charges implements payment.Charger.
func (p *Provider) Charges(currency string) (smallest, step int64, ok bool) {
	u := units[currency]
	step = max(u.per, u.step, 1)
	return max(minimums[currency], step), step, !u.not
}
