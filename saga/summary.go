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

// OrderSummary is an order in one line, for lists in the web UI. total is the order's
// amount if it is known at the start, or nil.
func OrderSummary(p order.Placement, total *int64) string {
	s := "customer " + p.CustomerID + " · " + Plural(len(p.Lines), "line")
	if total != nil && p.Currency != "" {
		s += " · " + Money(*total, p.Currency)
	}
	return cut(s, maxSummaryBytes)
}

// RefundSummary is a refund in one line.
func RefundSummary(r order.Refund) string {
	return cut(Money(r.Amount, r.Currency)+" · payment "+r.PaymentID+" · order "+r.OrderID+" · "+
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
