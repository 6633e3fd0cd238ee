package shop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/web/live"
	"holdfast/web/site"
)

func orderLink(id string) string { return "/orders/" + url.PathEscape(id) }

// stage is what an order's page is about.
type stage string

const (
	stageUndecided stage = "undecided"
	stagePay       stage = "pay"
	stageLate      stage = "late"
	stageRejected  stage = "rejected"
	stageExpired   stage = "expired"
	stageCancelled stage = "cancelled"
	stageHeld      stage = "held"
	stagePreparing stage = "preparing"
	stagePacked    stage = "packed"
	stageMoving    stage = "moving"
	stageNear      stage = "near"
	stageDelivered stage = "delivered"
)

// sheet is an order as its page shows it.
type sheet struct {
	client.Order
	Now time.Time
	// Returned are payments that arrived although the order had ended unpaid.
	Returned []latePayment
}

// latePayment goes back, or went back at a time.
type latePayment struct {
	Amount   int64
	Currency string
	At       time.Time
}

func (s sheet) stage() stage {
	switch s.Status {
	case client.OrderReserving:
		return stageUndecided
	case client.OrderAwaitingPayment:
		if !s.Now.Before(s.Payment.Deadline) {
			return stageLate
		}
		return stagePay
	case client.OrderRejected:
		return stageRejected
	case client.OrderExpired:
		return stageExpired
	case client.OrderCancelled:
		return stageCancelled
	case client.OrderPaid:
		if s.Fulfilment != nil && s.Brake != nil {
			return stageHeld
		}
		return stagePreparing
	case client.OrderPacked:
		return stagePacked
	case client.OrderLeftWarehouse, client.OrderInTransit:
		return stageMoving
	case client.OrderOutForDelivery:
		return stageNear
	case client.OrderDelivered:
		return stageDelivered
	case client.OrderAwaitingShipment:
	}
	return stagePreparing // statuses that will come, too
}

// live reports whether the order may change, so that its page follows it.
func (s sheet) live() bool { return !s.Closed() }

// paid reports whether the order took a payment.
func (s sheet) paid() bool { return s.Amounts[client.AmountPaid] > 0 || !s.Payment.PaidAt.IsZero() }

// kind of the pill that says how the order is.
func (s sheet) kind() string {
	switch s.stage() {
	case stageRejected, stageExpired, stageCancelled:
		return "bad"
	case stagePay, stageLate, stageHeld:
		return "warn"
	case stageUndecided:
		return "info"
	case stagePreparing, stagePacked, stageMoving, stageNear, stageDelivered:
	}
	return "ok"
}

// shortID is how people name an order.
func shortID(id string) string {
	if first, _, ok := strings.Cut(id, "-"); ok && len(first) >= 8 {
		return strings.ToUpper(first)
	}
	return id
}

// titleOf is the title of a line, by its id.
func (s sheet) titleOf(lineID string) string {
	for _, l := range s.Lines {
		if l.ID == lineID {
			return titleOf(l)
		}
	}
	return lineID
}

func titleOf(l client.Line) string {
	if l.Title != "" {
		return l.Title
	}
	return l.ProductID
}

// parcels are the packages that weren't undone.
func (s sheet) parcels() []client.Package {
	if s.Fulfilment == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Packages), func(p client.Package) bool { return !p.RemovedAt.IsZero() })
}

// open are the units that aren't packed yet.
func (s sheet) open() []client.LineUnits {
	if s.Fulfilment == nil {
		return nil
	}
	var units []client.LineUnits
	for _, l := range s.Lines {
		left := l.Quantity - l.Removed
		for _, p := range s.parcels() {
			if p.Live() {
				left -= p.Units(l.ID)
			}
		}
		if left > 0 {
			units = append(units, client.LineUnits{LineID: l.ID, Quantity: left})
		}
	}
	return units
}

// step is one step of a parcel's way.
type step struct {
	Key  string
	Done bool
	Now  bool
	// At is zero if nothing was heard of the step.
	At time.Time
}

// way is how far a parcel is.
func way(p client.Package) []step {
	nodes := []client.Node{
		client.NodePacked, client.NodeLeftWarehouse, client.NodeInTransit, client.NodeOutForDelivery, client.NodeDelivered,
	}
	at := p.Node()
	steps := make([]step, len(nodes))
	for i, n := range nodes {
		steps[i] = step{Key: "way." + n.String(), Done: at >= n, At: heard(p, n)}
		last := i == len(nodes)-1 || at < nodes[i+1]
		steps[i].Now = steps[i].Done && last
	}
	return steps
}

// heard is when a parcel reached a node, as the first message about it says.
func heard(p client.Package, n client.Node) time.Time {
	if n == client.NodePacked {
		return p.CreatedAt
	}
	var first time.Time
	for _, e := range p.Events {
		if e.Node == n && (first.IsZero() || e.OccurredAt.Before(first)) {
			first = e.OccurredAt
		}
	}
	return first
}

