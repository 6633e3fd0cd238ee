package shop

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/web/session"
	"holdfast/web/site"
	"holdfast/web/text"
)

const (
	draftCookie = "hf_checkout"
	// draftAge is how long an address is kept in the browser for the next order.
	draftAge = 30 * 24 * time.Hour
	// mostCoupons of one order.
	mostCoupons = 10
)

// draft is where the visitor's order goes. It is kept in the browser, sealed.
type draft struct {
	Address client.Address `json:"a"`
	// Saved is the id of the address, if it is one that the customer keeps.
	Saved    string `json:"i,omitempty"`
	Shipping string `json:"s,omitempty"`
	// Owner is the customer who entered it; empty for a guest. It is for no one else who uses the browser.
	Owner string `json:"o,omitempty"`
}

// keptDraft reads the draft of the visitor, and reports whether there is one. What a guest entered survives
// signing in.
func (v *visit) keptDraft() (d draft, ok bool) {
	if !v.Kept(draftCookie, &d) || (d.Owner != "" && d.Owner != v.Account()) {
		return draft{}, false
	}
	return d, true
}

func (v *visit) keepDraft(d draft) error {
	d.Owner = v.Account()
	return v.Keep(draftCookie, d, draftAge)
}

// ready reports whether the address is complete enough for a quote.
func (d draft) ready() bool { return d.Address.Recipient != "" && d.Address.Country != "" }

// deliverForm is the form of an address, with what is wrong with it by field.
type deliverForm struct {
	Address client.Address
	// Saved are addresses to choose from.
	Saved []client.CustomerAddress
	Wrong map[string]string
}

// readAddress reads the fields of an address.
func readAddress(v *visit) client.Address {
	field := func(name string) string { return strings.TrimSpace(v.R.PostForm.Get(name)) }
	return client.Address{
		Recipient: field("recipient"), Email: field("email"), Phone: field("phone"), Line1: field("line1"), Line2: field("line2"),
		City: field("city"), Region: field("region"), PostalCode: field("postalCode"), Country: strings.ToUpper(field("country")),
	}
}

var likeEmail = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)

// mostField is what the API takes of one field.
const mostField = 200

// checkAddress returns the messages about fields that are wrong. The browser checks the same, unless it
// has been told not to.
func checkAddress(v *visit, a client.Address) map[string]string {
	wrong := map[string]string{}
	for name, value := range map[string]string{"recipient": a.Recipient, "line1": a.Line1, "city": a.City, "country": a.Country} {
		if value == "" {
			wrong[name] = v.Text.T("field.required")
		}
	}
	if a.Email != "" && !likeEmail.MatchString(a.Email) {
		wrong["email"] = v.Text.T("field.email")
	}
	for name, value := range map[string]string{
		"recipient": a.Recipient, "email": a.Email, "phone": a.Phone, "line1": a.Line1, "line2": a.Line2, "city": a.City,
		"region": a.Region, "postalCode": a.PostalCode,
	} {
		if len(value) > mostField {
			wrong[name] = v.Text.T("field.long")
		} else if !client.PlainText(value) {
			wrong[name] = v.Text.T("field.refused")
		}
	}
	if a.Country != "" && v.Text.Country(a.Country) == a.Country {
		wrong["country"] = v.Text.T("field.country")
	}
	return wrong
}

// checkout asks where the order goes.
func (s *Shop) checkout(v *visit) error {
	if err := s.settle(v); err != nil {
		return err
	}
	if len(v.basket.Lines) == 0 {
		return v.Redirect("/basket")
	}
	f := deliverForm{Saved: s.savedAddresses(v)}
	if d, ok := v.keptDraft(); ok && d.Saved == "" {
		f.Address = d.Address
	} else {
		f.Address.Country = text.CountryOf(v.R.Header.Get("Accept-Language"))
	}
	return v.Render(http.StatusOK, checkoutPage(v, f))
}

