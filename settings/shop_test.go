package settings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimitsOfOrdersAreFiniteUnlessToldOtherwise(t *testing.T) {
	for name, row := range map[string]struct {
		flags Shop
		off   bool
		want  limits
	}{
		"nothing is set":             {want: limits{20, 100, 200, 20, 200}},
		"authentication is off":      {off: true},
		"off, and limited":           {flags: Shop{MaxUnits: "3"}, off: true, want: limits{0, 3, 6, 0, 6}},
		"off, and unlimited for one": {flags: Shop{MaxOpenOrders: "5"}, off: true, want: limits{openOrders: 5}},
		"more for an order":          {flags: Shop{MaxUnits: "1000"}, want: limits{20, 1000, 2000, 20, 2000}},
		"as much together as at once": {
			flags: Shop{MaxUnits: "7", MaxCustomerUnits: "7"}, want: limits{20, 7, 7, 20, 7},
		},
		"in so many words":   {flags: Shop{MaxOpenOrders: "unlimited", MaxUnits: "unlimited", MaxCustomerUnits: "unlimited", MaxNetworkOrders: "unlimited"}},
		"guests by networks": {flags: Shop{MaxNetworkOrders: "60", MaxOpenOrders: "unlimited"}, want: limits{0, 100, 200, 60, 200}},
		"one order alone":    {flags: Shop{MaxCustomerUnits: "unlimited"}, want: limits{20, 100, 0, 20, 0}},
	} {
		got, err := row.flags.limits(row.off)
		require.NoError(t, err, name)
		require.Equal(t, row.want, got, name)
	}
}

func TestLimitsOfOrdersThatContradictEachOtherAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		flags Shop
		says  []string
	}{
		"0 is no word for unlimited": {Shop{MaxUnits: "0"}, []string{"HOLDFAST_MAX_UNITS", "unlimited"}},
		"0 open orders":              {Shop{MaxOpenOrders: "0"}, []string{"HOLDFAST_MAX_OPEN_ORDERS", "unlimited"}},
		"0 orders of a network":      {Shop{MaxNetworkOrders: "0"}, []string{"HOLDFAST_MAX_NETWORK_ORDERS", "unlimited"}},
		"no number":                  {Shop{MaxCustomerUnits: "many"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", `"many"`}},
		"below 0":                    {Shop{MaxCustomerUnits: "-1"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS"}},
		"less together than at once": {
			Shop{MaxUnits: "50", MaxCustomerUnits: "49"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS", "49", "50"},
		},
		"less than the default": {
			Shop{MaxCustomerUnits: "99"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS", "99", "100"},
		},
		"an order of any size": {
			Shop{MaxUnits: "unlimited", MaxCustomerUnits: "9"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS", "unlimited"},
		},
		"a limit that follows from none": {
			Shop{MaxUnits: "unlimited"}, []string{"HOLDFAST_MAX_CUSTOMER_UNITS", "HOLDFAST_MAX_UNITS"},
		},
	} {
		_, err := row.flags.limits(false)
		for _, text := range row.says {
			require.ErrorContains(t, err, text, name)
		}
	}
}

func TestAReturnWindowIsAtMostAYear(t *testing.T) {
	for window, fine := range map[time.Duration]bool{0: true, time.Hour: true, 365 * 24 * time.Hour: true, -1: false, 365*24*time.Hour + 1: false} {
		err := Shop{PaymentWindow: time.Hour, ReturnWindow: window}.Check(true)
		if fine {
			require.NoError(t, err, window)
		} else {
			require.ErrorContains(t, err, "HOLDFAST_RETURN_WINDOW", window)
		}
	}
}

func TestAGuestsTokenLastsAsLongAsTheirOrderCanBePaidAndReturned(t *testing.T) {
	for lifetime, says := range map[time.Duration][]string{
		3 * time.Hour: nil, 3*time.Hour - 1: {"HOLDFAST_GUEST_LIFETIME", "2h", "HOLDFAST_RETURN_WINDOW"}, 365 * 24 * time.Hour: nil,
		59 * time.Minute: {"HOLDFAST_GUEST_LIFETIME", "59m", "HOLDFAST_PAYMENT_WINDOW", "set --guest-lifetime to 1h or more"},
		-1:               {"HOLDFAST_GUEST_LIFETIME"}, 0: nil,
		365*24*time.Hour + 1: {"HOLDFAST_GUEST_LIFETIME", "8760h"},
	} {
		err := Guests{GuestLifetime: lifetime}.Check(time.Hour, 2*time.Hour, true)
		if says == nil {
			require.NoError(t, err, lifetime)
		}
		for _, text := range says {
			require.ErrorContains(t, err, text, lifetime)
		}
	}
}

func TestTheLifetimeOfGuestsTokensDoesntMatterWithoutGuests(t *testing.T) {
	require.NoError(t, Guests{GuestLifetime: 2 * time.Hour}.Check(time.Hour, 2*time.Hour, false))
}

func TestAllGuestsOfANetworkMayHoldAsManyUnitsAsOneCustomer(t *testing.T) {
	for name, row := range map[string]struct {
		shop Shop
		off  bool
		want int64
		says string
	}{
		"by default":              {Shop{}, false, 200, ""},
		"with authentication off": {Shop{}, true, 0, ""},
		"as customers":            {Shop{MaxCustomerUnits: "150"}, false, 150, ""},
		"fewer":                   {Shop{MaxNetworkUnits: "120"}, false, 120, ""},
		"any number":              {Shop{MaxNetworkUnits: Unlimited}, false, 0, ""},
		"less than an order":      {Shop{MaxNetworkUnits: "99"}, false, 0, "HOLDFAST_MAX_UNITS"},
		"no number":               {Shop{MaxNetworkUnits: "many"}, false, 0, "HOLDFAST_MAX_NETWORK_UNITS"},
	} {
		l, err := row.shop.limits(row.off)
		if row.says != "" {
			require.ErrorContains(t, err, row.says, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, row.want, l.networkUnits, name)
	}
}

func TestGuestsNeedASecret(t *testing.T) {
	shared := Tokens{JWTSecret: "a secret of the tests, thirty-two bytes or more"}
	for _, g := range []Guests{{GuestLifetime: time.Hour}, {}} {
		tokens := Tokens{}
		if g.GuestLifetime == 0 {
			tokens = shared
		}
		none, err := g.GuestSigner(tokens)
		require.NoError(t, err)
		require.Nil(t, none)
	}
	for _, g := range []Guests{{GuestLifetime: time.Hour}, {GuestLifetime: time.Hour, GuestSecret: "another secret of the tests, as long as the first"}} {
		signer, err := g.GuestSigner(shared)
		require.NoError(t, err)
		guest, err := signer.New()
		require.NoError(t, err)
		_, err = signer.Verify(t.Context(), guest.Token)
		require.NoError(t, err)
	}
	_, err := Guests{GuestSecret: "short", GuestLifetime: time.Hour}.GuestSigner(shared)
	require.ErrorContains(t, err, "HOLDFAST_GUEST_SECRET")
}