// mayRead refuses orders that a session from a link doesn't show.
func mayRead(v *visit, id string) error {
	if s := v.Session(); s != nil && s.Only != "" && s.Only != id {
		return site.ErrNotFound
	}
	return nil
}

// orderOf reads the order that the page is about, as the visitor or, for the staff's own, as the buyer.
func (s *Shop) orderOf(v *visit) (sheet, error) {
	id := v.R.PathValue("id")
	if err := mayRead(v, id); err != nil {
		return sheet{}, err
	}
	if v.Session() == nil {
		return sheet{}, errNoSession
	}
	c, err := v.ClientFor(id)
	if err != nil {
		return sheet{}, err
	}
	o, err := c.Order(v.R.Context(), id)
	if err != nil {
		return sheet{}, err
	}
	return wholeSheet(v, c, o), nil
}

// wholeSheet adds what an order itself doesn't know once it has ended: payments that arrived later, and go
// back. If they can't be read, the page leaves them out.
func wholeSheet(v *visit, c *client.Client, o client.Order) sheet {
	s := sheet{Order: o, Now: v.Now()}
	if !o.Closed() || s.paid() {
		return s
	}
	money, err := c.Payment(v.R.Context(), o.ID)
	if err != nil {
		return s
	}
	for _, r := range money.Refunds {
		if !r.Status.Counts() { // it came to nothing
			continue
		}
		s.Returned = append(s.Returned, latePayment{r.Amount, r.Currency, r.PaidAt})
	}
	return s
}

var errNoSession = fmt.Errorf("no session: %w", site.ErrNotFound)

func (s *Shop) orderPage(v *visit) error {
	if v.R.URL.Query().Has(redirectStatus) {
		return s.fromStripe(v)
	}
	o, err := s.orderOf(v)
	if p := problem(err, "unknown-order"); p != nil && v.R.PathValue("id") == v.basket.Order {
		// It was sent, and its answer got lost: the service doesn't know it yet.
		return v.Render(http.StatusAccepted, unknownOrderPage(v, v.basket.Order))
	}
	if err != nil {
		return err
	}
	if err := s.shown(v, o); err != nil {
		return err
	}
	return v.Render(http.StatusOK, orderView(v, o))
}

// shown lets the basket go whose order is shown and decided. A rejected order leaves the basket as it is.
func (s *Shop) shown(v *visit, o sheet) error {
	if v.basket.Order != o.ID || o.stage() == stageUndecided {
		return nil
	}
	if o.stage() == stageRejected {
		v.basket.rejected()
	} else {
		v.basket.ordered()
	}
	return v.keepBasket()
}

// settle looks what became of an order that was undecided when its page was left.
func (s *Shop) settle(v *visit) error {
	if v.basket.Order == "" || v.Session() == nil {
		return nil
	}
	c, err := v.buyerOf(v.basket.Order)
	if err != nil {
		return err
	}
	o, err := c.Order(v.R.Context(), v.basket.Order)
	if err != nil {
		if problem(err, "unknown-order") != nil {
			return nil
		}
		return err
	}
	return s.shown(v, sheet{Order: o, Now: v.Now()})
}

// orderPart is the changing part of an order's page, for browsers that can't have a stream.
func (s *Shop) orderPart(v *visit) error {
	o, err := s.orderOf(v)
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, orderBody(v, o, true))
}

// streamAge ends a stream, so that its browser asks again: sessions end, and so must what they opened.
const streamAge = 10 * time.Minute

// orderLive follows the order. The browser says which version it shows.
func (s *Shop) orderLive(v *visit) error {
	id := v.R.PathValue("id")
	if err := mayRead(v, id); err != nil {
		return err
	}
	if v.Session() == nil {
		return errNoSession
	}
	c, err := v.ClientFor(id)
	if err != nil {
		return err
	}
	if _, err := c.Order(v.R.Context(), id); err != nil { // no stream is taken by whoever may not read it
		return err
	}
	above, _ := strconv.ParseInt(v.R.URL.Query().Get("v"), 10, 64)
	undecided := v.R.URL.Query().Get("undecided") != ""
	stream := site.NewStream(v.W)
	ctx, cancel := context.WithDeadline(v.R.Context(), v.StreamEnds(streamAge))
	defer cancel()
	//nolint:contextcheck // components get it when they are rendered
	err = s.orders.Follow(ctx, id, v.Token(), v.Follower(), above, c.OrderAbove, func(o client.Order) error {
		now := wholeSheet(v, c, o)
		return v.Live(ctx, stream, func() error {
			if undecided && now.stage() != stageUndecided {
				return stream.Event(ctx, "decided", nil) // a new page also takes the order out of the basket
			}
			if err := stream.Event(ctx, "", orderBody(v, now, false)); err != nil || now.live() {
				return err
			}
			return stream.Event(ctx, "over", nil) // the browser would ask again and again otherwise
		})
	}, func() error { return v.Live(ctx, stream, stream.Beat) })
	if errors.Is(err, live.ErrTooMany) {
		return s.poll(v)
	}
	return nil
}