// savedAddresses are those that a customer keeps, the default first. If they can't be read, an address can
// still be entered.
func (s *Shop) savedAddresses(v *visit) []client.CustomerAddress {
	me, err := s.me(v)
	if err != nil {
		return nil
	}
	first := findAddress(me.Addresses, me.DefaultAddress)
	if first < 0 {
		return me.Addresses
	}
	return slices.Concat(me.Addresses[first:first+1], me.Addresses[:first], me.Addresses[first+1:])
}

func (s *Shop) saveCheckout(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	d, _ := v.keptDraft()
	if d.Saved = v.R.PostForm.Get("saved"); d.Saved != "" {
		all := s.savedAddresses(v)
		at := findAddress(all, d.Saved)
		if at < 0 { // it was removed meanwhile
			return v.Redirect("/checkout")
		}
		d.Address = all[at].Address
		return s.toReview(v, d)
	}
	d.Address = readAddress(v)
	if wrong := checkAddress(v, d.Address); len(wrong) > 0 {
		return v.Render(http.StatusUnprocessableEntity, checkoutPage(v, deliverForm{d.Address, s.savedAddresses(v), wrong}))
	}
	if v.R.PostForm.Get("keep") != "" {
		d.Saved = s.keepAddress(v, d.Address)
	}
	return s.toReview(v, d)
}

func (s *Shop) toReview(v *visit, d draft) error {
	if err := v.keepDraft(d); err != nil {
		return err
	}
	return v.Redirect("/checkout/review")
}

// bill is the last page before the order.
type bill struct {
	tray
	draft
	// Refused are coupons that can't be used, with the reason.
	Refused []client.CouponRefusal
	// Methods are how the order can be sent, if there is a choice.
	Methods []method
	// Before is the total that the visitor saw, if it has changed since.
	Before *int64
	// Items are the lines of the order.
	Items []item
}

// review shows what the order costs, with everything that decides about it.
func (s *Shop) review(v *visit) error {
	if err := s.settle(v); err != nil {
		return err
	}
	if len(v.basket.Lines) > 0 {
		// The order is this guest's, however often its form is sent: so the guest comes before the form.
		if _, err := v.Buyer(true); err != nil {
			return err
		}
	}
	b, ok, err := s.prepare(v)
	if err != nil || !ok {
		return err
	}
	b.Items = b.items()
	return v.Render(http.StatusOK, reviewPage(v, b))
}

// prepare asks for the quote. Without a basket or an address it leads to their pages, and ok is false.
func (s *Shop) prepare(v *visit) (b bill, ok bool, err error) {
	if len(v.basket.Lines) == 0 {
		return b, false, v.Redirect("/basket")
	}
	if b.draft, ok = v.keptDraft(); !ok || !b.ready() {
		return b, false, v.Redirect("/checkout")
	}
	if b.Saved != "" { // it may have been changed since it was chosen
		me, err := s.me(v)
		if err != nil {
			return b, false, err
		}
		at := findAddress(me.Addresses, b.Saved)
		if at < 0 {
			return b, false, v.Redirect("/checkout")
		}
		b.Address = me.Addresses[at].Address
	}
	err = s.fill(v, &b)
	if b.Saved != "" && addressGone(err) {
		return b, false, v.Redirect("/checkout")
	}
	return b, err == nil, err
}

// fill asks for the quote, and how else the order could be sent.
func (s *Shop) fill(v *visit, b *bill) (err error) {
	if b.Methods, err = s.methods(v, &b.draft); err != nil {
		return err
	}
	if b.tray, b.Refused, err = s.quote(v, b.draft); err != nil {
		return err
	}
	s.priceMethods(v, b)
	return nil
}

