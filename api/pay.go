package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
	"holdfast/saga"
)

// OpenPayment implements ServerInterface. The order's saga creates the payment, so that none can be
// created while the order ends. What the buyer needs to pay is requested from the provider, and
// cached in memory for a minute.
func (s *Server) OpenPayment(c *gin.Context, id openapi.ID, params openapi.OpenPaymentParams) {
	offer, isNew, err := s.openPayment(c, id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	c.JSON(status, offer)
}

func (s *Server) openPayment(c *gin.Context, id string, key *string) (openapi.PaymentOffer, bool, error) {
	var in openapi.PaymentRequest
	if err := decodeOptionalKeyed(c, key, &in); err != nil {
		return openapi.PaymentOffer{}, false, err
	}
	name, provider, err := s.provider(in.Provider)
	if err != nil {
		return openapi.PaymentOffer{}, false, err
	}
	ctx := c.Request.Context()
	if err := s.payLimits.ofCaller(c); err != nil {
		return openapi.PaymentOffer{}, false, err
	}
	if err := s.checkOwner(ctx, id); err != nil {
		return openapi.PaymentOffer{}, false, err
	}
	if err := s.payLimits.ofOrder(c, id); err != nil {
		return openapi.PaymentOffer{}, false, err
	}
	answer, err := s.askToPay(ctx, id, key, saga.PayRequest{Provider: name, Actor: CallerOf(ctx).Subject})
	if err != nil {
		return openapi.PaymentOffer{}, false, fmt.Errorf("open a payment of order %s: %w", id, err)
	}
	p := answer.Payment
	if p.Provider != name { // a repeated key returns the first call's payment, at whatever provider
		if name, provider, err = s.provider(p.Provider); err != nil {
			return openapi.PaymentOffer{}, false, err
		}
	}
	checkout, err := s.checkout(ctx, id, payable{name: name, id: p.ID, provider: provider}, key != nil)
	if err != nil {
		return openapi.PaymentOffer{}, false, err
	}
	return openapi.PaymentOffer{
		OrderID: id, Provider: name, PaymentID: p.ID, Attempt: p.Attempt, Amount: p.Amount, Currency: p.Currency,
		RedirectURL: checkout.RedirectURL, ClientSecret: checkout.ClientSecret,
	}, p.New, nil
}

// provider returns a payment provider by name, or the shop's first one if name is empty.
func (s *Server) provider(name string) (string, Provider, error) {
	if name == "" {
		name = s.cfg.DefaultProvider
	}
	if p, ok := s.cfg.Providers[name]; ok {
		return name, p, nil
	}
	if len(s.cfg.Providers) == 0 {
		return "", nil, errNoProviders
	}
	// The providers of a shop are not disclosed to customers: each is an attack surface.
	return "", nil, product.Invalid{{Path: "provider", Reason: "is not a payment provider of this shop"}}
}

// askToPay asks the order's saga for a payment.
func (s *Server) askToPay(ctx context.Context, id string, key *string, pay saga.PayRequest) (saga.Answer, error) {
	answer, err := s.cfg.Sagas.Pay(ctx, id, key, pay)
	switch {
	case errors.Is(err, saga.ErrUndecided): // the provider is slow
		return answer, errProviderAway
	case errors.Is(err, saga.ErrNotFound):
		answer, err = s.answerOfForgotten(ctx, id, "")
	}
	if err != nil {
		return answer, err
	}
	if err := verdictError(answer.Verdict, errNotPayable); err != nil {
		if answer.Detail == "" || answer.Verdict != saga.VerdictDeclined { // other details are for operators
			return answer, err
		}
		p := *problemOf(err)
		p.Detail = answer.Detail
		return answer, &p
	}
	if answer.Payment == nil {
		return answer, errors.New("the saga's answer has no payment")
	}
	return answer, nil
}
