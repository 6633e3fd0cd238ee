package carrier_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/carrier"
)

func TestNormalizeNumber(t *testing.T) {
	for given, want := range map[string]string{
		"1z 999 aa1-01.23": "1Z999AA10123", "abcd": "ABCD", strings.Repeat("9", 50): strings.Repeat("9", 50),
		"abc": "", "": "", "12_34": "", "12345ü": "", strings.Repeat("9", 51): "", "1234\n": "",
	} {
		number, ok := carrier.NormalizeNumber(given)
		require.Equal(t, want, number, "%q", given)
		require.Equal(t, want != "", ok, "%q", given)
	}
}
