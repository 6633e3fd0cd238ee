package command

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

var completePhone = builtin{
	Command: Command{
		ID: "complete-phone", Target: TargetOrder,
		Description: "Writes the address's phone number in the international form (E.164), such as +442079460000. " +
			"A number without a country code is taken for one of the address's country. " +
			"One that isn't valid stays as it is, unless strict is set: the order is refused then.",
		Params: json.RawMessage(`{
  "type": "object", "additionalProperties": false,
  "properties": {
    "strict": {"type": "boolean", "description": "refuse orders whose number is not valid"}
  }
}`),
	},
	scenarios: onSubmit,
	run: func(v *View, params json.RawMessage) (Result, error) {
		p, err := read[struct {
			Strict bool `json:"strict"`
		}](params)
		if err != nil || v.Address.Phone == "" {
			return Result{}, err
		}
		number, err := phonenumbers.Parse(v.Address.Phone, strings.ToUpper(v.Address.Country))
		if err != nil || !phonenumbers.IsValidNumber(number) {
			if p.Strict {
				return Result{Reject: "The phone number is not valid."}, nil
			}
			return Result{Note: "the phone number is not valid"}, nil
		}
		complete := phonenumbers.Format(number, phonenumbers.E164)
		if complete == v.Address.Phone {
			return Result{}, nil
		}
		return one(set("/address/phone", complete))
	},
}

var normalizeAddress = builtin{
	Command: Command{
		ID: "normalize-address", Target: TargetOrder,
		Description: "Removes superfluous spaces from the address, and writes its country and postal code in capitals.",
	},
	scenarios: onSubmit,
	run: func(v *View, _ json.RawMessage) (Result, error) {
		a := v.Address
		var r Result
		for _, f := range []struct {
			name, value string
			upper       bool
		}{
			{"recipient", a.Recipient, false},
			{"phone", a.Phone, false},
			{"email", a.Email, false},
			{"line1", a.Line1, false},
			{"line2", a.Line2, false},
			{"city", a.City, false},
			{"region", a.Region, false},
			{"postalCode", a.PostalCode, true},
			{"country", a.Country, true},
		} {
			to := strings.Join(strings.Fields(f.value), " ")
			if f.upper {
				to = strings.ToUpper(to)
			}
			if to == f.value {
				continue
			}
			op, err := set("/address/"+f.name, to)
			if err != nil {
				return Result{}, fmt.Errorf("normalize %s: %w", f.name, err)
			}
			r.Patch = append(r.Patch, op)
		}
		return r, nil
	},
}
