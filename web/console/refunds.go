package console

import (
	"net/http"
	"net/url"

	"holdfast/client"
)

// refundAnchor names a refund's place on the page of all refunds.
func refundAnchor(r client.Refund) string { return "refund-" + r.PaymentID + "-" + r.ID }

// refundName names the form about a refund.
func refundName(paymentID, refundID string) string { return paymentID + "/" + refundID }

func (c *Console) refundsPage(v *visit) error { return c.showRefunds(v, nil) }

// showRefunds lists the refunds that aren't completed: those that wait for a person first.
func (c *Console) showRefunds(v *visit, t *tried) error {
	page, err := v.api.Refunds(v.R.Context(), "", mostRows, v.R.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	var waiting, others []client.Refund
	for _, r := range page.Items {
		if r.Status.Waits() {
			waiting = append(waiting, r)
		} else {
			others = append(others, r)
		}
	}
	next := ""
	if page.NextCursor != "" {
		next = "/console/refunds?" + url.Values{"cursor": {page.NextCursor}}.Encode()
	}
	status := http.StatusOK
	if t != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.Render(status, refundsView(v, waiting, others, next, sheet{Tried: t}))
}

func (c *Console) decideRefund(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	a := action{Key: v.R.PostForm.Get("key"), Form: v.R.PostForm}
	d := client.Decision{
		PaymentID: a.text("payment"), RefundID: a.text("refund"), Choice: a.text("choice"), OrderID: a.text("order"), Status: a.text("status"),
	}
	form := refundName(d.PaymentID, d.RefundID)
	var err error
	switch {
	case d.Choice == "":
		err = invalidError{"choice": "console.field.choose"}
	case d.Choice == "assign" && d.OrderID == "":
		err = invalidError{"order": "field.required"}
	default:
		if d.Choice != "assign" {
			d.OrderID = ""
		}
		_, err = v.api.DecideRefund(v.R.Context(), a.Key, d)
	}
	if err != nil {
		t := v.triedOf(form, a.Form, err)
		if t == nil {
			return err
		}
		return c.showRefunds(v, t)
	}
	v.Say("ok", "console.done.decided")
	return v.Redirect("/console/refunds")
}
