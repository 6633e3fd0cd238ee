package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func TestANewAddressMeansSomethingElseForEachPackage(t *testing.T) {
	f := fulfilmentOf(7)
	for _, id := range []string{"fresh", "labelled", "left", "rolling", "near", "gone", "undone"} {
		require.NoError(t, f.Pack(order.Package{ID: id, Items: []order.LineUnits{{LineID: "1", Quantity: 1}}, CreatedAt: packedAt}))
	}
	f.Package("labelled").TrackingNumbers = []string{"1Z999"}
	for id, n := range map[string]order.Node{
		"left": order.NodeLeftWarehouse, "rolling": order.NodeInTransit, "near": order.NodeOutForDelivery, "gone": order.NodeDelivered,
	} {
		f.Report(id, scan(id, n, 1))
	}
	require.NoError(t, f.RemovePackage("undone", packedAt))
	old := &order.Address{Line1: "1 Old Street", Country: "GB", Region: "London"}
	moved := &order.Address{Line1: "2 New Street", Country: "GB", Region: "London"}
	changes, err := f.Readdress(old, moved, false)
	require.NoError(t, err)
	require.Equal(t, []order.PackageAddress{
		{PackageID: "fresh", Change: order.AddressApplied},
		{PackageID: "labelled", Change: order.AddressRelabel},
		{PackageID: "left", Change: order.AddressIntercept},
		{PackageID: "rolling", Change: order.AddressIntercept},
		{PackageID: "near", Change: order.AddressTooLate},
		{PackageID: "gone", Change: order.AddressTooLate},
	}, changes)
	require.Equal(t, moved, f.Package("labelled").Address)
	require.Nil(t, f.Package("left").Address)

	_, err = f.Readdress(moved, &order.Address{Country: "FR", Region: "London"}, false)
	require.ErrorIs(t, err, order.ErrOtherRegion)
	_, err = f.Readdress(moved, &order.Address{Country: "GB", Region: "Wales"}, false)
	require.ErrorIs(t, err, order.ErrOtherRegion)
	_, err = f.Readdress(moved, &order.Address{Country: "FR"}, true)
	require.NoError(t, err)
}

// Orders of before have their countries as they were sent.
func TestTheSameCountryIsNoOtherRegionHoweverItIsWritten(t *testing.T) {
	f := fulfilmentOf(1)
	for _, from := range []order.Address{{Country: "de", Region: "Bayern"}, {Country: "DE ", Region: " bayern"}} {
		for _, to := range []order.Address{{Country: "DE", Region: "Bayern"}, {Country: "De", Region: "BAYERN "}} {
			_, err := f.Readdress(&from, &to, false)
			require.NoError(t, err)
		}
	}
	_, err := f.Readdress(&order.Address{Country: "Germany"}, &order.Address{Country: "germany"}, false)
	require.ErrorIs(t, err, order.ErrOtherRegion, "what is no code is compared as it is")
}

func TestADeliveredOrderKeepsItsAddress(t *testing.T) {
	f := deliveredOrder(t, 1, 1)
	_, err := f.Readdress(nil, &order.Address{Country: "GB"}, true)
	require.ErrorIs(t, err, order.ErrDelivered)
}

// What was priced for one destination isn't sent to another, paid or not.
func TestAnAddressStaysWhereTaxesAndShippingWerePricedFor(t *testing.T) {
	german, bavarian := &order.Address{Country: "DE", Region: "Hamburg"}, &order.Address{Country: "DE", Region: "Bavaria"}
	french := &order.Address{Country: "FR"}
	for name, c := range map[string]struct {
		priced *order.Destination
		from   *order.Address
		to     *order.Address
		free   bool
	}{
		"nothing depends on it":                   {nil, german, french, true},
		"the same region":                         {&order.Destination{Country: "DE", Region: "Hamburg"}, german, &order.Address{Country: "de ", Region: "hamburg"}, true},
		"another region":                          {&order.Destination{Country: "DE", Region: "Hamburg"}, german, bavarian, false},
		"another country":                         {&order.Destination{Country: "DE", Region: "Hamburg"}, german, french, false},
		"no address before, and at home":          {&order.Destination{Country: "DE", AnyRegion: true}, nil, bavarian, true},
		"no address before, and regions differ":   {&order.Destination{Country: "DE"}, nil, bavarian, false},
		"a region that only looks the same":       {&order.Destination{Country: "US", Region: "OK"}, &order.Address{Country: "US", Region: "O\u212a"}, &order.Address{Country: "US", Region: "OK"}, false},
		"no address before, and abroad":           {&order.Destination{Country: "DE"}, nil, french, false},
		"no address before, and no home":          {&order.Destination{}, nil, german, false},
		"no address before, in the home's region": {&order.Destination{Country: "DE", Region: "Bavaria"}, nil, bavarian, true},
		"no address before, in another region":    {&order.Destination{Country: "DE", Region: "Bavaria"}, nil, german, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, override := range []bool{false, true} {
				o := order.Order{Shape: 2, Status: order.StatusAwaitingPayment, Address: c.from, Pricing: &order.Pricing{Destination: c.priced}}
				_, err := o.Readdress(c.to, override, true, "customer", "", packedAt)
				if c.free || override {
					require.NoError(t, err)
					require.Equal(t, c.to, o.Address)
				} else {
					require.ErrorIs(t, err, order.ErrOtherRegion)
					require.Equal(t, c.from, o.Address)
				}
			}
		})
	}
}

// Providers charge, and so refund, only multiples of the step in some currencies.
func TestRefundsOfPartsKeepTheStepOfTheCurrency(t *testing.T) {
	total := int64(29_000)
	o := order.Order{
		Shape: 2, Lines: []order.Line{{ID: "1", Quantity: 3, LinePrice: order.LinePrice{Total: &total}}}, Pricing: &order.Pricing{Step: 10},
	}
	f := order.NewFulfilment(&o, packedAt)
	o.Fulfilment = &f
	sum := int64(0)
	for i := range 3 {
		back := o.RefundFor([]order.LineUnits{{LineID: "1", Quantity: 1}})
		require.Zero(t, back%10)
		require.NoError(t, o.CancelUnits(order.Removal{ID: string(rune('a' + i)), Lines: []order.LineUnits{{LineID: "1", Quantity: 1}}}))
		sum += back
	}
	require.Equal(t, total, sum)
}