// quote asks what the basket costs at the address. Coupons that can't be used are named, and the rest is
// quoted without them.
func (s *Shop) quote(v *visit, d draft) (tray, []client.CouponRefusal, error) {
	c, err := v.Buyer(false)
	if err != nil {
		return tray{}, nil, err
	}
	var refused []client.CouponRefusal
	for {
		t := tray{basket: v.basket, Short: map[int]client.Shortage{}}
		request := d.complete(t.request())
		request.CouponCodes = usable(v.basket.Coupons, refused)
		q, err := c.Quote(v.R.Context(), request)
		if err := t.take(q, err); err != nil {
			return t, refused, err
		}
		if len(t.RefusedCoupons) == 0 || len(refused) > mostCoupons {
			return t, refused, nil
		}
		refused = append(refused, t.RefusedCoupons...)
	}
}

func usable(codes []string, refused []client.CouponRefusal) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(code string) bool {
		return slices.ContainsFunc(refused, func(r client.CouponRefusal) bool { return strings.EqualFold(r.Code, code) })
	})
}

// complete adds where the order goes.
func (d draft) complete(r client.OrderRequest) client.OrderRequest {
	r.ShippingMethodID = d.Shipping
	if d.Saved != "" {
		r.AddressID = d.Saved
		return r
	}
	a := d.Address
	r.Address = &a
	return r
}

// addressGone reports whether the API doesn't know the chosen address any more.
func addressGone(err error) bool {
	p := problem(err)
	return p != nil && slices.ContainsFunc(p.Errors, func(e client.FieldProblem) bool { return e.Path == "addressId" })
}

var likeCoupon = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)

// coupon adds a coupon, or removes one.
func (s *Shop) coupon(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	b := &v.basket
	if gone := v.R.PostForm.Get("remove"); gone != "" {
		b.Coupons = slices.DeleteFunc(b.Coupons, func(c string) bool { return c == gone })
	} else {
		code := strings.ToUpper(strings.TrimSpace(v.R.PostForm.Get("code")))
		switch {
		case code == "" || slices.Contains(b.Coupons, code):
		case !likeCoupon.MatchString(code):
			v.Say("warn", "coupon.unknown", "code", shorten(code, 64))
		case len(b.Coupons) >= mostCoupons:
			v.Say("warn", "coupon.tooMany")
		default:
			b.Coupons = append(b.Coupons, code)
		}
	}
	if err := v.keepBasket(); err != nil {
		return err
	}
	return v.Redirect("/checkout/review#coupon")
}

// order places the order of the basket, once per key.
func (s *Shop) order(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	key := v.R.PostForm.Get("key")
	total, err := strconv.ParseInt(v.R.PostForm.Get("total"), 10, 64)
	if key == "" || err != nil {
		return &site.BadRequestError{Reason: "total"}
	}
	if key != v.basket.Key { // a page from before, such as one that the back button brought
		if key == v.basket.LastKey && v.basket.LastOrder != "" {
			return v.Redirect(orderLink(v.basket.LastOrder))
		}
		v.Say("calm", "order.stale")
		return v.Redirect("/checkout/review")
	}
	d, ok := v.keptDraft()
	switch {
	case len(v.basket.Lines) == 0 || !ok || !d.ready():
		return v.Redirect("/checkout")
	case !v.MayBuy(): // the session has ended meanwhile
		return v.Redirect("/checkout/review")
	}
	return s.place(v, d, total)
}

