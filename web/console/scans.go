package console

import (
	"net/http"
	"net/url"

	"holdfast/client"
)

func (c *Console) scansPage(v *visit) error { return c.showScans(v, nil) }

func (c *Console) showScans(v *visit, t *tried) error {
	page, err := v.api.UnmatchedScans(v.R.Context(), mostRows, v.R.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	next := ""
	if page.NextCursor != "" {
		next = "/console/scans?" + url.Values{"cursor": {page.NextCursor}}.Encode()
	}
	status := http.StatusOK
	if t != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.Render(status, scansView(v, page.Items, next, sheet{Tried: t}))
}

// assignScan gives a scan to a package. People know an order by its id, and a package by its number: an
// order with one package needs none.
func (c *Console) assignScan(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	a := action{Key: v.R.PostForm.Get("key"), Form: v.R.PostForm}
	err := v.assign(a)
	if err != nil {
		t := v.triedOf(a.text("scan"), a.Form, err)
		if t == nil {
			return err
		}
		return c.showScans(v, t)
	}
	v.Say("ok", "console.done.assigned")
	return v.Redirect("/console/scans")
}

func (v *visit) assign(a action) error {
	if a.text("order") == "" {
		return invalidError{"order": "field.required"}
	}
	o, err := v.api.Order(v.R.Context(), a.text("order"))
	if err != nil {
		return err
	}
	id, key := packageNamed(sheet{Order: o}.parcels(), a.text("package"))
	if id == "" {
		return invalidError{"package": key}
	}
	return v.api.AssignScan(v.R.Context(), a.text("scan"), a.Key, o.ID, id)
}

// packageNamed returns the id of the package with a number, or else what is wrong with that.
func packageNamed(all []client.Package, number string) (id, wrong string) {
	if number == "" && len(all) == 1 {
		return all[0].ID, ""
	}
	for _, p := range all {
		if numberOf(p) == number || p.ID == number {
			return p.ID, ""
		}
	}
	if len(all) == 0 {
		return "", "console.field.noPackages"
	}
	return "", "console.field.whichPackage"
}
