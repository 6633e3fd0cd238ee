package console

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"holdfast/client"
)

// units reads the quantities of a form's fields with this prefix, such as u.<line>. Empty ones are none.
func (a action) units(prefix string) ([]client.LineUnits, error) {
	var all []client.LineUnits
	invalid := invalidError{}
	for name := range a.Form {
		line, ok := strings.CutPrefix(name, prefix)
		text := a.text(name)
		if !ok || text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			invalid[name] = "console.field.number"
			continue
		}
		if n > 0 {
			all = append(all, client.LineUnits{LineID: line, Quantity: n})
		}
	}
	if len(invalid) > 0 {
		return nil, invalid
	}
	slices.SortFunc(all, func(x, y client.LineUnits) int { return strings.Compare(x.LineID, y.LineID) }) // the same form is the same request
	return all, nil
}

// someUnits is units, at least one of them.
func (a action) someUnits() ([]client.LineUnits, error) {
	units, err := a.units("u.")
	if err == nil && len(units) == 0 {
		return nil, invalidError{"units": "console.field.units"}
	}
	return units, err
}

// numbers are what stands between spaces, commas or line ends.
func (a action) numbers() []string {
	return strings.FieldsFunc(a.Form.Get("trackingNumbers"), func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' })
}

func (v *visit) pack(a action) error {
	units, err := a.someUnits()
	if err != nil {
		return err
	}
	p := client.Parcel{Items: units, Carrier: a.text("carrier"), Courier: a.text("courier"), TrackingNumbers: trimmed(a.numbers())}
	if p.EstimatedDelivery, err = v.localTime(a, "estimatedDelivery"); err != nil {
		return err
	}
	if a.Form.Get("left") != "" {
		p.Node = client.NodeLeftWarehouse
	}
	_, err = v.api.Pack(v.R.Context(), a.Order, a.Key, p)
	return err
}

func trimmed(texts []string) []string {
	var all []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			all = append(all, t)
		}
	}
	return all
}

func (v *visit) correct(a action) error {
	numbers, courier, carrier := trimmed(a.numbers()), a.text("courier"), a.text("carrier")
	if numbers == nil {
		numbers = []string{}
	}
	how := client.Correction{TrackingNumbers: &numbers, Courier: &courier}
	if carrier != "" {
		how.Carrier = &carrier
	}
	_, err := v.api.Correct(v.R.Context(), a.Order, a.text("package"), how)
	return err
}

func (v *visit) undo(a action) error {
	return v.api.Undo(v.R.Context(), a.Order, a.text("package"))
}

// report reports a node or a mark. The form's key names the message, and its time came with the form, so
// that the same form is the same message.
func (v *visit) report(a action) error {
	at, err := v.localTime(a, "occurredAt")
	if err != nil {
		return err
	}
	if at.IsZero() {
		return invalidError{"occurredAt": "console.field.time"}
	}
	e := client.Event{ID: a.Key, OccurredAt: at, Detail: a.text("detail")}
	kind, name, _ := strings.Cut(a.text("what"), ":")
	switch kind {
	case "node":
		node, known := client.ParseNode(name)
		if !known {
			return invalidError{"what": "console.field.choose"}
		}
		e.Node = node
	case "mark":
		e.Mark = client.Mark(name)
	default:
		return invalidError{"what": "console.field.choose"}
	}
	_, err = v.api.Report(v.R.Context(), a.Order, a.text("package"), e)
	return err
}

func (v *visit) strike(a action) error {
	_, err := v.api.Strike(v.R.Context(), a.Order, a.text("package"), a.text("event"), a.text("note"))
	return err
}

func (v *visit) resolve(a action) error {
	action := client.ResolveAction(a.text("action"))
	if action == "" {
		return invalidError{"action": "console.field.choose"}
	}
	_, err := v.api.Resolve(v.R.Context(), a.Order, a.text("package"), a.Key, action, a.text("note"))
	return err
}

func (v *visit) hold(a action) error {
	_, err := v.api.Hold(v.R.Context(), a.Order, a.text("note"))
	return err
}

func (v *visit) release(a action) error {
	_, err := v.api.Release(v.R.Context(), a.Order, a.text("note"))
	return err
}

