package order

// Money says whether an installation takes real money or pretends to.
type Money string

const (
	// MoneyPretend means the sandbox, or a provider's test key: no money moves.
	MoneyPretend Money = "sandbox"
	// MoneyReal means a live key.
	MoneyReal Money = "live"
)

// Conflicts reports whether one of the two is real and the other isn't. An unknown one
// conflicts with nothing.
func (m Money) Conflicts(other Money) bool { return m != "" && other != "" && m != other }
