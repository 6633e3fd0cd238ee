package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLimitsOfOrdersAreFiniteUnlessToldOtherwise(t *testing.T) {
	for name, row := range map[string]struct {
		flags orderLimitFlags
		off   bool
		want  orderLimits
	}{
		"nothing is set":             {want: orderLimits{20, 100, 200}},
		"authentication is off":      {off: true},
		"off, and limited":           {flags: orderLimitFlags{Units: "3"}, off: true, want: orderLimits{0, 3, 6}},
		"off, and unlimited for one": {flags: orderLimitFlags{OpenOrders: "5"}, off: true, want: orderLimits{openOrders: 5}},
		"more for an order":          {flags: orderLimitFlags{Units: "1000"}, want: orderLimits{20, 1000, 2000}},
		"as much together as at once": {
			flags: orderLimitFlags{Units: "7", CustomerUnits: "7"}, want: orderLimits{20, 7, 7},
		},
		"in so many words": {flags: orderLimitFlags{"unlimited", "unlimited", "unlimited"}},
		"one order alone":  {flags: orderLimitFlags{CustomerUnits: "unlimited"}, want: orderLimits{20, 100, 0}},
	} {
		got, err := row.flags.orderLimits(row.off)
		require.NoError(t, err, name)
		require.Equal(t, row.want, got, name)
	}
}

func TestLimitsOfOrdersThatContradictEachOtherAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		flags orderLimitFlags
		says  []string
	}{
		"0 is no word for unlimited": {orderLimitFlags{Units: "0"}, []string{"HOLDFAST_MAX_UNITS", "unlimited"}},
		"0 open orders":              {orderLimitFlags{OpenOrders: "0"}, []string{"HOLDFAST_MAX_OPEN_ORDERS", "unlimited"}},
		"no number":                  {orderLimitFlags{CustomerUnits: "many"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", `"many"`}},
		"below 0":                    {orderLimitFlags{CustomerUnits: "-1"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS"}},
		"less together than at once": {
			orderLimitFlags{Units: "50", CustomerUnits: "49"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS", "49", "50"},
		},
		"less than the default": {
			orderLimitFlags{CustomerUnits: "99"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS", "99", "100"},
		},
		"an order of any size": {
			orderLimitFlags{Units: "unlimited", CustomerUnits: "9"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS", "unlimited"},
		},
		"a limit that follows from none": {
			orderLimitFlags{Units: "unlimited"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS"},
		},
	} {
		_, err := row.flags.orderLimits(false)
		var usage *usageError
		require.ErrorAs(t, err, &usage, name)
		for _, text := range row.says {
			require.ErrorContains(t, err, text, name)
		}
	}
}
