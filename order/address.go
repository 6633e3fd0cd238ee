package order

import (
	"errors"
	"strings"
	"time"
)

// MaxAddressChanges limits how often an order's address may be changed.
const MaxAddressChanges = 50

// maxOwnAddressChanges is how many of them customers may make, so that some are left for staff.
const maxOwnAddressChanges = 40

// Errors of a change of address.
var (
	// ErrDelivered means that the whole order was delivered.
	ErrDelivered = errors.New("the order was delivered")
	// ErrOtherRegion means that taxes and shipping were calculated for the country and region of the old
	// address, or that the order is paid.
	ErrOtherRegion = errors.New("the order was priced for another country or region")
	// ErrErased means that the person who placed the order was erased, and the address with them.
	ErrErased = errors.New("the order was erased and takes no address any more")
	// ErrTooManyAddresses means that MaxAddressChanges is reached.
	ErrTooManyAddresses = errors.New("the order's address has already been changed the maximum number of times")
)

// AddressChange says how a change of address affects a package.
type AddressChange string

const (
	// AddressApplied: the old address isn't on any label yet.
	AddressApplied AddressChange = "applied"
	// AddressRelabel: the package is still in the warehouse, but its label has the old address.
	AddressRelabel AddressChange = "relabel"
	// AddressIntercept: the package is on its way, and its carrier has to be asked.
	AddressIntercept AddressChange = "intercept_requested"
	// AddressTooLate: the package is about to arrive, or has arrived.
	AddressTooLate AddressChange = "too_late"
)

// PackageAddress says how a change of address affects one package.
type PackageAddress struct {
	PackageID string        `json:"packageId"`
	Change    AddressChange `json:"addressChange"`
}

// AddressEntry is an address that an order had, and until when.
type AddressEntry struct {
	Address *Address  `json:"address,omitempty"` // nil once the order is erased
	Until   time.Time `json:"until"`
	Actor   string    `json:"actor"`
	Note    string    `json:"note,omitempty"`
}

// Readdress changes the address of the packages that can still be redirected, and returns how the
// change affects each live one. override, which is for staff, allows another country or region.
func (f *Fulfilment) Readdress(from, to *Address, override bool) ([]PackageAddress, error) {
	if f.AllDelivered() {
		return nil, ErrDelivered
	}
	if from != nil && !override && !from.sameRegion(to) {
		return nil, ErrOtherRegion
	}
	var changes []PackageAddress
	for i := range f.Packages {
		p := &f.Packages[i]
		if !p.Live() {
			continue
		}
		change := p.readdress()
		p.AddressChange = change
		if change == AddressApplied || change == AddressRelabel {
			p.Address = to
		}
		p.Version++
		changes = append(changes, PackageAddress{p.ID, change})
	}
	return changes, nil
}

// Readdress sends the order to another address. Before the payment any address will do to which the
// order costs the same; for later changes see Fulfilment.Readdress. own is whether the customer asks
// for it.
func (o *Order) Readdress(to *Address, override, own bool, actor, note string, at time.Time) ([]PackageAddress, error) {
	if !o.ErasedAt.IsZero() {
		return nil, ErrErased
	}
	if len(o.Addresses) >= MaxAddressChanges || (own && len(o.Addresses) >= maxOwnAddressChanges) {
		return nil, ErrTooManyAddresses
	}
	if !override && !o.pricedFor(to) {
		return nil, ErrOtherRegion
	}
	var packages []PackageAddress
	if o.Fulfilment != nil {
		var err error
		if packages, err = o.Fulfilment.Readdress(o.Address, to, override); err != nil {
			return nil, err
		}
	}
	if o.Address != nil {
		o.Addresses = append(o.Addresses, AddressEntry{Address: o.Address, Until: at.UTC(), Actor: actor, Note: note})
	}
	o.Address = to
	o.Step("address_changed", actor, at, nil)
	return packages, nil
}

// pricedFor reports whether the order's taxes and shipping were priced for this address, or don't
// depend on it.
func (o *Order) pricedFor(to *Address) bool {
	switch {
	case o.Pricing == nil || o.Pricing.Destination == nil:
		return true
	case o.Address != nil:
		return o.Address.sameRegion(to)
	}
	priced := o.Pricing.Destination
	home := Address{Country: priced.Country, Region: priced.Region}
	if priced.AnyRegion {
		home.Region = to.Region
	}
	return home.Country != "" && home.sameRegion(to)
}

// Normal returns the address with its country as NormalCountry has it; nil stays nil.
func (a *Address) Normal() *Address {
	if a == nil {
		return nil
	}
	n := *a
	n.Country = NormalCountry(a.Country)
	return &n
}

// sameRegion reports whether both addresses are in the same country and region, however these are
// written. Earlier versions stored countries as they were sent.
func (a *Address) sameRegion(b *Address) bool {
	return NormalCountry(a.Country) == NormalCountry(b.Country) &&
		FoldRegion(a.Region) == FoldRegion(b.Region)
}

// FoldRegion returns a region as regions are compared: people type them.
func FoldRegion(region string) string { return strings.ToUpper(strings.TrimSpace(region)) }

// readdress returns how a change of address affects the package.
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
