package deliver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// ownFor is how long the addresses of Holdfast's own services are cached, including
	// failures to resolve a name: they change when a container is recreated or a replica
	// takes over.
	ownFor = 10 * time.Second
	// listWithin bounds the request to Redis for the servers of a cluster.
	listWithin = time.Second
)

var (
	errOwn = errors.New("the address is one of Holdfast's own services")
	// errOwnUnknown means that one of them may be anywhere.
	errOwnUnknown = errors.New("a name of Holdfast's own services can't be resolved now, so that no private address is safe")
)

// own knows the addresses of Holdfast's own services.
type own struct {
	list   func(context.Context) []string // host:port
	asking singleflight.Group

	mu   sync.Mutex
	last services
}

// services are the locations of Holdfast's own services at one time.
type services struct {
	at time.Time
	// byName maps each name to its addresses. One that can't be resolved keeps its previous
	// ones, or has none if it was never resolved.
	byName map[string][]netip.Addr
	all    []netip.AddrPort
	// unknown is a name that was never resolved, if there is one.
	unknown string
}

// RefuseOwn has the guard refuse the services that Holdfast itself runs on, whatever else
// it allows: they trust every caller. list returns their host:port, and is called again
// while the guard is in use.
func (g *Guard) RefuseOwn(list func(context.Context) []string) { g.own.list = list }

// checkOwn refuses the address of one of Holdfast's own services. On this machine, which
// may also run receivers during tests, only the port identifies a service; a machine with
// another address is refused as a whole, including ports that are unknown here. While a
// service's name was never resolved, it may be at any non-public address that is allowed.
func (g *Guard) checkOwn(ctx context.Context, to netip.AddrPort) error {
	if g.own.list == nil {
		return nil
	}
	a := to.Addr().Unmap().WithZone("")
	known := g.ownServices(ctx)
	if slices.ContainsFunc(known.all, func(s netip.AddrPort) bool {
		if isHere(s.Addr()) {
			return s.Port() == to.Port() && isHere(a)
		}
		return s.Addr() == a
	}) {
		return fmt.Errorf("%w: %s", errOwn, to)
	}
	if known.unknown != "" && g.isAllowed(a) {
		return fmt.Errorf("%w: %s", errOwnUnknown, known.unknown)
	}
	return nil
}

// ownServices finds the services. Concurrent callers wait for the same result, 3 seconds at
// most.
func (g *Guard) ownServices(ctx context.Context) services {
	if last := g.own.known(); time.Since(last.at) < ownFor {
		return last
	}
	found, _, _ := g.own.asking.Do("", func() (any, error) {
		last := g.own.known()
		if time.Since(last.at) >= ownFor {
			last = g.findServices(context.WithoutCancel(ctx), last.byName)
			g.own.mu.Lock()
			defer g.own.mu.Unlock()
			g.own.last = last
		}
		return last, nil
	})
	return found.(services) //nolint:forcetypeassert // see above
}

func (o *own) known() services {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// findServices resolves the services' names, each with a bound of its own. before are their
// previous addresses.
func (g *Guard) findServices(ctx context.Context, before map[string][]netip.Addr) services {
	listing, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	ports := map[string][]uint16{}
	for _, service := range g.own.list(listing) {
		host, text, err := net.SplitHostPort(service)
		port, notPort := strconv.ParseUint(text, 10, 16)
		if err != nil || notPort != nil {
			continue // a socket on this machine
		}
		ports[host] = append(ports[host], uint16(port))
	}
	found := services{byName: map[string][]netip.Addr{}}
	var (
		mu    sync.Mutex
		names sync.WaitGroup
	)
	for host := range ports {
		names.Go(func() {
			addresses := g.addressesOf(ctx, host)
			mu.Lock()
			defer mu.Unlock()
			found.byName[host] = addresses
		})
	}
	names.Wait()
	for host, numbers := range ports {
		if found.byName[host] == nil {
			found.byName[host] = before[host]
		}
		if found.byName[host] == nil {
			found.unknown = host
		}
		for _, a := range found.byName[host] {
			for _, port := range numbers {
				found.all = append(found.all, netip.AddrPortFrom(a.Unmap().WithZone(""), port))
			}
		}
	}
	found.at = time.Now()
	return found
}

// addressesOf resolves the name of a service. It returns nil if that fails.
func (g *Guard) addressesOf(ctx context.Context, host string) []netip.Addr {
	if host == "" { // a service that listens everywhere
		return []netip.Addr{netip.IPv6Unspecified()}
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin)
	defer cancel()
	addresses, err := g.lookUp(ctx, host)
	if err != nil {
		return nil
	}
	return addresses
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
