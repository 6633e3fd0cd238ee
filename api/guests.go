package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
)

var (
	errNoGuests      = errors.New("this shop takes no guests: customers need a token")
	errTooManyGuests = errors.New("too many guests of this network in this minute")
)

// newGuestLimit counts, per minute and network, the guests that get a token.
func newGuestLimit(guests int) (*allowance, error) {
	if guests < 0 {
		return nil, errors.New("gateway: a limit of guests must not be negative")
	}
	return newAllowance("guests-of-network", guests, time.Minute, errTooManyGuests)
}

// CreateGuest implements ServerInterface. Nothing is stored about a guest before their first order.
func (s *Server) CreateGuest(c *gin.Context) {
	err := decodeOptional(c, &struct{}{})
	if err == nil && s.cfg.Guests == nil {
		err = errNoGuests
	}
	if err == nil {
		err = s.guestLimit.take(c, network(c.ClientIP()), 0, 1)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	guest, err := s.cfg.Guests.New()
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusCreated, openapi.Guest{CustomerID: guest.ID, Token: guest.Token, ExpiresAt: guest.Expires})
}

// countNetwork counts a guest's order and its units among those of all guests of their network:
// otherwise anyone could get around the limits of one customer as another guest.
func (s *Server) countNetwork(c *gin.Context, p *order.Placement) {
	if (s.cfg.MaxNetworkOrders > 0 || s.cfg.MaxNetworkUnits > 0) && CallerOf(c.Request.Context()).Guest() {
		pseudonyms := []string{s.cfg.Guests.Pseudonym(network(c.ClientIP()))}
		if wide := wideNetwork(c.ClientIP()); wide != "" {
			pseudonyms = append(pseudonyms, s.cfg.Guests.Pseudonym(wide))
		}
		p.Network = product.GuestsOf(pseudonyms...)
		p.MaxNetworkOrders, p.MaxNetworkUnits = s.cfg.MaxNetworkOrders, s.cfg.MaxNetworkUnits
	}
}
