package compose

import (
	"maps"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// The gateway counts visitors by the addresses that the pages pass on, if it trusts the pages: their
// container alone, since anyone else in a trusted network could pass as any visitor.
func TestTheGatewayTrustsThePagesAndNothingElse(t *testing.T) {
	for _, given := range []map[string]string{
		{}, {"HOLDFAST_PAGES_NETWORK": "10.1.2.0/29", "HOLDFAST_PAGES_ADDRESS": "10.1.2.5"},
	} {
		env := secrets()
		maps.Copy(env, given)
		p, err := load(t.Context(), settings(t, env))
		require.NoError(t, err)
		web := service(t, p, "web")
		require.Len(t, web.Networks, 1, "by another network the gateway would see another address")
		at := web.Networks["pages"].Ipv4Address
		require.Equal(t, at, *service(t, p, "api").Environment["HOLDFAST_TRUSTED_PROXIES"])
		require.Contains(t, service(t, p, "api").Networks, "pages")
		require.Contains(t, service(t, p, "api").Networks, "default")
		network := netip.MustParsePrefix(p.Networks["pages"].Ipam.Config[0].Subnet)
		require.True(t, network.Contains(netip.MustParseAddr(at)))
		require.NotEqual(t, network.Addr().Next(), netip.MustParseAddr(at), "that is the host's")
		for name, s := range p.Services {
			if name != "web" && name != "api" {
				require.NotContains(t, s.Networks, "pages", name)
			}
		}
		if want := given["HOLDFAST_PAGES_ADDRESS"]; want != "" {
			require.Equal(t, want, at)
		}
	}
}
