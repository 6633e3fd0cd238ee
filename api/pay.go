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

// OpenPayment implements ServerInterface. The order's saga has the payment made, so
// that none can come about while the order ends; what the buyer needs to pay by it is
// asked of the provider, and kept in memory alone, for a minute.
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
	if p.Provider != name { // a repeated key is the first call, whichever provider that asked for
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

// provider finds a payment provider by its name; without one, the shop's first.
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
	// Which ones the shop has is no customer's business: each is a way in.
	return "", nil, product.Invalid{{Path: "provider", Reason: "is not a payment provider of this shop"}}
}

// askToPay asks the order's saga for a payment.
func (s *Server) askToPay(ctx context.Context, id string, key *string, pay saga.PayRequest) (saga.Answer, error) {
	answer, err := s.cfg.Sagas.Pay(ctx, id, key, pay)
	switch {
	case errors.Is(err, saga.ErrUndecided): // its provider takes its time
		return answer, errProviderAway
	case errors.Is(err, saga.ErrNotFound):
		answer, err = s.answerOfForgotten(ctx, id, "")
	}
	if err != nil {
		return answer, err
	}
	if err := verdictError(answer.Verdict, errNotPayable); err != nil {
		if answer.Detail == "" || answer.Verdict != saga.VerdictDeclined { // others are told in words for operators
			return answer, err
		}
		p := *problemOf(err)
		p.Detail = answer.Detail
		return answer, &p
	}
	if answer.Payment == nil {
		return answer, errors.New("the saga answered no payment")
	}
	return answer, nil
}
