// Package loopback finds and checks ports on the loopback interface, the only one that the
// embedded stack listens on: nothing in it authenticates callers.
package loopback

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Host is the address that every part of the embedded stack listens on.
const Host = "127.0.0.1"

// TakenError means that another program listens on a requested port.
type TakenError struct {
	Port int
}

// Error names the port and what to do about it.
func (e *TakenError) Error() string {
	return fmt.Sprintf("port %d on %s is taken by another program", e.Port, Host)
}

// Address is the loopback address with the given port.
func Address(port int) string {
	return net.JoinHostPort(Host, strconv.Itoa(port))
}

// Ports finds ports to listen on: each wanted one itself or, for 0, any free one. All are
// different. A wanted port that is in use is a *TakenError.
//
// The ports are only checked, not reserved: a program that starts in between can still take
// one, and then the part that wanted it fails to listen.
func Ports(wanted ...int) ([]int, error) {
	found := make([]int, len(wanted))
	for i, port := range wanted {
		l, err := listen(port)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, &TakenError{Port: port}
		}
		if err != nil {
			return nil, fmt.Errorf("try port %d on %s: %w", port, Host, err)
		}
		// Kept open until all are found, so that no free port is found twice.
		defer func() { _ = l.Close() }()
		found[i] = l.Addr().(*net.TCPAddr).Port
	}
	return found, nil
}

// Free ports are chosen below those that systems use for outgoing connections (from 32768
// on Linux): one of these could be taken at any moment, even while the program that it was
// found for restarts.
const firstFree, lastFree = 10_000, 32_000

func listen(port int) (net.Listener, error) {
	if port != 0 {
		return net.Listen("tcp", Address(port))
	}
	for range 100 {
		if l, err := net.Listen("tcp", Address(firstFree+rand.IntN(lastFree-firstFree))); err == nil { //nolint:gosec // no secret
			return l, nil
		}
	}
	return net.Listen("tcp", Address(0))
}
