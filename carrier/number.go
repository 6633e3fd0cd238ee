package carrier

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Number is a tracking number of one adapter. It must be normalized.
type Number struct {
	Adapter string `json:"carrier"`
	Number  string `json:"trackingNumber"`
}

// Owner is a package with a tracking number.
type Owner struct {
	OrderID string `json:"orderId"`
	// PlacedAt of the order, because an order id may be reused.
	PlacedAt  time.Time `json:"placedAt"`
	PackageID string    `json:"packageId"`
	CreatedAt time.Time `json:"-"` // of the package
}

// Owned is the result of giving a number to a package.
type Owned struct {
	Number
	// Scans are those that the package's workflow doesn't have yet, sorted by when they
	// occurred. They wait until they are taken.
	Scans []order.PackageEvent
	// Err is an ErrTooManyOwners if the number has as many owners as possible.
	Err error
}

// ErrTooManyOwners is the error for a number that as many packages as possible have already.
var ErrTooManyOwners = errors.New("the tracking number already belongs to the maximum number of packages")

// NewNumber normalizes a tracking number of an adapter. It reports whether both are valid.
func NewNumber(adapter, number string) (Number, bool) {
	normal, ok := NormalizeNumber(number)
	return Number{Adapter: adapter, Number: normal}, ok && product.ValidID(adapter)
}

// Check returns an error if no package can have the number.
func (n Number) Check() error {
	if normal, ok := NewNumber(n.Adapter, n.Number); !ok || normal != n {
		return fmt.Errorf("%q of %q can't be a tracking number", n.Number, n.Adapter)
	}
	return nil
}

// Length of a normalized tracking number. Those of carriers have 8 to 40 characters.
const (
	minNumber = 4
	maxNumber = 50
)

// NormalizeNumber returns a tracking number in upper case, without the spaces, dots and hyphens that
// people use to separate groups. It reports whether the result is valid: 4 to 50 letters and digits.
func NormalizeNumber(number string) (string, bool) {
	normal := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", ".", "").Replace(number))
	if len(normal) < minNumber || len(normal) > maxNumber {
		return "", false
	}
	for _, c := range normal {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "", false
		}
	}
	return normal, true
}
