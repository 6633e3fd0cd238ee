package console

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// orderOf reads an order as the API returns it.
func orderOf(t *testing.T, document string) sheet {
	t.Helper()
	var o client.Order
	require.NoError(t, json.Unmarshal([]byte(document), &o))
	return sheet{Order: o, Now: now}
}

const (
	paid     = `{"id":"o","status":"awaiting_shipment","amounts":{"paid":1000,"total":1000},"currency":"EUR","lines":[{"id":"1","quantity":3}],"payment":{"id":"p"},"node":"awaiting_shipment"}`
	unpaid   = `{"id":"o","status":"awaiting_payment","amounts":{"total":1000},"lines":[{"id":"1","quantity":3}]}`
	held     = `{"id":"o","status":"paid","amounts":{"paid":1000},"lines":[{"id":"1","quantity":3}],"node":"paid","hold":{"actor":"ada"}}`
	packed   = `{"id":"o","status":"packed","amounts":{"paid":1000},"lines":[{"id":"1","quantity":3}],"node":"packed","packages":[{"id":"a","number":1,"items":[{"lineId":"1","quantity":3}]}]}`
	lost     = `{"id":"o","status":"awaiting_shipment","amounts":{"paid":1000},"lines":[{"id":"1","quantity":3}],"node":"awaiting_shipment","packages":[{"id":"a","number":1,"items":[{"lineId":"1","quantity":2}],"events":[{"id":"e","mark":"lost"}]}]}`
	arrived  = `{"id":"o","shape":2,"status":"delivered","amounts":{"paid":1000,"refunded":400},"lines":[{"id":"1","quantity":3}],"node":"delivered","returnBy":"2026-12-01T00:00:00Z","packages":[{"id":"a","items":[{"lineId":"1","quantity":3}],"events":[{"id":"e","node":"delivered"}]}],"returns":[{"id":"r","status":"requested","lines":[{"lineId":"1","quantity":1}]}]}`
	finished = `{"id":"o","shape":2,"status":"cancelled","closedAt":"2026-11-29T11:00:00Z","amounts":{},"lines":[{"id":"1","quantity":3}]}`
)

// What an order doesn't allow says why; the table is the console's promise to operators.
func TestAnOrderOffersWhatItAllowsAndSaysWhyNotOtherwise(t *testing.T) {
	for name, row := range map[string]struct {
		document                                                                         string
		pack, hold, release, cancel, cancelUnits, deliver, refund, openReturn, readdress string
	}{
		"unpaid":    {unpaid, "unpaid", "unpaid", "notHeld", "", "wholeOnly", "unpaid", "nothingPaid", "notDelivered", ""},
		"paid":      {paid, "", "", "notHeld", "", "", "", "", "notDelivered", ""},
		"held":      {held, "held", "alreadyHeld", "", "", "", "held", "", "notDelivered", ""},
		"packed":    {packed, "allPacked", "", "notHeld", "packed", "allPacked", "", "", "notDelivered", ""},
		"lost":      {lost, "", "", "notHeld", "packed", "", "unresolved", "", "notDelivered", ""},
		"delivered": {arrived, "allPacked", "delivered", "notHeld", "packed", "allPacked", "delivered", "", "", "delivered"},
		"finished":  {finished, "closed", "closed", "closed", "closed", "closed", "closed", "nothingPaid", "closed", "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := orderOf(t, row.document)
			require.Equal(t, row.pack, s.whyNotPack(), "pack")
			require.Equal(t, row.hold, s.whyNotHold(), "hold")
			require.Equal(t, row.release, s.whyNotRelease(), "release")
			require.Equal(t, row.cancel, s.whyNotCancel(), "cancel")
			require.Equal(t, row.cancelUnits, s.whyNotCancelUnits(), "cancel units")
			require.Equal(t, row.deliver, s.whyNotDeliver(), "deliver")
			require.Equal(t, row.refund, s.whyNotRefund(), "refund")
			require.Equal(t, row.openReturn, s.whyNotReturn(), "return")
			require.Equal(t, row.readdress, s.whyNotAddress(), "address")
		})
	}
}

func TestUnitsOfALineAddUp(t *testing.T) {
	s := orderOf(t, lost)
	require.EqualValues(t, 1, s.open(s.Lines[0]), "two of three are in the package")
	s = orderOf(t, arrived)
	require.EqualValues(t, 2, s.returnable(s.Lines[0]), "one of three is on its way back")
	require.EqualValues(t, 600, s.refundable())
	late := s
	late.Now = now.Add(72 * time.Hour)
	require.Equal(t, "windowOver", late.whyNotReturn())
}

func TestAnAmountIsReadInItsCurrency(t *testing.T) {
	for _, row := range []struct {
		text, currency string
		minor          int64
		ok             bool
	}{
		{"12.50", "EUR", 1250, true},
		{"12,50", "EUR", 1250, true},
		{"12", "EUR", 1200, true},
		{"1000", "JPY", 1000, true},
		{"12.505", "EUR", 0, false},
		{"1.5", "JPY", 0, false},
		{"ten", "EUR", 0, false},
		{"", "EUR", 0, false},
		{"1,000.50", "EUR", 0, false},
	} {
		minor, ok := parseMoney(row.text, row.currency)
		require.Equal(t, row.ok, ok, row.text)
		if ok {
			require.Equal(t, row.minor, minor, row.text)
		}
	}
	require.Equal(t, "12.50", majorOf(1250, "EUR"))
	require.Equal(t, "1250", majorOf(1250, "JPY"))
}

func TestAFormsUnitsAreReadInOneOrder(t *testing.T) {
	a := action{Form: url.Values{"u.2": {"1"}, "u.1": {"2"}, "u.3": {""}, "u.4": {"0"}, "d.1": {"9"}}}
	units, err := a.units("u.")
	require.NoError(t, err)
	require.Equal(t, []client.LineUnits{{LineID: "1", Quantity: 2}, {LineID: "2", Quantity: 1}}, units)
	a.Form.Set("u.1", "many")
	_, err = a.units("u.")
	require.ErrorContains(t, err, "invalid")
	require.Equal(t, invalidError{"u.1": "console.field.number"}, err)
	_, err = action{Form: url.Values{"u.1": {"0"}}}.someUnits()
	require.Equal(t, invalidError{"units": "console.field.units"}, err)
}

func TestTheListsFiltersAreInItsAddress(t *testing.T) {
	q := url.Values{"q": {" teapot "}, "status": {"paid"}, "unknown": {"x"}}
	f := readFilter(q)
	require.Equal(t, "/console/orders?q=teapot&status=paid", f.link())
	require.Equal(t, f, readFilter(mustQuery(t, f.link())))
	require.True(t, f.narrows())
	require.False(t, filter{Cursor: "next"}.narrows())
	require.Equal(t, "/console/orders", filter{}.link())
}

func mustQuery(t *testing.T, link string) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	return u.Query()
}
