package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/price"
	"holdfast/quoting"
)

// ListShippingMethods implements ServerInterface.
func (s *Server) ListShippingMethods(c *gin.Context, params openapi.ListShippingMethodsParams) {
	switch {
	case len(optional(params.Currency)) > len("EUR"):
		s.fail(c, malformed("currency", "must be a currency's code, such as EUR"))
		return
	case len(optional(params.Country)) > len("DE"):
		s.fail(c, malformed("country", "must be a country's code, such as DE"))
		return
	}
	seen, err := s.cfg.Quoting.Look(c.Request.Context(), quoting.Ask{Terms: true})
	if err != nil {
		s.fail(c, fmt.Errorf("%w: %w", errPriceBooks, err))
		return
	}
	list := openapi.ShippingMethodList{Items: []openapi.OfferedShipping{}}
	if seen.Book != nil {
		for _, m := range seen.Book.ShippingMethods {
			if currency := optional(params.Currency); currency != "" && !strings.EqualFold(currency, m.Currency) {
				continue
			}
			if !m.Serves(strings.ToUpper(optional(params.Country))) {
				continue
			}
			list.Items = append(list.Items, offeredShipping(m))
		}
	}
	c.JSON(http.StatusOK, list)
}

func offeredShipping(m price.ShippingMethod) openapi.OfferedShipping {
	return openapi.OfferedShipping{ID: m.ID, Title: m.Title, Currency: m.Currency, Default: m.Default}
}
