package console

import (
	"net/http"
	"net/url"
	"strings"

	"holdfast/client"
	"holdfast/web/site"
)

const (
	// mostRows of a list, and of one bulk action.
	mostRows = 50
	// mostText is what a search may have.
	mostText = 200
)

// Statuses, payment statuses and rules that the list offers as filters.
var (
	statuses = []client.OrderStatus{
		client.OrderReserving, client.OrderAwaitingPayment, client.OrderPaid, client.OrderAwaitingShipment, client.OrderPacked,
		client.OrderLeftWarehouse, client.OrderInTransit, client.OrderOutForDelivery, client.OrderDelivered, client.OrderRejected,
		client.OrderExpired, client.OrderCancelled,
	}
	paymentStatuses = []string{"none", "pending", "paid", "partially_refunded", "refunded"}
	overdueRules    = []string{client.OverdueNotPacked, client.OverdueNoNews}
)

// onHold is the filter of open orders that are on hold.
const onHold = "onHold"

// filter is what the list of orders shows. It is all in the page's address.
type filter struct {
	Text, Status, Payment, Alert, Mark, Overdue, Product, Customer, Cursor string
	// Hold is onHold or empty.
	Hold string
}

// names of the filters in the address, with where their values are.
func (f *filter) names() map[string]*string {
	return map[string]*string{
		"q": &f.Text, "status": &f.Status, "payment": &f.Payment, "alert": &f.Alert, "mark": &f.Mark, "overdue": &f.Overdue,
		"hold": &f.Hold, "product": &f.Product, "customer": &f.Customer, "cursor": &f.Cursor,
	}
}

func readFilter(q url.Values) filter {
	var f filter
	for name, value := range f.names() {
		if text := strings.TrimSpace(q.Get(name)); len(text) <= mostText || name == "cursor" {
			*value = text
		}
	}
	return f
}

// link is the address of the list with these filters.
func (f filter) link() string {
	q := url.Values{}
	for name, value := range f.names() {
		if *value != "" {
			q.Set(name, *value)
		}
	}
	if len(q) == 0 {
		return "/console/orders"
	}
	return "/console/orders?" + q.Encode()
}

// narrows reports whether the filter leaves anything out.
func (f filter) narrows() bool {
	f.Cursor = ""
	return f != filter{}
}

func (f filter) at(cursor string) filter {
	f.Cursor = cursor
	return f
}

func (f filter) query() client.OrderFilter {
	one := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	q := client.OrderFilter{
		Text: f.Text, Status: one(f.Status), PaymentStatus: one(f.Payment), Alert: one(f.Alert), Mark: one(f.Mark), Overdue: f.Overdue,
		ProductID: f.Product, CustomerID: f.Customer, Limit: mostRows, Cursor: f.Cursor,
	}
	if f.Hold != "" {
		q.OnHold, q.Closed = new(true), new(false)
	}
	return q
}

func (c *Console) ordersPage(v *visit) error {
	f := readFilter(v.R.URL.Query())
	page, err := v.api.Orders(v.R.Context(), f.query())
	if p := problem(err, "malformed-request", "invalid-values"); p != nil {
		if f.Cursor != "" { // of a list that is no more
			return v.Redirect(f.at("").link())
		}
		return v.Render(http.StatusUnprocessableEntity, ordersView(v, f, client.OrderPage{}, v.refusal(err)))
	}
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, ordersView(v, f, page, ""))
}

// deeds are what may be done to several orders at once. Those that can't be taken back are asked about
// first.
var deeds = []deed{{Name: "release"}, {Name: "hold"}, {Name: "deliver", Ask: true}, {Name: "cancel", Ask: true}}

type deed struct {
	Name string
	Ask  bool
}

// row is what became of one order in a bulk action: Why is empty if it was done.
type row struct {
	ID, Why string
	Status  client.OrderStatus
}

// bulk does one thing to the chosen orders, one after the other, and reports about each: one that can't be
// done stops no other.
func (c *Console) bulk(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	form := v.R.PostForm
	back := site.Local(form.Get("back"), "/console/orders")
	ids := form["order"]
	i := indexOfDeed(form.Get("do"))
	switch {
	case i < 0 || len(ids) > mostRows:
		return &site.BadRequestError{Reason: "do"}
	case len(ids) == 0:
		v.Say("warn", "console.bulk.none")
		return v.Redirect(back)
	case deeds[i].Ask && form.Get("sure") == "":
		return v.Render(http.StatusOK, sureView(v, deeds[i], ids, back))
	}
	rows := make([]row, len(ids))
	for n, id := range ids {
		rows[n] = v.do(deeds[i].Name, id)
	}
	return v.Render(http.StatusOK, bulkView(v, deeds[i], rows, back))
}

func indexOfDeed(name string) int {
	for i, d := range deeds {
		if d.Name == name {
			return i
		}
	}
	return -1
}

// do does one thing to one order. All of these may be repeated.
func (v *visit) do(what, id string) row {
	var (
		o   client.Order
		err error
		ctx = v.R.Context()
	)
	switch what {
	case "release":
		o, err = v.api.Release(ctx, id, "")
	case "hold":
		o, err = v.api.Hold(ctx, id, "")
	case "cancel":
		o, err = answered(v.api.Cancel(ctx, id, "", client.Cancellation{Reason: "operator"}))
	case "deliver":
		o, err = answered(v.api.Deliver(ctx, id, ""))
	}
	r := row{ID: id, Status: o.Status}
	if err != nil {
		if r.Why = v.refusal(err); r.Why == "" {
			r.Why = v.Text.T("console.bulk.away")
		}
	}
	return r
}

// answered reads the order in an answer.
func answered(a client.Answer, err error) (client.Order, error) {
	var o client.Order
	if err == nil {
		err = a.Decode(&o)
	}
	return o, err
}
