package deliver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"holdfast/webhook"
)

func newGuard(t *testing.T, setting string) *Guard {
	t.Helper()
	g, err := NewGuard(setting)
	require.NoError(t, err)
	return g
}

func TestWhichAddressesMayBeReached(t *testing.T) {
	public := newGuard(t, "")
	for _, a := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
		"169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1",
		"224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1", "fe80::1%eth0",
		"fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:1::1",
		"2001:db8::1", "100::1",
	} {
		require.ErrorIs(t, public.check(netip.MustParseAddr(a), true), errRefused, a)
	}
	for _, a := range []string{"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2606:4700:4700::1111"} {
		require.NoError(t, public.check(netip.MustParseAddr(a), true), a)
		require.ErrorIs(t, public.check(netip.MustParseAddr(a), false), errRefused, "%s without TLS", a)
	}
	private := newGuard(t, "private")
	for _, a := range []string{"127.0.0.1", "::ffff:127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "fd12::1"} {
		require.NoError(t, private.check(netip.MustParseAddr(a), false), a)
	}
	for _, a := range []string{"169.254.169.254", "fd00:ec2::254", "0.0.0.0", "169.254.1.1", "100.64.0.1", "fe80::1"} {
		require.ErrorIs(t, private.check(netip.MustParseAddr(a), true), errRefused, a)
	}
	narrow := newGuard(t, " 10.1.0.0/16 , ::1/128")
	require.NoError(t, narrow.check(netip.MustParseAddr("10.1.9.9"), false))
	require.ErrorIs(t, narrow.check(netip.MustParseAddr("10.2.0.1"), true), errRefused)
	require.ErrorIs(t, newGuard(t, "169.254.0.0/16").check(netip.MustParseAddr("169.254.169.254"), true), errRefused, "not even by name")
	for _, bad := range []string{"10.0.0.1", "everything", "10.0.0.0/33", "private;10.0.0.0/8"} {
		_, err := NewGuard(bad)
		require.ErrorContains(t, err, "neither a network")
	}
}

func TestWhatCanBeRegistered(t *testing.T) {
	g := newGuard(t, "10.1.0.0/16")
	g.resolver = names(t, func(name string) string {
		return map[string]string{
			"public.example.": "93.184.215.14", "inside.example.": "10.9.9.9", "allowed.example.": "10.1.0.7",
		}[name]
	})
	for text, reason := range map[string]string{
		"":                               "https",
		"ftp://public.example/":          "https",
		"file:///etc/passwd":             "https",
		"//public.example":               "https",
		"https://":                       "host",
		"https:public.example":           "host",
		"https://:443/":                  "host",
		"https://a:b@public.example/":    "password",
		"https://a@public.example/":      "password",
		"https://public.example/#x":      "fragment",
		"https://public.example/ x":      "ASCII",
		"https://public.example/\n":      "ASCII",
		"https://públic.example/":        "ASCII",
		"https://public.example:0/":      "port",
		"https://public.example:70000/":  "port",
		"https://public.example:/":       "port",
		"http://public.example/":         "https",
		"http://nobody.example/":         "https",
		"http://8.8.8.8/":                "https",
		"https://127.0.0.1/":             "not public",
		"https://[::1]/":                 "not public",
		"https://[::ffff:10.0.0.1]/":     "not public",
		"https://169.254.169.254/latest": "not public",
		"https://inside.example/":        "not public",
		"https://10.2.0.1:8443/":         "not public",
		"https://x/" + strings.Repeat("x", webhook.MaxURLBytes): "2048",
	} {
		err := g.Check(t.Context(), text)
		refused, ok := errors.AsType[*webhook.RefusedURLError](err)
		require.True(t, ok, "%.80s: %v", text, err)
		require.Contains(t, refused.Reason, reason, "%.80s", text)
		require.NotContains(t, refused.Reason, "a:b")
	}
	for _, text := range []string{
		"https://public.example/hooks?key=1", "https://8.8.8.8:8443", "http://10.1.0.7:9000/x", "http://allowed.example/",
		"https://allowed.example/", "https://nobody.example/",
	} {
		require.NoError(t, g.Check(t.Context(), text), text)
	}
	strict := newGuard(t, "")
	strict.resolver = g.resolver
	for _, text := range []string{"https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://db.internal/", "https://x.local/"} {
		require.ErrorContains(t, strict.Check(t.Context(), text), "private network", text)
	}
}

// A name that resolved to a public address when it was registered may resolve to a private
// one when it is connected to, a second later.
func TestAnAddressIsCheckedWhenItIsConnectedTo(t *testing.T) {
	var asked atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer receiver.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(receiver.URL, "http://"))
	require.NoError(t, err)
	address := atomic.Pointer[string]{}
	set := func(a string) { address.Store(&a) }
	g := newGuard(t, "")
	g.resolver = names(t, func(string) string { return *address.Load() })
	set("93.184.215.14")
	url := "https://rebind.example:" + port + "/"
	require.NoError(t, g.Check(t.Context(), url))
	set("127.0.0.1")
	send := func(g *Guard, url string) error {
		_, err := NewSender(g).Send(t.Context(), url, []string{webhook.NewSecret()}, webhook.Event{ID: "1-2-3", Body: []byte("{}")})
		return err
	}
	requireTrouble(t, webhook.TroubleRefusedAddress, send(g, url))
	requireTrouble(t, webhook.TroubleRefusedAddress, send(g, "http://rebind.example:"+port+"/"))
	requireTrouble(t, webhook.TroubleRefusedAddress, send(g, receiver.URL))
	require.Zero(t, asked.Load())
	allowed := newGuard(t, Loopback)
	allowed.resolver = g.resolver
	require.NoError(t, send(allowed, "http://rebind.example:"+port+"/"), "the name leads there where it is allowed")
	require.Equal(t, int32(1), asked.Load())
}

func requireTrouble(t *testing.T, want webhook.Trouble, err error) {
	t.Helper()
	u, ok := errors.AsType[*webhook.UnansweredError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, want, u.Trouble, "%v", err)
}

// silent is the address of a name for which the resolver never gets an answer.
const silent = "silent"

// names is a resolver that asks a server of the test: address returns the IPv4 address of a
// name, empty if there is none.
func names(t *testing.T, address func(name string) string) *net.Resolver {
	t.Helper()
	server, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = server.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, err := answerTo(buf[:n], address); err == nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func answerTo(query []byte, address func(string) string) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	ip := address(q.Name.String())
	switch {
	case ip == silent:
		return nil, errors.New("no answer")
	case ip == "":
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(ip).As4()},
		}}
	}
	return m.Pack()
}
