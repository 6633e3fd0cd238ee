package order

import (
	"errors"
	"time"
)

// MaxAddressChanges bounds how often an order's address is changed.
const MaxAddressChanges = 50

// Errors of a change of address.
var (
	// ErrDelivered: all of the order was delivered.
	ErrDelivered = errors.New("the order was delivered")
	// ErrOtherRegion: taxes and shipping were priced by the country and region that the buyer
	// paid for.
	ErrOtherRegion = errors.New("a paid order can't go to another country or region")
	// ErrTooManyAddresses: the address was changed as often as it may be.
	ErrTooManyAddresses = errors.New("the order's address was changed as often as one may be")
)

// AddressChange says what a change of address means for a package.
type AddressChange string

const (
	// AddressApplied: nothing names the old address yet.
	AddressApplied AddressChange = "applied"
	// AddressRelabel: the package is still here, but its label names the old address.
	AddressRelabel AddressChange = "relabel"
	// AddressIntercept: the package is on its way, and its carrier has to be asked.
	AddressIntercept AddressChange = "intercept_requested"
	// AddressTooLate: the package is about to arrive, or has arrived.
	AddressTooLate AddressChange = "too_late"
)

// PackageAddress is what a change of address means for one package.
type PackageAddress struct {
	PackageID string        `json:"packageId"`
	Change    AddressChange `json:"addressChange"`
}

// AddressEntry is an address that an order had, and until when.
type AddressEntry struct {
	Address *Address  `json:"address"`
	Until   time.Time `json:"until"`
	Actor   string    `json:"actor"`
	Note    string    `json:"note,omitempty"`
}

// Readdress gives the packages that can still be redirected another address, and returns
// what the change means for each live one. override is for staff: it allows another
// country or region.
func (f *Fulfilment) Readdress(from, to *Address, override bool) ([]PackageAddress, error) {
	if f.At >= NodeDelivered {
		return nil, ErrDelivered
	}
	if from != nil && !override && (from.Country != to.Country || from.Region != to.Region) {
		return nil, ErrOtherRegion
	}
	var changes []PackageAddress
	for i := range f.Packages {
		p := &f.Packages[i]
		if !p.Live() {
			continue
		}
		change := p.readdress()
		if change == AddressApplied || change == AddressRelabel {
			p.Address = to
			p.Version++
		}
		changes = append(changes, PackageAddress{p.ID, change})
	}
	return changes, nil
}

// readdress returns what a change of address means for the package.
func (p *Package) readdress() AddressChange {
	switch n := p.Node(); {
	case n >= NodeOutForDelivery:
		return AddressTooLate
	case n >= NodeLeftWarehouse:
		return AddressIntercept
	case len(p.TrackingNumbers) > 0:
		return AddressRelabel
	}
	return AddressApplied
}
