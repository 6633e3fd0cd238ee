package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/web/site"
)

// book is the price book as its page shows it.
type book struct {
	// Current is nil if the shop has published none.
	Current  *client.PriceBook
	Versions client.PriceBookPage
	// Text is what the form has, Wrong what is wrong with it, and Checked that it could be published.
	Text    string
	Why     string
	Wrong   []string
	Checked string
	ETag    string
}

func (c *Console) pricesPage(v *visit) error { return c.showPrices(v, book{}, http.StatusOK) }

func (c *Console) showPrices(v *visit, b book, status int) error {
	current, err := v.api.PriceBook(v.R.Context(), 0)
	switch {
	case err == nil:
		b.Current = &current
	case problem(err, "unknown-price-book") == nil:
		return err
	}
	if b.Versions, err = v.api.PriceBooks(v.R.Context(), mostRows, v.R.URL.Query().Get("cursor")); err != nil {
		return err
	}
	if b.Text == "" && b.Current != nil {
		b.Text = indented(b.Current.Document)
	}
	if b.ETag == "" && b.Current != nil {
		b.ETag = b.Current.ETag
	}
	return v.Render(status, pricesView(v, b))
}

func indented(document json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, document, "", "  "); err != nil {
		return string(document)
	}
	return out.String()
}

// publishPrices checks what the form has, or publishes it.
func (c *Console) publishPrices(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	form := v.R.PostForm
	b := book{Text: strings.ReplaceAll(form.Get("book"), "\r\n", "\n"), ETag: form.Get("etag")}
	if !json.Valid([]byte(b.Text)) {
		b.Why = v.Text.T("console.prices.notJSON")
		return c.showPrices(v, b, http.StatusUnprocessableEntity)
	}
	var (
		err       error
		published bool
		number    int64
	)
	if form.Get("do") == "publish" {
		number, err = v.api.ReplacePriceBook(v.R.Context(), b.ETag, []byte(b.Text))
	} else {
		published, err = v.api.CheckPriceBook(v.R.Context(), []byte(b.Text))
	}
	if err != nil {
		if b.Why = v.refusal(err); b.Why == "" {
			return err
		}
		for _, e := range problem(err).Errors {
			b.Wrong = append(b.Wrong, e.Path+": "+e.Reason)
		}
		return c.showPrices(v, b, http.StatusUnprocessableEntity)
	}
	if form.Get("do") == "publish" {
		v.Say("ok", "console.done.published", "n", strconv.FormatInt(number, 10))
		return v.Redirect("/console/prices")
	}
	b.Checked = "console.prices.checked"
	if published {
		b.Checked = "console.prices.same"
	}
	return c.showPrices(v, b, http.StatusOK)
}

func (c *Console) versionPage(v *visit) error {
	number, err := strconv.ParseInt(v.R.PathValue("number"), 10, 64)
	if err != nil || number < 1 {
		return site.ErrNotFound
	}
	b, err := v.api.PriceBook(v.R.Context(), number)
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, versionView(v, b))
}

func (c *Console) couponsPage(v *visit) error { return c.showCoupons(v, nil) }

func (c *Console) showCoupons(v *visit, t *tried) error {
	page, err := v.api.Coupons(v.R.Context(), mostRows, v.R.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	next := ""
	if page.NextCursor != "" {
		next = "/console/coupons?" + url.Values{"cursor": {page.NextCursor}}.Encode()
	}
	status := http.StatusOK
	if t != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.Render(status, couponsView(v, page.Items, next, sheet{Tried: t, Now: v.Now()}))
}

// putCoupon creates a coupon: a percentage off, with limits.
func (c *Console) putCoupon(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	a := action{Form: v.R.PostForm}
	if err := v.newCoupon(a); err != nil {
		t := v.triedOf("coupon", a.Form, err)
		if t == nil {
			return err
		}
		return c.showCoupons(v, t)
	}
	v.Say("ok", "console.done.coupon", "code", strings.ToUpper(a.text("code")))
	return v.Redirect("/console/coupons")
}

func (v *visit) newCoupon(a action) error {
	invalid := invalidError{}
	if a.text("code") == "" {
		invalid["code"] = "field.required"
	}
	rate, err := strconv.ParseFloat(strings.ReplaceAll(a.text("rate"), ",", "."), 64)
	if err != nil || rate <= 0 || rate > 100 {
		invalid["rate"] = "console.field.percent"
	}
	body := map[string]any{"action": map[string]int64{"rate": int64(rate*100 + .5)}}
	for _, name := range []string{"limit", "perCustomer"} {
		if text := a.text(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 1 {
				invalid[name] = "console.field.number"
			}
			body[name] = n
		}
	}
	ends, err := v.localTime(a, "endsAt")
	if err != nil {
		invalid["endsAt"] = "console.field.time"
	}
	if !ends.IsZero() {
		body["endsAt"] = ends.UTC().Format(time.RFC3339)
	}
	if len(invalid) > 0 {
		return invalid
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = v.api.NewCoupon(v.R.Context(), a.text("code"), b)
	return err
}

func (c *Console) endCoupon(v *visit) error {
	code := v.R.PathValue("code")
	_, err := v.api.EndCoupon(v.R.Context(), code)
	if err := v.outcome(err, "console.done.ended"); err != nil {
		return err
	}
	return v.Redirect("/console/coupons")
}
