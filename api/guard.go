package api

import (
	"errors"
	"net"
	"strings"

	"github.com/gin-gonic/gin"
)

var (
	errCrossOrigin = errors.New("a page of another origin sent this: " +
		"only pages of this gateway, and of origins that it was told to trust, may change something")
	errForeignHost = errors.New("with authentication off, the gateway answers to loopback names alone: " +
		"call it as localhost or 127.0.0.1")
)

// callbackRoute needs no guard: its callers prove by a signature who they are,
// and may come through a tunnel that has a name of its own.
const callbackRoute = "/v1/payments/callbacks/:provider"

// guard keeps web pages away: those of other origins can make a browser send
// requests, and those whose name was bound anew to 127.0.0.1 could read the answers of
// a gateway that asks nobody who he is, too. Programs send no Origin.
func (s *Server) guard(c *gin.Context) {
	switch {
	case c.FullPath() == callbackRoute:
	case s.cfg.Identity == nil && !isLoopback(c.Request.Host):
		s.fail(c, errForeignHost)
	case s.crossOrigin.Check(c.Request) != nil:
		s.fail(c, errCrossOrigin)
	}
}

// isLoopback tells whether a Host header names this machine to itself.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}
