package order

// Money says what a payment is worth where it is taken, as an installation is set.
type Money string

const (
	// MoneyPretend: the sandbox, or a provider's test key. No money moves.
	MoneyPretend Money = "sandbox"
	// MoneyReal: a live key.
	MoneyReal Money = "live"
)

// Conflicts reports whether one of the two is real and the other one isn't. Where nothing
// is known of one of them, they don't.
func (m Money) Conflicts(other Money) bool { return m != "" && other != "" && m != other }
