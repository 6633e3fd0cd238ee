package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/web/session"
	"holdfast/web/site"
)

// linkWith makes a link to order o-7 with a guest's token.
func linkWith(t *testing.T, token string) string {
	t.Helper()
	links, err := site.NewSealer(strings.Repeat("l", 32), "links")
	require.NoError(t, err)
	sealed, err := links.Seal("order link", map[string]any{"o": "o-7", "t": token, "e": time.Now().Add(time.Hour)})
	require.NoError(t, err)
	return "/o/" + sealed
}

// Whoever has a link could use it a million times: that must not drive other visitors' sessions out.
func TestALinkHasOneSessionHoweverOftenItIsUsed(t *testing.T) {
	sessions := session.NewMemory()
	at, _ := pages(t, ready(), func(c *site.Config) { c.Sessions = sessions })
	enter := func(link string) string {
		v := &http.Client{}
		stay(v)
		res, err := v.Get(at + link)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, "/orders/o-7", res.Header.Get("Location"))
		require.Len(t, res.Cookies(), 1)
		return res.Cookies()[0].Value
	}
	first := enter(linkWith(t, "of-another-guest"))
	require.Equal(t, first, enter(linkWith(t, "of-another-guest")))
	require.NotEqual(t, first, enter(linkWith(t, "of-a-third-guest")))
	s, err := sessions.Get(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, "o-7", s.Only)
}
