package inventory_test

import (
	"errors"

	"github.com/stretchr/testify/require"

	"holdfast/product"
)

// requireRefused requires the wanted refusal, with its content; nil wants none.
func requireRefused(t require.TestingT, want, got error) {
	switch {
	case want == nil:
		require.NoError(t, got)
	case sameType[*product.MovedError](t, want, got), sameType[*product.HeldSKUError](t, want, got),
		sameType[*product.StrandsError](t, want, got), sameType[product.Invalid](t, want, got):
	default:
		require.ErrorIs(t, got, want)
	}
}

// sameType compares the two where want is a T.
func sameType[T error](t require.TestingT, want, got error) bool {
	var w, g T
	if !errors.As(want, &w) {
		return false
	}
	require.ErrorAs(t, got, &g)
	require.Equal(t, w, g)
	return true
}
