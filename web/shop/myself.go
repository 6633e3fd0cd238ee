package shop

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"holdfast/client"
	"holdfast/web/site"
)

// ownForm is a form with what a customer says about themselves. Name, e-mail and phone of the customer are in the
// fields of an address, too.
type ownForm struct {
	deliverForm
	// ID is that of an address, New whether it is to be added, and First whether it is used first.
	ID         string
	New, First bool
	// ETag of the customer as the form shows them.
	ETag string
	// Problem says why nothing was stored.
	Problem string
}

func addressLink(id string) string { return "/account/addresses/" + url.PathEscape(id) }

// findAddress returns where an address is among those that a customer keeps, or -1.
func findAddress(all []client.CustomerAddress, id string) int {
	return slices.IndexFunc(all, func(a client.CustomerAddress) bool { return a.ID == id })
}

func (s *Shop) profileForm(v *visit) error {
	me, err := s.me(v)
	if err != nil {
		return err
	}
	f := ownForm{ETag: me.ETag}
	f.Address.Recipient, f.Address.Email, f.Address.Phone = me.Name, me.Email, me.Phone
	return v.Render(http.StatusOK, profilePage(v, f))
}

func (s *Shop) saveProfile(v *visit) error {
	f, err := readOwnForm(v)
	if err != nil {
		return err
	}
	me, err := s.me(v)
	if err != nil {
		return err
	}
	if me.Name == f.Address.Recipient && me.Email == f.Address.Email && me.Phone == f.Address.Phone { // sent twice
		v.Say("ok", "account.saved")
		return v.Redirect("/account")
	}
	fields := map[string]any{}
	for name, value := range map[string]string{"name": f.Address.Recipient, "email": f.Address.Email, "phone": f.Address.Phone} {
		fields[name] = value
		if value == "" {
			fields[name] = nil // removes it
		}
	}
	err = s.patchMe(v, f.ETag, fields)
	if again, err := s.notStored(v, &f, err); again || err != nil {
		if err != nil {
			return err
		}
		return v.Render(http.StatusConflict, profilePage(v, f))
	}
	v.Say("ok", "account.saved")
	return v.Redirect("/account")
}

// newAddressForm is the form of an address that has its id already: sent twice, it adds one.
func (s *Shop) newAddressForm(v *visit) error {
	me, err := s.me(v)
	if err != nil {
		return err
	}
	if len(me.Addresses) >= client.MaxAddresses {
		v.Say("warn", "account.full")
		return v.Redirect("/account")
	}
	return v.Render(http.StatusOK, ownAddressPage(v, ownForm{ID: rand.Text(), New: true, First: len(me.Addresses) == 0, ETag: me.ETag}))
}

func (s *Shop) ownAddressForm(v *visit) error {
	me, err := s.me(v)
	if err != nil {
		return err
	}
	at := findAddress(me.Addresses, v.R.PathValue("id"))
	if at < 0 {
		v.Say("warn", "account.gone")
		return v.Redirect("/account")
	}
	f := ownForm{ID: me.Addresses[at].ID, First: me.Addresses[at].ID == me.DefaultAddress, ETag: me.ETag}
	f.Address = me.Addresses[at].Address
	return v.Render(http.StatusOK, ownAddressPage(v, f))
}

func (s *Shop) saveOwnAddress(v *visit) error {
	f, err := readOwnForm(v)
	if err != nil {
		return err
	}
	f.ID = v.R.PathValue("id")
	if f.Wrong = checkAddress(v, f.Address); len(f.Wrong) > 0 {
		return v.Render(http.StatusUnprocessableEntity, ownAddressPage(v, f))
	}
	me, err := s.me(v)
	if err != nil {
		return err
	}
	at := findAddress(me.Addresses, f.ID)
	switch {
	case at >= 0 && me.Addresses[at].Address == f.Address && f.First == (me.DefaultAddress == f.ID): // sent twice
	case at < 0 && !f.New:
		v.Say("warn", "account.gone")
		return v.Redirect("/account")
	default:
		err := s.patchMe(v, f.ETag, withAddress(me, f))
		if again, err := s.notStored(v, &f, err); again || err != nil {
			if err != nil {
				return err
			}
			return v.Render(http.StatusConflict, ownAddressPage(v, f))
		}
	}
	v.Say("ok", "account.saved")
	return v.Redirect("/account")
}

// withAddress are the fields of a customer that change with an address.
func withAddress(me client.Customer, f ownForm) map[string]any {
	all, saved := slices.Clone(me.Addresses), client.CustomerAddress{ID: f.ID, Address: f.Address}
	if at := findAddress(me.Addresses, f.ID); at >= 0 {
		all[at] = saved
	} else {
		all = append(all, saved)
	}
	fields := map[string]any{"addresses": all}
	switch {
	case f.First:
		fields["defaultAddress"] = f.ID
	case me.DefaultAddress == f.ID:
		fields["defaultAddress"] = nil
	}
	return fields
}

func (s *Shop) removeAddress(v *visit) error {
	f, err := readOwnForm(v)
	if err != nil {
		return err
	}
	me, err := s.me(v)
	if err != nil {
		return err
	}
	id := v.R.PathValue("id")
	if at := findAddress(me.Addresses, id); at >= 0 { // otherwise the form was sent twice
		fields := map[string]any{"addresses": slices.Delete(slices.Clone(me.Addresses), at, at+1)}
		if me.DefaultAddress == id {
			fields["defaultAddress"] = nil
		}
		err := s.patchMe(v, f.ETag, fields)
		if problem(err, "stale") != nil {
			v.Say("warn", "account.notRemoved")
			return v.Redirect("/account")
		}
		if err != nil {
			return err
		}
	}
	v.Say("ok", "account.removed")
	return v.Redirect("/account")
}

// patchMe changes what a customer says about themselves, unless it has changed since they read it.
func (s *Shop) patchMe(v *visit, etag string, fields map[string]any) error {
	if !v.Customer() {
		return site.ErrNotFound
	}
	c, err := v.Client()
	if err != nil {
		return err
	}
	_, err = c.PatchOwnCustomer(v.R.Context(), etag, fields)
	return err
}

// readOwnForm reads a form. Without an ETag it would undo what others wrote.
func readOwnForm(v *visit) (ownForm, error) {
	if err := v.ParseForm(); err != nil {
		return ownForm{}, err
	}
	form := v.R.PostForm
	f := ownForm{New: form.Get("new") != "", First: form.Get("first") != "", ETag: form.Get("etag")}
	f.Address = readAddress(v)
	if f.ETag == "" {
		return f, &site.BadRequestError{Reason: "etag"}
	}
	return f, nil
}

// notStored says on the form why the API stored nothing, and reports whether it is to be shown again. What isn't
// about the form is returned.
func (s *Shop) notStored(v *visit, f *ownForm, err error) (again bool, _ error) {
	p := problem(err)
	switch {
	case p == nil:
		return false, err
	case p.Kind() == "stale":
		me, err := s.me(v)
		if err != nil {
			return false, err
		}
		f.ETag, f.Problem = me.ETag, v.Text.T("account.stale")
		f.New = f.New || findAddress(me.Addresses, f.ID) < 0
		return true, nil
	case p.Kind() != "invalid-values":
		return false, err
	}
	f.Problem, f.Wrong = v.Text.T("account.refused"), map[string]string{}
	for _, e := range p.Errors {
		if e.Path == "addresses" {
			f.Problem = v.Text.T("account.full")
			continue
		}
		field := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
		if field == "name" {
			field = "recipient"
		}
		f.Wrong[field] = v.Text.Or("field."+field, "field.refused")
	}
	return true, nil
}
