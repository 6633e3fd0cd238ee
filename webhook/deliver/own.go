package deliver

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"
)

// ownFor is how long the addresses of Holdfast's own services are believed: they move
// when a container is made again or a replica takes over.
const ownFor = 10 * time.Second

// own are the addresses of Holdfast's own services.
type own struct {
	list func(context.Context) []string // host:port
	mu   sync.Mutex
	last []netip.AddrPort
	at   time.Time
}

// RefuseOwn has the guard refuse the services that Holdfast itself runs on, whatever else
// it allows: they believe whoever reaches them. list gives their host:port, and is asked
// again while the guard is in use.
func (g *Guard) RefuseOwn(list func(context.Context) []string) { g.own.list = list }

// isOwn reports whether an address is one of Holdfast's own services. On this machine,
// where receivers live too while one tries things out, it is the port that tells; a
// machine of another address is refused as a whole, with ports that nothing here knows of.
func (g *Guard) isOwn(ctx context.Context, to netip.AddrPort) bool {
	if g.own.list == nil {
		return false
	}
	a := to.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(g.ownAddresses(ctx), func(s netip.AddrPort) bool {
		if isHere(s.Addr()) {
			return s.Port() == to.Port() && isHere(a)
		}
		return s.Addr() == a
	})
}

// ownAddresses resolves the services' names. One that can't be resolved now keeps the
// addresses that it had with all others.
func (g *Guard) ownAddresses(ctx context.Context) []netip.AddrPort {
	g.own.mu.Lock()
	defer g.own.mu.Unlock()
	if time.Since(g.own.at) < ownFor {
		return g.own.last
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin)
	defer cancel()
	var found []netip.AddrPort
	whole := true
	for _, service := range g.own.list(ctx) {
		host, text, err := net.SplitHostPort(service)
		port, notPort := strconv.ParseUint(text, 10, 16)
		if err != nil || notPort != nil {
			continue // a socket of this machine's
		}
		addresses := []netip.Addr{netip.IPv6Unspecified()}
		if host != "" {
			if addresses, err = g.lookUp(ctx, host); err != nil {
				whole = false
			}
		}
		for _, a := range addresses {
			found = append(found, netip.AddrPortFrom(a.Unmap().WithZone(""), uint16(port)))
		}
	}
	if !whole {
		found = append(found, g.own.last...)
	} else {
		g.own.at = time.Now()
	}
	g.own.last = slices.Compact(slices.SortedFunc(slices.Values(found), netip.AddrPort.Compare))
	return g.own.last
}

// isHere reports whether an address is this machine's.
func isHere(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() {
		return true
	}
	mine, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(mine, func(m net.Addr) bool {
		p, err := netip.ParsePrefix(m.String())
		return err == nil && p.Addr().WithZone("") == a
	})
}
