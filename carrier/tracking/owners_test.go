package tracking_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/carrier"
	"holdfast/carrier/tracking"
)

func TestTheOwnersOfNumbersAreReadTogether(t *testing.T) {
	each(t, func(t *testing.T, s *tracking.Store) {
		a, b, unowned := newNumber(), newNumber(), newNumber()
		for _, o := range []carrier.Owner{owner("o1"), owner("o2")} {
			_, err := s.Own(t.Context(), o, false, a)
			require.NoError(t, err)
		}
		_, err := s.Own(t.Context(), owner("o1"), false, b)
		require.NoError(t, err)
		require.NoError(t, s.Disown(t.Context(), owner("o1"), a))
		got, err := s.Owners(t.Context(), a, unowned, b)
		require.NoError(t, err)
		require.Equal(t, [][]carrier.Owner{{owner("o2")}, nil, {owner("o1")}}, got)
		_, err = s.Owners(t.Context(), carrier.Number{Adapter: "sandbox", Number: "x"})
		require.Error(t, err)
	})
}
