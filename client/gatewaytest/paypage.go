package gatewaytest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/payment/sandbox"
)

// open returns the single payment that an order has here.
func (g *Gateway) open(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	if o.Status != order.StatusAwaitingPayment {
		problem(w, http.StatusConflict, "order-closed")
		return
	}
	answer(w, http.StatusCreated, map[string]any{
		"orderId": o.ID, "provider": sandbox.Name, "paymentId": "at-" + o.ID, "attempt": 1,
		"amount": o.Amounts[order.AmountTotal], "currency": o.Currency, "redirectUrl": g.URL + "/sandbox/pay/at-" + o.ID,
	})
}

// page does what a buyer does on the sandbox's page, with its effect on the order. A late
// payment arrives when the order ends: Expire ends those that wait.
func (g *Gateway) page(w http.ResponseWriter, r *http.Request) {
	var choice struct {
		Action sandbox.Action
		Amount int64
	}
	paymentID := r.PathValue("id")
	o := g.Orders[strings.TrimPrefix(paymentID, "at-")]
	if o == nil || json.NewDecoder(r.Body).Decode(&choice) != nil {
		problem(w, http.StatusNotFound, "unknown-payment")
		return
	}
	total := o.Amounts[order.AmountTotal]
	wrong := choice.Amount != 0 && choice.Amount != total
	switch {
	case o.Status != order.StatusAwaitingPayment:
	case choice.Action == sandbox.ActionPayLate:
		g.Late[o.ID] = paymentID
	case choice.Action == sandbox.ActionRefuse:
		o.Close(order.StatusCancelled, order.ReasonPaymentRefused, "provider:sandbox", time.Now())
	case wrong:
		g.refund(o.ID, paymentID, order.RefundWrongAmount)
	case choice.Action == sandbox.ActionPay, choice.Action == sandbox.ActionPayTwice:
		takes(o, order.PaymentEvent{Provider: sandbox.Name, PaymentID: paymentID, Amount: total, OccurredAt: time.Now()})
		if choice.Action == sandbox.ActionPayTwice {
			g.refund(o.ID, paymentID+"~2", order.RefundDouble)
		}
	}
	answer(w, http.StatusOK, map[string]any{"paymentId": paymentID})
}

// Expire ends all orders that await their payment.
func (g *Gateway) Expire() {
	g.Lock()
	defer g.Unlock()
	for _, o := range g.Orders {
		if o.Status == order.StatusAwaitingPayment {
			o.Close(order.StatusExpired, order.ReasonWindowPassed, order.ActorSystem, time.Now())
			g.comesLate(o.ID)
		}
	}
}

func (g *Gateway) comesLate(orderID string) {
	if paymentID, late := g.Late[orderID]; late {
		delete(g.Late, orderID)
		g.refund(orderID, paymentID, order.RefundLate)
	}
}

func (g *Gateway) refund(orderID, paymentID string, reason order.RefundReason) {
	for _, r := range g.Refunds[orderID] {
		if r.PaymentID == paymentID {
			return
		}
	}
	g.Refunds[orderID] = append(g.Refunds[orderID], order.Refund{PaymentID: paymentID, Reason: reason, Status: order.RefundPaid})
}
