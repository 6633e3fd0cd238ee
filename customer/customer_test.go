package customer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/customer"
	"holdfast/order"
	"holdfast/product"
)

func address(id string) customer.Address {
	return customer.Address{ID: id, Address: order.Address{Recipient: "R", Line1: "1", City: "C", Country: "GB"}}
}

// paths returns the fields that an error names.
func paths(t *testing.T, err error) (all []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	bad, ok := errors.AsType[product.Invalid](err)
	require.True(t, ok, err)
	for _, p := range bad {
		all = append(all, p.Path)
	}
	return all
}

func TestEachInvalidFieldOfACustomerIsNamed(t *testing.T) {
	many := make([]customer.Address, customer.MaxAddresses+1)
	for i := range many {
		many[i] = address(strings.Repeat("a", i+1))
	}
	full := make([]customer.Address, customer.MaxAddresses)
	for i := range full {
		full[i] = address(strings.Repeat("a", i+1))
		long := strings.Repeat("<", order.MaxFieldBytes) // six bytes each as JSON
		full[i].Line2, full[i].Region, full[i].Phone = long, long, long
	}
	lacking, badly := address("b"), address("")
	lacking.City, lacking.Line2 = "", "a\x00b"
	for name, c := range map[string]struct {
		change customer.Change
		want   []string
	}{
		"an empty one":       {customer.Change{ID: "c", Profile: &customer.Profile{}, Standing: &customer.Standing{}}, nil},
		"nothing at all":     {customer.Change{ID: "c"}, nil},
		"an id":              {customer.Change{ID: "a:b"}, []string{"id"}},
		"a long name":        {customer.Change{ID: "c", Profile: &customer.Profile{Name: strings.Repeat("n", 201)}}, []string{"name"}},
		"a control":          {customer.Change{ID: "c", Profile: &customer.Profile{Name: "A\nda", Phone: "1\u202e2"}}, []string{"name", "phone"}},
		"no UTF-8":           {customer.Change{ID: "c", Profile: &customer.Profile{Name: "\xff"}}, []string{"name"}},
		"a long phone":       {customer.Change{ID: "c", Profile: &customer.Profile{Phone: strings.Repeat("1", 51)}}, []string{"phone"}},
		"too many addresses": {customer.Change{ID: "c", Profile: &customer.Profile{Addresses: many}}, []string{"addresses"}},
		"too large together": {customer.Change{ID: "c", Profile: &customer.Profile{Addresses: full}}, []string{"addresses"}},
		"addresses": {customer.Change{ID: "c", Profile: &customer.Profile{
			Addresses: []customer.Address{address("a"), lacking, address("a"), badly},
		}}, []string{"addresses[1].line2", "addresses[1].city", "addresses[2].id", "addresses[3].id"}},
		"an unknown default":    {customer.Change{ID: "c", Profile: &customer.Profile{DefaultAddress: "home"}}, []string{"defaultAddress"}},
		"a default":             {customer.Change{ID: "c", Profile: &customer.Profile{Addresses: many[:20], DefaultAddress: "aa"}}, nil},
		"a level below 0":       {customer.Change{ID: "c", Standing: &customer.Standing{Level: -1}}, []string{"level"}},
		"a level beyond":        {customer.Change{ID: "c", Standing: &customer.Standing{Level: customer.MaxLevel + 1}}, []string{"level"}},
		"metadata":              {customer.Change{ID: "c", Standing: &customer.Standing{Attachments: product.Attachments{Metadata: product.Metadata{"a": "\x00"}}}}, []string{"metadata.a"}},
		"an external reference": {customer.Change{ID: "c", Standing: &customer.Standing{Attachments: product.Attachments{ExternalReference: " x"}}}, []string{"externalReference"}},
	} {
		require.ElementsMatch(t, c.want, paths(t, c.change.Validate()), name)
	}
}

func TestTheFormOfAnEmailAddress(t *testing.T) {
	for email, fine := range map[string]bool{
		"": true, "ada@example.com": true, "a.b+c@sub.example.co.uk": true, "ö@bücher.example": true,
		"ada": false, "@example.com": false, "ada@": false, "a@b@c": false, "Ada <ada@example.com>": false, "<ada@example.com>": false,
		"ada@example.com, b@example.com": false, " ada@example.com": false, "ada@example.com\n": false, `"a b"@example.com`: false,
		"ada@[127.0.0.1]": false, "ada @example.com": false, "(x)ada@example.com": false, strings.Repeat("a", 243) + "@example.com": false,
	} {
		err := customer.Change{ID: "c", Profile: &customer.Profile{Email: email}}.Validate()
		require.Equal(t, fine, err == nil, "%q: %v", email, err)
		if !fine {
			require.Equal(t, []string{"email"}, paths(t, err), "%q", email)
		}
	}
}

func TestTwoLettersOfAnAddressAreACountry(t *testing.T) {
	for country, fine := range map[string]bool{
		"GB": true, "gb": true, " De ": true, "XK": true, "UK": false, "ZZ": false, "xx": false,
		"Germany": true, // a shop without taxes sends its orders wherever a person can read
	} {
		home := address("home")
		home.Country = country
		err := customer.Change{ID: "c", Profile: &customer.Profile{Addresses: []customer.Address{home}}}.Validate()
		if fine {
			require.NoError(t, err, country)
		} else {
			require.Equal(t, []string{"addresses[0].country"}, paths(t, err), country)
		}
	}
}

func TestAnAddressIsFoundByItsID(t *testing.T) {
	p := customer.Profile{Addresses: []customer.Address{address("home"), address("work")}}
	p.Addresses[1].City = "Leeds"
	require.Equal(t, "Leeds", p.Address("work").City)
	require.Nil(t, p.Address("other"))
	require.Nil(t, p.Address(""))
}

func TestGuestsAreKnownByTheirIDs(t *testing.T) {
	name := "ABCDEFGHIJKLMNOPQRSTUVWX27"
	require.True(t, customer.IsGuest(customer.GuestID(name)))
	require.True(t, product.ValidID(customer.GuestID(name)))
	for _, id := range []string{"", "ada", "guest-", "guest-1", "guest-" + name + "A", "guest-" + name[1:], "guest-abcdefghijklmnopqrstuvwx27", "Guest-" + name} {
		require.False(t, customer.IsGuest(id), id)
	}
}
