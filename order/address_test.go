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
