package api

import (
	"errors"
	"math"

	"github.com/gin-gonic/gin"
)

// Chains of commands that may run at the same time for one buyer, and for all buyers of one network. Few
// scripts run at a time, so whoever asks for many quotes at once would make all others wait.
const (
	buyersChains   = 4
	networksChains = 8
)

var errTooManyChains = errors.New("too many of the caller's orders and quotes are being decided at the same time")

func newChainShares() *shares { return newShares(math.MaxInt64) }

// chainHolders returns the holders whose shares of running chains a request counts against. Staff and a
// shop's own programs have no limit.
func (s *Server) chainHolders(c *gin.Context) []share {
	caller := CallerOf(c.Request.Context())
	if caller.Staff() {
		return nil
	}
	return []share{
		{"caller/" + allowanceKey(c, caller), buyersChains}, {"network/" + network(c.ClientIP()), networksChains},
	}
}
