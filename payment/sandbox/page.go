package sandbox

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/bojanz/currency"

	"holdfast/order"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var style string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// contentPolicy allows the page its own style and its own form, and nothing else: no
// script, no framing, nothing from elsewhere.
var contentPolicy = "default-src 'none'; style-src 'sha256-" + styleHash() +
	"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// page is what the page shows.
type page struct {
	Title   string
	Style   template.CSS
	Problem string
	Payment *view
	// Back is the address of the order's own page.
	Back string
}

// view is a payment as shown to a person.
type view struct {
	ID, Order, Amount, State, Refunded string
	Status                             order.ProviderStatus
	Buttons                            []button
}

// button is one thing that the buyer may do.
type button struct {
	Action      Action
	Label, Does string
	First       bool
}

var (
	payButtons = []button{
		{ActionPay, "Pay", "The money is there at once.", true},
		{ActionDecline, "Decline", "This try fails; the buyer may try again.", false},
		{ActionRefuse, "Refuse", "The provider refuses the payment for good: the order ends.", false},
		{ActionProcess, "Pay slowly", "As a bank transfer does: come back here to pay or to decline.", false},
		{ActionPayLate, "Pay late", "The money arrives after the order stopped waiting, and must be refunded.", false},
		{ActionPayTwice, "Pay twice", "The money arrives twice; the second payment must be refunded.", false},
	}
	slowButtons = []button{
		{ActionPay, "Pay", "The transfer arrives.", true},
		{ActionDecline, "Decline", "It fails; the buyer may try again.", false},
		{ActionPayLate, "Pay late", "It arrives after the order's payment window.", false},
	}
	paidButtons = []button{
		{ActionOpenDispute, "Dispute", "The buyer's bank reclaims the money.", false},
		{ActionWinDispute, "Win the dispute", "The bank decides for the shop.", false},
		{ActionLoseDispute, "Lose the dispute", "The bank decides for the buyer.", false},
	}
	refundedButtons = []button{
		{ActionFailRefund, "Fail the refund", "The buyer's bank returns the last refund; an operator has to decide.", true},
	}
	lateButtons = []button{
		{ActionPayLate, "Pay late", "The money arrives all the same, and must be refunded.", false},
	}
)

// viewOf describes a payment in words.
func viewOf(p order.ProviderPayment) *view {
	v := &view{ID: p.ID, Order: p.OrderID, Amount: money(p.Amount, p.Currency), Status: p.Status}
	switch p.Status {
	case order.ProviderOpen:
		v.State, v.Buttons = "waiting for the buyer", payButtons
	case order.ProviderProcessing:
		v.State, v.Buttons = "being processed", slowButtons
	case order.ProviderSucceeded:
		v.State, v.Buttons = "paid", paidButtons
		if slices.ContainsFunc(p.Refunds, func(r order.ProviderRefund) bool { return r.Status == order.RefundPaid }) {
			v.Buttons = slices.Concat(refundedButtons, paidButtons)
		}
	case order.ProviderCancelled:
		v.State, v.Buttons = "cancelled", lateButtons
	}
	var back int64
	for _, r := range p.Refunds {
		if r.Status == order.RefundPaid {
			back += r.Amount
		}
	}
	if back > 0 {
		v.Refunded = money(back, p.Currency)
	}
	return v
}

// money formats an amount of minor units for people: "€12.50".
func money(minor int64, code string) string {
	a, err := currency.NewAmountFromInt64(minor, code)
	if err != nil { // a code that is not in ISO 4217: unformatted
		return strconv.FormatInt(minor, 10) + " " + code
	}
	return currency.NewFormatter(currency.NewLocale("en")).Format(a)
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, shown page) {
	if shown.Payment != nil && p.orders != "" {
		shown.Back = p.orders + url.PathEscape(shown.Payment.Order)
	}
	shown.Style, shown.Title = template.CSS(style), "Not found" //nolint:gosec // it is our own file
	switch {
	case shown.Payment != nil:
		shown.Title = shown.Payment.Amount + " " + shown.Payment.State
	case status != http.StatusNotFound:
		shown.Title = http.StatusText(status)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, shown); err != nil {
		p.log.ErrorContext(r.Context(), "the sandbox's page can't be written", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the caller may be gone
}
