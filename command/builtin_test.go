package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/order"
)

// runs runs one built-in command on a view.
func runs(t *testing.T, s order.Scenario, id, params string, v command.View) (*command.Draft, error) {
	t.Helper()
	p, err := command.Prepare(t.Context(), chain(s, step(id, params)), builtin, nil)
	require.NoError(t, err)
	d := &command.Draft{View: v}
	return d, p.Run(t.Context(), d, nil)
}

func requireRefused(t *testing.T, err error, reason string) {
	t.Helper()
	var why *command.Rejection
	require.ErrorAs(t, err, &why)
	require.Equal(t, reason, why.Reason)
	require.Empty(t, why.Failure)
}

func oneLine() []command.Line { return []command.Line{{ID: "1", ProductID: "mug", Quantity: 1}} }

func TestPhoneNumbersAreCompleted(t *testing.T) {
	for name, c := range map[string]struct{ phone, country, params, want, note, refused string }{
		"of the address's country": {phone: "030 901820", country: "DE", want: "+4930901820"},
		"complete already":         {phone: "+4930901820", country: "GB", want: "+4930901820"},
		"of another country":       {phone: "+49 (30) 901820", country: "GB", want: "+4930901820"},
		"none":                     {country: "DE"},
		"not valid":                {phone: "12", country: "DE", want: "12", note: "the phone number is not valid"},
		"not valid, strictly":      {phone: "12", country: "DE", params: `{"strict":true}`, refused: "The phone number is not valid."},
		"an unknown country":       {phone: "030 901820", country: "QQ", want: "030 901820", note: "the phone number is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			v := command.View{Lines: oneLine(), Address: command.Address{Phone: c.phone, Country: c.country, Recipient: "A", Line1: "1", City: "c"}}
			d, err := runs(t, order.ScenarioSubmit, "complete-phone", c.params, v)
			if c.refused != "" {
				requireRefused(t, err, c.refused)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, d.View.Address.Phone)
			if c.note == "" {
				return
			}
			require.Len(t, d.Made.Notes, 1)
			require.Equal(t, c.note, d.Made.Notes[0].Text)
		})
	}
}

func TestAddressesAreNormalized(t *testing.T) {
	v := command.View{Lines: oneLine(), Address: command.Address{
		Recipient: "  Ada   Example ", Line1: "1  High St", City: "London\t", PostalCode: "sw1a 1aa", Country: "gb",
	}}
	d, err := runs(t, order.ScenarioSubmit, "normalize-address", "", v)
	require.NoError(t, err)
	want := command.Address{Recipient: "Ada Example", Line1: "1 High St", City: "London", PostalCode: "SW1A 1AA", Country: "GB"}
	require.Equal(t, want, d.View.Address)
	require.Equal(t, 5, d.Made.Changed, "only what differs is recorded")
	again, err := runs(t, order.ScenarioSubmit, "normalize-address", "", d.View)
	require.NoError(t, err)
	require.Zero(t, again.Made.Changed)
}

func TestAnOrderIsTaggedOnceAndHeldForTheFirstReason(t *testing.T) {
	for _, s := range command.Scenarios() {
		d, err := runs(t, s, "tag", `{"tag":"vip"}`, command.View{Lines: oneLine(), Tags: []string{"old"}})
		require.NoError(t, err)
		require.Equal(t, []string{"old", "vip"}, d.Made.Tags)
		again, err := runs(t, s, "tag", `{"tag":"vip"}`, d.View)
		require.NoError(t, err)
		require.Zero(t, again.Made.Changed)

		p, err := command.Prepare(t.Context(), chain(s, step("hold-for-review", `{"reason":"first"}`), step("hold-for-review", `{"reason":"second"}`)), builtin, nil)
		require.NoError(t, err)
		held := &command.Draft{View: command.View{Lines: oneLine()}}
		require.NoError(t, p.Run(t.Context(), held, nil))
		require.Equal(t, &order.Review{Command: "hold-for-review", Version: 1, Reason: "first"}, held.Made.Review)
		require.Equal(t, 1, held.Made.Changed)
	}
}

func TestAGiftIsGivenOnceAndWithItsCause(t *testing.T) {
	v := command.View{Lines: []command.Line{{ID: "1", ProductID: "cup", Quantity: 1}, {ID: "2", ProductID: "mug", Quantity: 3}}}
	d, err := runs(t, order.ScenarioSubmit, "gift", `{"productId":"sticker","quantity":2,"forProduct":"mug"}`, v)
	require.NoError(t, err)
	require.Equal(t, command.Line{ID: "3", ProductID: "sticker", Quantity: 2, Gift: true}, d.View.Lines[2])
	require.Equal(t, []order.Gift{{Line: 2, Cause: "2", Command: "gift", Version: 1}}, d.Made.Gifts)
	again, err := runs(t, order.ScenarioSubmit, "gift", `{"productId":"sticker"}`, d.View)
	require.NoError(t, err)
	require.Len(t, again.View.Lines, 3, "there is one already")
	none, err := runs(t, order.ScenarioSubmit, "gift", `{"productId":"sticker","forProduct":"plate"}`, v)
	require.NoError(t, err)
	require.Len(t, none.View.Lines, 2)
}

func TestQuantitiesAreLimited(t *testing.T) {
	lines := func(quantities ...int64) (all []command.Line) {
		for i, q := range quantities {
			all = append(all, command.Line{ID: command.LineID(i), ProductID: "mug", Category: "kitchen", Quantity: q})
		}
		return all
	}
	for name, c := range map[string]struct {
		params  string
		lines   []command.Line
		want    []int64
		refused bool
	}{
		"within":                       {`{"max":5}`, lines(2, 3), []int64{2, 3}, false},
		"beyond":                       {`{"max":4}`, lines(2, 3), nil, true},
		"taken off the last":           {`{"max":4,"reduce":true}`, lines(2, 3), []int64{2, 2}, false},
		"each keeps a unit":            {`{"max":3,"reduce":true}`, lines(5, 3), []int64{2, 1}, false},
		"more lines than units":        {`{"max":1,"reduce":true}`, lines(1, 1), nil, true},
		"of another product":           {`{"max":1,"products":["cup"]}`, lines(2, 3), []int64{2, 3}, false},
		"of the category":              {`{"max":1,"categories":["kitchen"]}`, lines(2, 3), nil, true},
		"gifts don't count":            {`{"max":2}`, append(lines(2), command.Line{ID: "2", ProductID: "mug", Quantity: 1, Gift: true}), []int64{2, 1}, false},
		"products count by themselves": {`{"max":2}`, append(lines(2), command.Line{ID: "2", ProductID: "cup", Quantity: 2}), []int64{2, 2}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := runs(t, order.ScenarioSubmit, "limit-quantity", c.params, command.View{Lines: c.lines})
			if c.refused {
				require.ErrorContains(t, err, "units of product mug")
				return
			}
			require.NoError(t, err)
			var got []int64
			for _, l := range d.View.Lines {
				got = append(got, l.Quantity)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestRejectRefusesBeforeThePaymentOnly(t *testing.T) {
	for _, s := range []order.Scenario{order.ScenarioSubmit, order.ScenarioPrice} {
		_, err := runs(t, s, "reject", `{"message":"Not today."}`, command.View{Lines: oneLine()})
		requireRefused(t, err, "Not today.")
	}
	c := chain(order.ScenarioPaid, step("reject", `{"message":"Not today."}`))
	require.ErrorContains(t, c.Validate(builtin), "can't run in paid")
}
