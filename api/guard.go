package api

import (
	"errors"
	"net"
	"strings"

	"github.com/gin-gonic/gin"
)

var (
	errCrossOrigin = errors.New("a page of another origin sent this: " +
		"only pages of this gateway and of trusted origins may change anything")
	errForeignHost = errors.New("with authentication off, the gateway accepts only loopback host names: " +
		"use localhost or 127.0.0.1")
)

// Callbacks need no guard: their callers prove their identity with a signature, and may arrive
// through a tunnel that has its own host name.
const (
	paymentCallbacks = "/v1/payments/callbacks/:provider"
	carrierCallbacks = "/v1/carriers/:carrier/callbacks"
)

func isCallback(route string) bool { return route == paymentCallbacks || route == carrierCallbacks }

// guard keeps web pages away. Pages of other origins can make a browser send requests, and with
// DNS rebinding to 127.0.0.1 they could even read the responses of a gateway that runs without
// authentication. Programs send no Origin.
func (s *Server) guard(c *gin.Context) {
	switch {
	case isCallback(c.FullPath()):
	case s.cfg.Identity == nil && !IsLoopback(c.Request.Host):
		s.fail(c, errForeignHost)
	case s.crossOrigin.Check(c.Request) != nil:
		s.fail(c, errCrossOrigin)
	}
}

// IsLoopback reports whether a Host header is a loopback name.
func IsLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}
