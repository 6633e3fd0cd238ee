package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"holdfast/order"
)

// CLDR has more regions than ISO 3166-1: parts of countries, unions, and codes of its own.
func TestCountriesAreThoseOfCLDRExceptItsOwnAdditions(t *testing.T) {
	additions := map[string]bool{
		"AC": true, "CP": true, "CQ": true, "DG": true, "EA": true, "IC": true, "TA": true, "EU": true, "EZ": true, "UN": true, // parts and unions of countries
		"AN": true, "BU": true, "CS": true, "CT": true, "DD": true, "DY": true, "FQ": true, "FX": true, "HV": true,
		"JT": true, "MI": true, "NH": true, "NQ": true, "NT": true, "PC": true, "PU": true, "PZ": true, "RH": true,
		"SU": true, "TP": true, "UK": true, "VD": true, "WK": true, "YD": true, "YU": true, "ZR": true, // former codes
	}
	count := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			region, err := language.ParseRegion(code)
			known := err == nil && region.IsCountry() && region.String() == code && !additions[code]
			require.Equal(t, known, order.CountryExists(code), code)
			if order.CountryExists(code) {
				count++
			}
		}
	}
	require.Equal(t, 250, count, "249 of ISO 3166-1, and XK")
	for _, code := range []string{"", "D", "DEU", "de", "D ", " D", "EU", "ZZ", "UK"} {
		require.False(t, order.CountryExists(code), "%q", code)
	}
}

func TestACountrysCodeIsFoundHoweverItIsWritten(t *testing.T) {
	for given, want := range map[string]string{
		"DE": "DE", "de": "DE", " De\t": "DE", "xx": "XX", "": "", "DEU": "DEU", "Germany ": "Germany ", "d1": "d1", "d": "d", "é": "é", "中": "中",
	} {
		require.Equal(t, want, order.NormalCountry(given), given)
	}
}