func (v *visit) cancel(a action) error {
	_, err := v.api.Cancel(v.R.Context(), a.Order, a.Key, client.Cancellation{Reason: a.text("reason"), Note: a.text("note")})
	return err
}

func (v *visit) cancelUnits(a action) error {
	units, err := a.someUnits()
	if err != nil {
		return err
	}
	_, err = v.api.CancelUnits(v.R.Context(), a.Order, a.Key, units, client.Cancellation{Reason: a.text("reason"), Note: a.text("note")})
	return err
}

func (v *visit) deliver(a action) error {
	_, err := v.api.Deliver(v.R.Context(), a.Order, a.Key)
	return err
}

// refund gives back an amount; an empty one is all that is left.
func (v *visit) refund(a action) error {
	amount := int64(0)
	if text := a.text("amount"); text != "" {
		minor, ok := parseMoney(text, a.text("currency"))
		if !ok || minor <= 0 {
			return invalidError{"amount": "console.field.amount"}
		}
		amount = minor
	}
	_, err := v.api.Refund(v.R.Context(), a.Order, a.Key, amount, a.text("note"))
	return err
}

// parseMoney reads an amount such as 12.50 as minor units of its currency.
func parseMoney(text, code string) (int64, bool) {
	if strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	a, err := currency.NewAmount(text, code)
	if err != nil || !a.Round().Equal(a) {
		return 0, false
	}
	minor, err := a.Int64()
	return minor, err == nil
}

// majorOf is an amount as a form has it, such as 12.50.
func majorOf(minor int64, code string) string {
	a, err := currency.NewAmountFromInt64(minor, code)
	if err != nil {
		return ""
	}
	return a.Number()
}

func (v *visit) address(a action) error {
	to := client.Address{
		Recipient: a.text("recipient"), Phone: a.text("phone"), Email: a.text("email"), Line1: a.text("line1"), Line2: a.text("line2"),
		City: a.text("city"), Region: a.text("region"), PostalCode: a.text("postalCode"), Country: a.text("country"),
	}
	invalid := invalidError{}
	for name, value := range map[string]string{"recipient": to.Recipient, "line1": to.Line1, "city": to.City, "country": to.Country} {
		if value == "" {
			invalid[name] = "field.required"
		}
	}
	override := a.Form.Get("override") != ""
	if override && a.text("note") == "" {
		invalid["note"] = "console.field.overrideNote"
	}
	if len(invalid) > 0 {
		return invalid
	}
	_, err := v.api.Redirect(v.R.Context(), a.Order, client.Redirection{Address: to, Override: override, Note: a.text("note")})
	return err
}

func (v *visit) openReturn(a action) error {
	units, err := a.someUnits()
	if err != nil {
		return err
	}
	open := client.Announcement{Approve: true, Note: a.text("note")}
	for _, u := range units {
		open.Lines = append(open.Lines, client.ReturnLine{LineUnits: u, Reason: a.text("reason")})
	}
	_, err = v.api.OpenReturn(v.R.Context(), a.Order, a.Key, open)
	return err
}

func (v *visit) approve(a action) error {
	_, err := v.api.DecideReturn(v.R.Context(), a.Order, a.text("return"), true, a.text("note"))
	return err
}

func (v *visit) decline(a action) error {
	_, err := v.api.DecideReturn(v.R.Context(), a.Order, a.text("return"), false, a.text("note"))
	return err
}

// receive records what came back: units that can be sold again, and damaged ones.
func (v *visit) receive(a action) error {
	var came []client.ReceivedUnits
	for prefix, condition := range map[string]client.Condition{"u.": client.ConditionRestock, "d.": client.ConditionDamaged} {
		units, err := a.units(prefix)
		if err != nil {
			return err
		}
		for _, u := range units {
			came = append(came, client.ReceivedUnits{LineUnits: u, Condition: condition})
		}
	}
	if len(came) == 0 {
		return invalidError{"units": "console.field.units"}
	}
	slices.SortFunc(came, func(x, y client.ReceivedUnits) int { // the same form is the same request
		return strings.Compare(x.LineID+string(x.Condition), y.LineID+string(y.Condition))
	})
	_, err := v.api.ReceiveReturn(v.R.Context(), a.Order, a.text("return"), a.Key, came)
	return err
}
