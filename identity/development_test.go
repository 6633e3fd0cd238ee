package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/identity"
)

func TestTokensForDevelopmentAreOfOneProcess(t *testing.T) {
	d, err := identity.NewDevelopment()
	require.NoError(t, err)
	token, err := d.Token(identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}})
	require.NoError(t, err)
	require.True(t, d.Claims(token))
	caller, err := d.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}}, caller)

	other, err := identity.NewDevelopment()
	require.NoError(t, err)
	require.True(t, other.Claims(token))
	_, err = other.Verify(t.Context(), token)
	require.ErrorIs(t, err, identity.ErrInvalid)

	guests := guests(t, secret, identity.Names{})
	require.False(t, d.Claims(newGuest(t, guests)))
	require.False(t, guests.Claims(token))
	_, err = d.Token(identity.Caller{Subject: "../ada", Roles: []identity.Role{identity.RoleCustomer}})
	require.Error(t, err)
}