// place asks for the order, and again under another key if an earlier order under this one was rejected.
func (s *Shop) place(v *visit, d draft, total int64) error {
	for {
		c, err := v.orderer()
		if err != nil {
			return err
		}
		to := d
		if v.basket.AsGuest {
			to.Saved = "" // guests keep no addresses
		}
		request := to.complete(v.basket.request())
		request.ExpectedTotal = &total
		o, _, err := c.PlaceOrder(v.R.Context(), v.basket.Key, request)
		if err == nil {
			return s.placed(v, o.ID)
		}
		p := problem(err)
		switch {
		case p == nil, p.Status >= http.StatusInternalServerError && p.Kind() != "stock-unavailable":
			return s.unanswered(v, err, total)
		case p.Status == http.StatusUnauthorized && v.basket.AsGuest && v.Customer():
			v.basket.rejected() // the guest's token is over: from now on the basket is the customer's
			if err := v.keepBasket(); err != nil {
				return err
			}
			v.Say("calm", "order.stale")
			return v.Redirect("/checkout/review")
		case p.OrderID != "":
			earlier, err := c.Order(v.R.Context(), p.OrderID)
			if err != nil {
				return s.unanswered(v, err, total)
			}
			if earlier.Status != client.OrderRejected {
				v.Say("calm", "order.earlier")
				return s.placed(v, p.OrderID)
			}
			v.basket.Order = p.OrderID
			v.basket.rejected()
			if err := v.keepBasket(); err != nil {
				return err
			}
			if p.Kind() == "idempotency-mismatch" {
				continue // what is asked for now was never tried
			}
		}
		return s.refused(v, d, total, p, err)
	}
}

// orderer calls the API as whoever's order the basket is.
func (v *visit) orderer() (*client.Client, error) {
	if v.basket.AsGuest && v.Customer() {
		return v.EarlierGuest()
	}
	return v.Buyer(false)
}

// placed leads to the order's page.
func (s *Shop) placed(v *visit, orderID string) error {
	v.basket.Order = orderID
	if err := v.keepBasket(); err != nil {
		return err
	}
	asGuest := v.basket.AsGuest && v.Customer()
	if err := v.Change(func(s *session.Session) {
		if asGuest {
			s.RememberGuests(orderID, s.Guest)
		} else {
			s.Remember(orderID)
		}
	}); err != nil {
		return err
	}
	return v.Redirect(orderLink(orderID))
}

// refused shows why there is no order, on the page that it was asked for from.
func (s *Shop) refused(v *visit, d draft, total int64, p *client.Problem, err error) error {
	if d.Saved != "" && addressGone(err) {
		return v.Redirect("/checkout")
	}
	b := bill{tray: tray{basket: v.basket, Short: map[int]client.Shortage{}}, draft: d}
	b.Methods, _ = s.methods(v, &b.draft) // without them the page has no choice, and says why there is no order
	switch {
	case p.Quote != nil:
		b.Quote, b.Before = p.Quote, &total
		if t, _, err := s.quote(v, d); err == nil && t.Quote != nil { // with what commands make of the order
			b.Quote = t.Quote
		}
	case p.Kind() == "too-many-open-orders":
		b.Other = "order.tooManyOpen"
	case len(p.Shortages) > 0:
		_ = b.take(client.Quote{}, err) // it says nothing but what is short
	case len(p.Coupons) > 0:
		if b.tray, b.Refused, err = s.quote(v, d); err != nil {
			return err
		}
	case p.Kind() == "not-quotable":
		b.Other = "quote.not-quotable"
	case p.Kind() == "order-refused":
		b.Said = p.Detail
	case p.Kind() == "stock-unavailable":
		b.Other = "order.notHeld"
	default:
		return err
	}
	if b.Quote == nil && len(b.Short) == 0 {
		if t, _, err := s.quote(v, d); err == nil {
			b.Quote = t.Quote
		}
	}
	b.Items = b.items()
	return v.Render(http.StatusConflict, reviewPage(v, b))
}

// unanswered says that it isn't known whether there is an order, and asks again by itself: under the same
// key, so that there will be one order at most.
func (s *Shop) unanswered(v *visit, err error, total int64) error {
	if t := site.TroubleOf(err); t.Key != "away" && t.Key != "busy" {
		return err
	}
	s.site.Log().WarnContext(v.R.Context(), "an order is unanswered", "error", err.Error())
	if !v.Customer() {
		v.basket.AsGuest = true
		if err := v.keepBasket(); err != nil {
			return err
		}
	}
	return v.Render(http.StatusAccepted, unansweredPage(v, total))
}
