package main

import (
	"cmp"
	"strconv"
)

// orderLimitFlags keep one customer from sitting on a stock. Each is a number, or the word
// unlimited. With authentication off anybody may name any customer, so that limits would
// keep nobody from anything: there they are off unless they are set.
type orderLimitFlags struct {
	OpenOrders    string `name:"max-open-orders" env:"HOLDFAST_MAX_OPEN_ORDERS" placeholder:"N" help:"Orders of one customer that may hold stock and wait for their payment at a time, or unlimited. Default: 20; with authentication off unlimited (${env})."`
	Units         string `name:"max-units" env:"HOLDFAST_MAX_UNITS" placeholder:"N" help:"Units of one product that an order may have, all variants together, or unlimited; a product may allow less. Default: 100; with authentication off unlimited (${env})."`
	CustomerUnits string `name:"max-customer-units" env:"HOLDFAST_MAX_CUSTOMER_UNITS" placeholder:"N" help:"Units of one product that all unpaid orders of a customer may hold together, or unlimited. Default: twice HOLDFAST_MAX_UNITS; with authentication off unlimited (${env})."`
}

const unlimited = "unlimited"

// orderLimits are the limits as an order's placement takes them: 0 is none.
type orderLimits struct{ openOrders, units, customerUnits int64 }

// The limits where none is set: more than a person buys, and no part of a stock.
const (
	defaultOpenOrders = "20"
	defaultUnits      = "100"
)

// orderLimits returns the limits that the flags say. off: anybody may name any customer.
func (f orderLimitFlags) orderLimits(off bool) (l orderLimits, err error) {
	openOrders, units := defaultOpenOrders, defaultUnits
	if off {
		openOrders, units = unlimited, unlimited
	}
	if l.openOrders, err = limit("--max-open-orders (HOLDFAST_MAX_OPEN_ORDERS)", cmp.Or(f.OpenOrders, openOrders)); err != nil {
		return l, err
	}
	if l.units, err = limit("--max-units (HOLDFAST_MAX_UNITS)", cmp.Or(f.Units, units)); err != nil {
		return l, err
	}
	switch {
	case f.CustomerUnits != "":
		l.customerUnits, err = limit("--max-customer-units (HOLDFAST_MAX_CUSTOMER_UNITS)", f.CustomerUnits)
	case l.units > 0:
		l.customerUnits = 2 * l.units
	case !off:
		err = usagef("--max-units (HOLDFAST_MAX_UNITS) is unlimited, so --max-customer-units (HOLDFAST_MAX_CUSTOMER_UNITS)" +
			" has no default: set it to a number, or to unlimited, too")
	}
	if err != nil {
		return l, err
	}
	if l.customerUnits > 0 && (l.units == 0 || l.customerUnits < l.units) {
		return l, usagef("--max-customer-units (HOLDFAST_MAX_CUSTOMER_UNITS) is %d, below what one order may have, --max-units (HOLDFAST_MAX_UNITS), %s:"+
			" set --max-units to %d or less", l.customerUnits, cmp.Or(f.Units, units), l.customerUnits)
	}
	return l, nil
}

// maxLimit is far above any stock, and far below where sums of it would overflow.
const maxLimit = int64(1_000_000_000_000)

// limit reads a number of at least 1, or 0 for the word unlimited.
func limit(name, text string) (int64, error) {
	if text == unlimited {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxLimit {
		return 0, usagef("%s: %q must be a number from 1 to %d, or %s", name, text, maxLimit, unlimited)
	}
	return n, nil
}
