package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"holdfast/client"
)

// spans are how many hours the overview may show; the first one is shown unless another is chosen.
var spans = []int{24, 48}

// The parts that an hour's bar is made of: orders that still wait for their stock or payment, those that were
// paid, and those that ended without goods.
const (
	partPaid    = "paid"
	partWaiting = "waiting"
	partEnded   = "ended"
)

var barParts = []string{partPaid, partWaiting, partEnded}

func partOf(s client.OrderStatus) string {
	switch s {
	case client.OrderReserving, client.OrderAwaitingPayment:
		return partWaiting
	case client.OrderRejected, client.OrderExpired, client.OrderCancelled:
		return partEnded
	case client.OrderPaid, client.OrderAwaitingShipment, client.OrderPacked, client.OrderLeftWarehouse, client.OrderInTransit,
		client.OrderOutForDelivery, client.OrderDelivered:
	}
	return partPaid
}

// overview is the shop at a glance.
type overview struct {
	client.OrderCounts
	Span int
}

func (c *Console) overviewPage(v *visit) error {
	o := overview{Span: spans[0]}
	if n, err := strconv.Atoi(v.R.URL.Query().Get("hours")); err == nil && slices.Contains(spans, n) {
		o.Span = n
	}
	var err error
	if o.OrderCounts, err = v.api.OrderCounts(v.R.Context(), o.Span); err != nil {
		return err
	}
	return v.Render(http.StatusOK, overviewView(v, o))
}

// placed is how many orders were placed in all these hours.
func (o overview) placed() (n int64) {
	for _, h := range o.Hours {
		n += h.Placed
	}
	return n
}

// top of the chart's scale: a round number that no bar exceeds, and that has a whole half.
func (o overview) top() int64 {
	most := int64(0)
	for _, h := range o.Hours {
		most = max(most, h.Placed)
	}
	for unit := int64(1); ; unit *= 10 {
		for _, n := range []int64{2, 4, 6, 8, 10} {
			if n*unit >= most {
				return n * unit
			}
		}
	}
}

// The chart is drawn in units of its own, and stretched to the width that there is.
const (
	barWidth    = 10
	barGap      = 2
	chartHeight = 100
)

// bar is a part of an hour's bar.
type bar struct {
	Part         string
	X, Y, Height string
}

// bars are the parts of one hour's bar, from the bottom.
func (o overview) bars(hour int) (all []bar) {
	counts := map[string]int64{}
	for status, n := range o.Hours[hour].Statuses {
		counts[partOf(status)] += n
	}
	top, below := float64(o.top()), 0.0
	for _, part := range barParts {
		if counts[part] == 0 {
			continue
		}
		height := float64(counts[part]) / top * chartHeight
		below += height
		all = append(all, bar{Part: part, X: strconv.Itoa(hour*barWidth + barGap/2), Y: decimal(chartHeight - below), Height: decimal(height)})
	}
	return all
}

func decimal(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) }

// marks are the hours below the chart, so many that they fit a phone.
func (o overview) marks(v *visit) (all []string) {
	const most = 4
	for i := 0; i < len(o.Hours); i += max(1, len(o.Hours)/most) {
		all = append(all, v.Text.Moment(o.Hours[i].From))
	}
	return all
}

// statusCount is how many orders have a status.
type statusCount struct {
	Status client.OrderStatus
	Count  int64
}

// byStatus are the statuses in the order of an order's life. Those that the pages don't know yet come last.
func (o overview) byStatus() []statusCount {
	var all []statusCount
	for status, n := range o.Statuses {
		all = append(all, statusCount{status, n})
	}
	rank := func(s client.OrderStatus) int {
		if i := slices.Index(statuses, s); i >= 0 {
			return i
		}
		return len(statuses)
	}
	slices.SortFunc(all, func(a, b statusCount) int {
		return cmp.Or(cmp.Compare(rank(a.Status), rank(b.Status)), cmp.Compare(a.Status, b.Status))
	})
	return all
}
