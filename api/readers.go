package api

import (
	"maps"
	"net/url"
	"slices"

	"holdfast/order"
	"holdfast/product"
	"holdfast/webhook"
)

// Stored documents name members of staff and products that aren't listed. The functions here reduce
// them to what a caller may see; staff see everything.

// shownDetails are the details of a journal entry that a customer may see. Unknown details are not
// shown.
var shownDetails = []string{"reason", "from", "amount", "currency", "paymentId", "provider", "ends"}

// orderFor returns an order's document as the caller may see it, without what only the shop's programs
// need.
func orderFor(caller Caller, doc []byte) ([]byte, error) {
	if caller.Staff() && shownAsStored(doc) {
		return doc, nil
	}
	o, err := readShown(doc)
	if err != nil {
		return nil, err
	}
	by, err := o.goodsFor(caller)
	if err != nil {
		return nil, err
	}
	if doc, err = replaceMembers(doc, by); err != nil || caller.Staff() {
		return doc, err
	}
	for i := range o.Journal {
		o.Journal[i] = entryFor(o.CustomerID, o.Journal[i])
	}
	doc, err = replaceMember(doc, "journal", o.Journal)
	if err == nil && len(o.Shortages) > 0 {
		doc, err = replaceMember(doc, "shortages", shortagesFor(caller, o.Shortages))
	}
	if err == nil && o.CancelReason != "" {
		doc, err = replaceMember(doc, "cancelReason", shownReason(string(o.CancelReason)))
	}
	return doc, err
}

func entryFor(customerID string, e order.Entry) order.Entry {
	isOwn := e.Actor == customerID
	e.Actor = order.ActorFor(customerID, e.Actor)
	if e.Detail == nil {
		return e
	}
	e.Detail = maps.Clone(e.Detail)
	maps.DeleteFunc(e.Detail, func(name, _ string) bool {
		return !slices.Contains(shownDetails, name) && (name != order.DetailNote || !isOwn)
	})
	if reason, ok := e.Detail["reason"]; ok {
		e.Detail["reason"] = shownReason(reason)
	}
	return e
}

// shownReason returns the reason that a customer sees: to customers, a product that isn't listed
// doesn't exist, and a suspicion of fraud is not disclosed.
func shownReason(reason string) string {
	switch reason {
	case string(product.ReasonNotListed):
		return string(product.ReasonNotFound)
	case string(order.ReasonFraud):
		return string(order.ReasonOperator)
	}
	return reason
}

// shortagesFor returns the lines that can't be fulfilled, as the caller may see them. To customers,
// a product that isn't listed is not found, and nothing else is said about it.
func shortagesFor(caller Caller, all []order.Shortage) []order.Shortage {
	if caller.Staff() {
		return all
	}
	unlisted := map[string]bool{}
	for _, s := range all {
		if s.Reason == product.ReasonNotListed {
			unlisted[s.ProductID] = true
		}
	}
	shown := make([]order.Shortage, 0, len(all))
	for _, s := range all {
		switch {
		case s.Reason == product.ReasonNotListed:
			s = order.Shortage{ProductID: s.ProductID, SKU: s.SKU, Requested: s.Requested, Reason: product.ReasonNotFound}
		case unlisted[s.ProductID] && s.Reason != product.ReasonTooManyOpenOrders && s.Reason != product.ReasonTooManyNetworkOrders:
			continue
		}
		shown = append(shown, s)
	}
	return shown
}

// refundFor returns a refund as the caller may see it.
func refundFor(caller Caller, r order.Refund) order.Refund {
	if caller.Staff() {
		return r.Shown()
	}
	public := r.Public()
	public.Actor = order.ActorFor(caller.Subject, r.Actor)
	return public
}

// webhookFor returns a webhook as the caller may see it. Its URL may contain a secret that allows
// anyone to post to the receiver, so only operators, who register webhooks, see all of it.
func webhookFor(caller Caller, w webhook.Endpoint) webhook.Endpoint {
	if slices.Contains(caller.Roles, RoleOperator) {
		return w
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		u = &url.URL{}
	}
	w.URL = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).String()
	return w
}
