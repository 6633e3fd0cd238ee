package stripetest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func (a *Account) route(r *http.Request, form url.Values) *answer {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch {
	case r.URL.Path == "/v1/payment_intents" && r.Method == http.MethodPost:
		return a.createIntent(form)
	case r.URL.Path == "/v1/payment_intents":
		return a.listIntents(form)
	case r.URL.Path == "/v1/payment_intents/search":
		return a.searchIntents(form)
	case parts[0] == "payment_intents" && len(parts) == 2:
		return a.readIntent(parts[1], form)
	case parts[0] == "payment_intents" && len(parts) == 3 && parts[2] == "cancel":
		return a.cancelIntent(parts[1], form)
	case r.URL.Path == "/v1/refunds" && r.Method == http.MethodPost:
		return a.createRefund(form)
	case r.URL.Path == "/v1/refunds":
		return a.listRefunds(form)
	case parts[0] == "refunds" && len(parts) == 2:
		return a.updateRefund(parts[1], form)
	}
	a.t.Errorf("nobody expects %s %s", r.Method, r.URL.Path)
	return refuse(http.StatusNotFound, "invalid_request_error", "", "", "Unrecognized request URL")
}

func (a *Account) createIntent(form url.Values) *answer {
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case err != nil || amount < 1:
		return refuse(http.StatusBadRequest, "invalid_request_error", "parameter_invalid_integer", "amount", "Invalid positive integer")
	case amount < 50:
		return refuse(http.StatusBadRequest, "invalid_request_error", "amount_too_small", "amount",
			"Amount must be at least €0.50 eur")
	case amount > 99999999:
		return refuse(http.StatusBadRequest, "invalid_request_error", "amount_too_large", "amount",
			"Amount must be no more than €999,999.99")
	case form.Get("currency") == "xts":
		return refuse(http.StatusBadRequest, "invalid_request_error", "", "currency", "Invalid currency: xts.")
	}
	i := &Intent{
		ID: a.id("pi"), Status: "requires_payment_method", Currency: form.Get("currency"), Amount: amount,
		Created: a.now.Unix(), Metadata: metadataIn(form),
		Automatic: form.Get("automatic_payment_methods[enabled]") == "true", Methods: methodsIn(form),
	}
	i.ClientSecret = i.ID + "_secret_" + token(i.ID)
	a.Intents = slices.Insert(a.Intents, 0, i)
	a.send("payment_intent.created", i.ID, a.render(i, nil))
	return agree(a.render(i, form))
}

func (a *Account) readIntent(id string, form url.Values) *answer {
	if i := a.Intent(id); i != nil {
		return agree(a.render(i, form))
	}
	return missing("payment_intent", id)
}

func (a *Account) cancelIntent(id string, form url.Values) *answer {
	i := a.Intent(id)
	if i == nil {
		return missing("payment_intent", id)
	}
	switch i.Status {
	case "requires_payment_method", "requires_capture", "requires_confirmation", "requires_action":
	default:
		res := refuse(http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state", "",
			"You cannot cancel this PaymentIntent because it has a status of "+i.Status+".")
		return withIntent(res, a.render(i, nil)) // Stripe sends all of it, the client secret too
	}
	i.Status = "canceled"
	a.send("payment_intent.canceled", i.ID, a.render(i, nil))
	return agree(a.render(i, form))
}

func (a *Account) listIntents(form url.Values) *answer {
	since, _ := strconv.ParseInt(form.Get("created[gte]"), 10, 64)
	var all []any
	for _, i := range a.Intents {
		if i.Created >= since {
			all = append(all, a.render(i, form))
		}
	}
	return a.listed(all, form)
}

// searchIntents finds what is at least a minute old.
func (a *Account) searchIntents(form url.Values) *answer {
	name, value, ok := strings.Cut(strings.TrimPrefix(form.Get("query"), `metadata["`), `"]:"`)
	if !ok {
		return refuse(http.StatusBadRequest, "invalid_request_error", "", "query", "We were unable to parse your search query.")
	}
	var found []any
	for _, i := range a.Intents {
		if i.Metadata[name] == strings.TrimSuffix(value, `"`) && a.now.Unix()-i.Created >= 60 {
			found = append(found, a.render(i, form))
		}
	}
	return agree(map[string]any{"object": "search_result", "data": list(found), "has_more": false, "url": "/v1/payment_intents/search"})
}