// poll answers a browser for which there is no stream: it asks again and again.
func (s *Shop) poll(v *visit) error {
	o, err := s.orderOf(v)
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, polled(v, o))
}

// ordersPage lists the visitor's orders. New ones that the index doesn't have yet are read one by one.
func (s *Shop) ordersPage(v *visit) error {
	if v.Session() == nil {
		return v.Render(http.StatusOK, ordersView(v, client.OrderPage{}, nil))
	}
	if only := v.Session().Only; only != "" {
		return v.Redirect(orderLink(only))
	}
	c, err := v.Buyer(false)
	if err != nil {
		return err
	}
	cursor := v.R.URL.Query().Get("cursor")
	page, err := c.Orders(v.R.Context(), client.OrderFilter{Limit: 20, Cursor: cursor})
	var late error
	switch p := problem(err, "search-unavailable", "search-busy", "malformed-request"); {
	case p != nil && p.Kind() == "malformed-request":
		return v.Redirect("/orders")
	case p != nil:
		late, page = err, client.OrderPage{} // those of this session are still shown
	case err != nil:
		return err
	}
	var fresh []client.Order
	if cursor == "" {
		fresh = s.fresh(v, page)
	}
	return v.Render(http.StatusOK, ordersView(v, page, newest(fresh, late)))
}

// buyerOf calls the API as whoever placed an order of this browser.
func (v *visit) buyerOf(orderID string) (*client.Client, error) {
	if s := v.Session(); v.Customer() || (s != nil && s.GuestOrders[orderID] != "") {
		return v.ClientFor(orderID)
	}
	return v.Buyer(false)
}

// freshList are orders of the session that the list doesn't have, and whether there is a list at all.
type freshList struct {
	Orders  []client.Order
	Unknown bool
}

func newest(orders []client.Order, late error) *freshList {
	return &freshList{Orders: orders, Unknown: late != nil}
}

// mostFresh is how many new orders are read beside the list.
const mostFresh = 5

// fresh reads the newest orders that the list doesn't have yet, and those of other guests than the session's: no
// list has them.
func (s *Shop) fresh(v *visit, page client.OrderPage) []client.Order {
	var all []client.Order
	own := 0
	for _, id := range v.Session().Orders {
		if v.Session().GuestOrders[id] == "" {
			own++
			if own > mostFresh || slices.ContainsFunc(page.Items, func(o client.OrderSummary) bool { return o.ID == id }) {
				continue
			}
		}
		c, err := v.buyerOf(id)
		if err != nil {
			continue
		}
		if o, err := c.Order(v.R.Context(), id); err == nil {
			all = append(all, o)
		}
	}
	return all
}

// pay opens the order's payment. The provider's page is on another site, which a form can't lead to: the
// answer is a page of ours with a link, which goes on by itself.
func (s *Shop) pay(v *visit) error {
	id := v.R.PathValue("id")
	if err := mayRead(v, id); err != nil {
		return err
	}
	if v.Session() == nil {
		return errNoSession
	}
	c, err := v.ClientFor(id)
	if err != nil {
		return err
	}
	offer, err := c.OpenPayment(v.R.Context(), id, "")
	switch {
	case err != nil:
		return notPayable(v, id, err)
	case offer.RedirectURL != "":
		return v.Render(http.StatusOK, leavePage(v, id, offer))
	case !atStripe(offer):
		v.Say("warn", "pay.elsewhere")
	case s.site.StripeKey() == "":
		s.missesStripeKey(v)
	default:
		return v.Redirect(stripeLink(id))
	}
	return v.Redirect(orderLink(id))
}

// notPayable leads back to an order that no payment could be opened for, and says why.
func notPayable(v *visit, id string, err error) error {
	p := problem(err)
	if p == nil {
		return err
	}
	key := "pay." + p.Kind()
	if !v.Text.Has(key) {
		if p.Status >= http.StatusInternalServerError || p.Status == http.StatusNotFound {
			return err
		}
		key = "pay.refused"
	}
	v.Say("warn", key)
	return v.Redirect(orderLink(id))
}

// cancel cancels an order that nothing of is packed.
func (s *Shop) cancel(v *visit) error {
	id := v.R.PathValue("id")
	if err := mayRead(v, id); err != nil {
		return err
	}
	if v.Session() == nil {
		return errNoSession
	}
	c, err := v.ClientFor(id)
	if err != nil {
		return err
	}
	_, err = c.Cancel(v.R.Context(), id, "", client.Cancellation{})
	if p := problem(err); p != nil && p.Status < http.StatusInternalServerError && p.Status != http.StatusNotFound {
		v.Say("warn", "cancel."+known(v, "cancel.", p.Kind()))
		return v.Redirect(orderLink(id))
	}
	if err != nil {
		return err
	}
	v.Say("ok", "cancel.done")
	return v.Redirect(orderLink(id))
}

// known returns a kind of problem if there is a message about it.
func known(v *visit, prefix, kind string) string {
	if v.Text.Has(prefix + kind) {
		return kind
	}
	return "refused"
}
