package activities

import (
	"hash/fnv"
	"maps"
	"slices"

	"holdfast/product"
)

// lookCloselyEvery is how many times an order is skipped because a list says that it waits,
// until its workflow itself is asked: the list may be wrong for good.
const lookCloselyEvery = 16

// SweepCursor is where a run of the sweeper ended. Each bucket has a place of its own, so
// that one full of holds that can't be settled doesn't keep the others waiting.
type SweepCursor struct {
	// First is the bucket whose turn it is.
	First int `json:"first,omitempty"`
	// Behind are the places within buckets that no run has got through since their start.
	Behind map[int]string `json:"behind,omitempty"`
	// Rounds count how often each bucket was gone through.
	Rounds []int `json:"rounds,omitempty"`
	// Ended is the place on the list of orders whose workflows were ended by force.
	Ended []byte `json:"ended,omitempty"`
}

// sweepWalk goes over the buckets, page by page in turn, each once.
type sweepWalk struct {
	first  int
	rounds []int
	// open buckets are not through: by the cursor of their next page.
	open map[int]string
	// unread buckets are left for the next run, where they are.
	unread map[int]string
	ended  []byte
}

// sweepPart is so much of a round as is asked about together: whole pages of buckets.
type sweepPart struct {
	orders  []sweptOrder
	buckets []int
	next    []string // of each bucket
}

// sweptOrder is an order with overdue holds.
type sweptOrder struct {
	id       string
	products []string
	// closely: its workflow itself is to be asked.
	closely bool
}

func newSweepWalk(from SweepCursor, buckets int) *sweepWalk {
	w := &sweepWalk{rounds: make([]int, buckets), open: make(map[int]string, buckets), unread: map[int]string{}, ended: from.Ended}
	copy(w.rounds, from.Rounds)
	if from.First > 0 && from.First < buckets {
		w.first = from.First
	}
	for b := range buckets {
		w.open[b] = from.Behind[b]
	}
	return w
}

func (w *sweepWalk) cursor() SweepCursor {
	c := SweepCursor{First: w.first, Rounds: slices.Clone(w.rounds), Behind: map[int]string{}, Ended: w.ended}
	maps.Copy(c.Behind, w.open)
	maps.Copy(c.Behind, w.unread)
	maps.DeleteFunc(c.Behind, func(_ int, behind string) bool { return behind == "" })
	return c
}

// parts divides a round, beginning with the bucket whose turn it is.
func (w *sweepWalk) parts(pages map[int]product.HoldPage) []sweepPart {
	var parts []sweepPart
	var part sweepPart
	at := map[string]int{}
	for i := range w.rounds {
		b := (w.first + i) % len(w.rounds)
		page, read := pages[b]
		if !read {
			continue
		}
		for _, h := range page.Holds {
			n, known := at[h.OrderID]
			if !known {
				n = len(part.orders)
				at[h.OrderID] = n
				part.orders = append(part.orders, sweptOrder{id: h.OrderID})
			}
			o := &part.orders[n]
			o.products = append(o.products, h.ProductID)
			o.closely = o.closely || share(h.OrderID) == w.rounds[b]%lookCloselyEvery
		}
		part.buckets, part.next = append(part.buckets, b), append(part.next, page.Next)
		if len(part.orders) >= askTogether {
			parts, part, at = append(parts, part), sweepPart{}, map[string]int{}
		}
	}
	if len(part.buckets) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// passed moves on behind a part.
func (w *sweepWalk) passed(p sweepPart) {
	for i, b := range p.buckets {
		w.first = (b + 1) % len(w.rounds)
		if w.open[b] = p.next[i]; p.next[i] == "" {
			delete(w.open, b)
			w.rounds[b] = (w.rounds[b] + 1) % lookCloselyEvery
		}
	}
}

// leave takes a bucket out of this run, and keeps its place for the next one.
func (w *sweepWalk) leave(bucket int) {
	w.unread[bucket] = w.open[bucket]
	delete(w.open, bucket)
}

// share divides orders into as many parts as rounds go by until each was looked at closely.
func share(orderID string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(orderID))
	return int(h.Sum32() % lookCloselyEvery)
}