func (a *Account) createRefund(form url.Values) *answer {
	i := a.Intent(form.Get("payment_intent"))
	if i == nil {
		return missing("payment_intent", form.Get("payment_intent"))
	}
	amount, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
	left := i.Received
	for _, r := range a.Refunds {
		if r.Intent == i.ID && r.Status != "failed" && r.Status != "canceled" {
			left -= r.Amount
		}
	}
	switch {
	case i.Status != "succeeded":
		return refuse(http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state", "",
			"This PaymentIntent does not have a successful charge to refund.")
	case left == 0:
		return refuse(http.StatusBadRequest, "invalid_request_error", "charge_already_refunded", "", "Charge has already been refunded.")
	case amount > left:
		return refuse(http.StatusBadRequest, "invalid_request_error", "", "amount",
			fmt.Sprintf("Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left))
	}
	r := &Refund{
		ID: a.id("re"), Intent: i.ID, Status: "pending", Currency: i.Currency, Amount: amount, Created: a.now.Unix(),
		Metadata: metadataIn(form),
	}
	a.Refunds = slices.Insert(a.Refunds, 0, r)
	a.send("refund.created", r.Intent, r.render())
	return agree(r.render())
}

func (a *Account) listRefunds(form url.Values) *answer {
	if a.Intent(form.Get("payment_intent")) == nil {
		return missing("payment_intent", form.Get("payment_intent"))
	}
	var all []any
	for _, r := range a.Refunds {
		if r.Intent == form.Get("payment_intent") {
			all = append(all, r.render())
		}
	}
	return a.listed(all, form)
}

func (a *Account) updateRefund(id string, form url.Values) *answer {
	for _, r := range a.Refunds {
		if r.ID == id {
			maps.Copy(r.Metadata, metadataIn(form))
			return agree(r.render())
		}
	}
	return missing("refund", id)
}

// listed is one page of a list.
func (a *Account) listed(all []any, form url.Values) *answer {
	limit, _ := strconv.Atoi(form.Get("limit"))
	limit = min(limit, a.Page)
	if after := form.Get("starting_after"); after != "" {
		n := slices.IndexFunc(all, func(o any) bool { return o.(map[string]any)["id"] == after })
		all = all[n+1:]
	}
	more := len(all) > limit
	if more {
		all = all[:limit]
	}
	return agree(map[string]any{"object": "list", "data": list(all), "has_more": more, "url": "/v1"})
}

// render encodes a PaymentIntent, with the expansions that the caller asked for.
func (a *Account) render(i *Intent, form url.Values) map[string]any {
	res := map[string]any{
		"id": i.ID, "object": "payment_intent", "amount": i.Amount, "amount_received": i.Received,
		"currency": i.Currency, "status": i.Status, "created": i.Created, "metadata": i.Metadata,
		"client_secret": i.ClientSecret, "latest_charge": nil, "livemode": false,
	}
	if i.Charge == nil {
		return res
	}
	res["latest_charge"] = i.Charge["id"]
	for _, e := range expanded(form) {
		charge := maps.Clone(i.Charge)
		if strings.HasSuffix(e, ".refunds") {
			var refunds []any
			for _, r := range a.Refunds {
				if r.Intent == i.ID {
					refunds = append(refunds, r.render())
				}
			}
			most := min(len(refunds), 10) // this many are included
			charge["refunds"] = map[string]any{"object": "list", "data": list(refunds[:most]), "has_more": len(refunds) > most}
		}
		res["latest_charge"] = charge
	}
	return res
}

func (r *Refund) render() map[string]any {
	res := map[string]any{
		"id": r.ID, "object": "refund", "amount": r.Amount, "currency": r.Currency, "payment_intent": r.Intent,
		"status": r.Status, "created": r.Created, "metadata": r.Metadata,
	}
	if r.Reason != "" {
		res["failure_reason"] = r.Reason
	}
	return res
}

func expanded(form url.Values) []string {
	var res []string
	for k, v := range form {
		if strings.HasPrefix(k, "expand[") {
			res = append(res, v...)
		}
	}
	return res
}

// methodsIn are the payment methods that a request names, one by one.
func methodsIn(form url.Values) []string {
	var methods []string
	for n := 0; form.Has(fmt.Sprintf("payment_method_types[%d]", n)); n++ {
		methods = append(methods, form.Get(fmt.Sprintf("payment_method_types[%d]", n)))
	}
	return methods
}

func metadataIn(form url.Values) map[string]string {
	res := map[string]string{}
	for k, v := range form {
		if name, ok := strings.CutPrefix(k, "metadata["); ok {
			res[strings.TrimSuffix(name, "]")] = v[0]
		}
	}
	return res
}

func list(items []any) []any { return append([]any{}, items...) }

func token(of string) string {
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:12])
}

func agree(body any) *answer {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &answer{status: http.StatusOK, body: text}
}

func refuse(status int, kind, code, param, message string) *answer {
	e := map[string]any{"type": kind, "message": message}
	if code != "" {
		e["code"] = code
	}
	if param != "" {
		e["param"] = param
	}
	text, err := json.Marshal(map[string]any{"error": e})
	if err != nil {
		panic(err)
	}
	return &answer{status: status, body: text}
}

func withIntent(a *answer, intent any) *answer {
	var body map[string]map[string]any
	if err := json.Unmarshal(a.body, &body); err != nil {
		panic(err)
	}
	body["error"]["payment_intent"] = intent
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &answer{status: a.status, body: text}
}

func missing(kind, id string) *answer {
	return refuse(http.StatusNotFound, "invalid_request_error", "resource_missing", "intent", "No such "+kind+": '"+id+"'")
}
