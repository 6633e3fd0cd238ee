package saga

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"holdfast/order"
	"holdfast/webhook"
)

// Temporal's limits on what the web UI shows.
const (
	maxSummaryBytes = 400
	maxDetailsBytes = 20_000
)

// OrderSummary is an order in one line, for lists in the web UI.
func OrderSummary(p order.Placement) string {
	s := "customer " + p.CustomerID + " · " + Plural(len(p.Lines), "line")
	switch {
	case p.Resumed != nil:
		s += " · " + Money(p.Resumed.Order.Amounts[order.AmountTotal], p.Resumed.Order.Currency)
	case p.Quote != nil:
		s += " · " + Money(p.Quote.Total, p.Quote.Currency)
	}
	return cut(s, maxSummaryBytes)
}

// RefundSummary is a refund in one line.
func RefundSummary(r order.Refund) string {
	amount := Money(r.Amount, r.Currency)
	if r.All && r.Amount == 0 {
		amount = "all that is left"
	}
	return cut(amount+" · payment "+r.PaymentID+" · order "+r.OrderID+" · "+
		string(r.Reason), maxSummaryBytes)
}

// WebhookSummary describes a delivery in one line.
func WebhookSummary(d webhook.Delivery) string { return d.Event.Type + " to " + d.Host }

// Money formats an amount of minor units for people: "12.50 EUR".
func Money(minor int64, code string) string {
	a, err := currency.NewAmountFromInt64(minor, code)
	if err != nil { // a code that is not in ISO 4217: unformatted
		return strconv.FormatInt(minor, 10) + " " + code
	}
	return a.Number() + " " + a.CurrencyCode()
}

// OrderDetails is a short Markdown table of the order, for its page in the web UI. pending
// is what it waits for before it can end, if anything.
func OrderDetails(o *order.Order, pending string) string {
	var b text
	b.add("**%s** · customer %s · %s\n\n", o.Status, o.CustomerID, Money(o.Amounts[order.AmountTotal], o.Currency))
	if pending != "" {
		b.add("%s\n\n", pending)
	}
	switch {
	case o.Status == order.StatusAwaitingPayment:
		b.add("Payment awaited until %s\n\n", o.Payment.Deadline.Format(time.RFC3339))
	case o.Payment.Status == order.PaymentPaid:
		b.add("Paid %s by payment %s\n\n", o.Payment.PaidAt.Format(time.RFC3339), o.Payment.ID)
	case o.CancelReason != "":
		b.add("Reason: %s\n\n", o.CancelReason)
	}
	for _, s := range o.Shortages {
		b.add("- %s %s: %s, asked %d, available %d\n", s.ProductID, s.SKU, s.Reason, s.Requested, s.Available)
		if b.Len() > maxDetailsBytes/2 {
			break
		}
	}
	for _, c := range o.RefusedCoupons {
		b.add("- coupon %s: %s\n", c.Code, c.Reason)
	}
	b.goods(o)
	b.add("\n| product | sku | title | quantity | amount |\n|---|---|---|---:|---:|\n")
	for i, l := range o.Lines {
		row := fmt.Sprintf("| %s | %s | %s | %d | %s |\n",
			l.ProductID, l.SKU, strings.ReplaceAll(l.Title, "|", "\\|"), l.Quantity, Money(l.Amount, o.Currency))
		if b.Len()+len(row) > maxDetailsBytes-100 {
			b.add("\n… and %s more\n", Plural(len(o.Lines)-i, "line"))
			break
		}
		b.add("%s", row)
	}
	return cut(b.String(), maxDetailsBytes)
}

// text is a builder for formatted pieces. (workflowcheck trusts Sprintf but not Fprintf,
// which may write to anything.)
type text struct{ strings.Builder }

// goods adds what became of a paid order's goods.
func (t *text) goods(o *order.Order) {
	f := o.Fulfilment
	if f == nil {
		return
	}
	if f.Brake != nil {
		t.add("On hold since %s\n\n", f.Brake.At.Format(time.RFC3339))
	}
	for _, u := range f.Units {
		t.add("- %s: %s\n", u.Node, Plural(int(u.Units), "unit"))
	}
	if !f.ReturnBy.IsZero() {
		t.add("- returns until %s\n", f.ReturnBy.Format(time.RFC3339))
	}
	for _, a := range f.Alerts {
		t.add("- alert %s %s %s\n", a.Rule, a.PackageID, a.Detail)
		if t.Len() > maxDetailsBytes/4 {
			break
		}
	}
	if len(f.Packages) > 0 {
		t.add("\n| package | node | marks | tracking |\n|---|---|---|---|\n")
	}
	for i := range f.Packages {
		if p := &f.Packages[i]; p.RemovedAt.IsZero() {
			t.add("| %s | %s | %s | %s |\n", p.ID, p.Node(), marksOf(p), strings.Join(p.TrackingNumbers, " "))
		}
		if t.Len() > maxDetailsBytes/2 {
			t.add("\n… of %s\n", Plural(len(f.Packages), "package"))
			break
		}
	}
	for _, r := range f.Returns {
		t.add("- return %s: %s\n", r.ID, r.Status)
		if t.Len() > maxDetailsBytes*2/3 {
			break
		}
	}
}

func marksOf(p *order.Package) string {
	var marks []string
	for _, m := range p.Marks() {
		marks = append(marks, string(m))
	}
	if p.Resolution != nil {
		marks = append(marks, "resolved: "+string(p.Resolution.Action))
	}
	return strings.Join(marks, ", ")
}

func (t *text) add(format string, args ...any) {
	piece := fmt.Sprintf(format, args...)
	_, _ = t.WriteString(piece) // a builder never fails
}

// Plural formats a count: "1 line", "2 lines".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// cut shortens s to at most n bytes, at a rune's start.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
