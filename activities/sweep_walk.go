package activities

import (
	"hash/fnv"
	"maps"
	"slices"

	"holdfast/product"
)

// lookCloselyEvery is how many times an order is skipped because a list says that it waits,
// before its workflow itself is asked: the list may stay wrong.
const lookCloselyEvery = 16

// SweepCursor is where a run of the sweeper stopped. Each bucket has its own position, so
// that a bucket full of holds that can't be settled doesn't block the others.
type SweepCursor struct {
	// First is the bucket to start with.
	First int `json:"first,omitempty"`
	// Behind maps each bucket that no run has finished yet to the position within it.
	Behind map[int]string `json:"behind,omitempty"`
	// Rounds counts how often each bucket was finished.
	Rounds []int `json:"rounds,omitempty"`
	// Ended is the position in the list of orders whose workflows were terminated.
	Ended []byte `json:"ended,omitempty"`
}

// sweepWalk goes over the buckets, page by page in turn, each of them once.
type sweepWalk struct {
	first  int
	rounds []int
	// open maps unfinished buckets to the cursor of their next page.
	open map[int]string
	// unread maps the buckets left for the next run to their cursors.
	unread map[int]string
	ended  []byte
}

// sweepPart is the portion of a round that one query covers: whole pages of buckets.
type sweepPart struct {
	orders  []sweptOrder
	buckets []int
	next    []string // the next cursor of each bucket
}

// sweptOrder is an order with overdue holds, of products or of uses of coupons.
type sweptOrder struct {
	id    string
	holds []product.LiveHold
	// closely means that the workflow itself is to be asked.
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

// parts divides a round, starting with the bucket whose turn it is.
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
			o.holds = append(o.holds, h)
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

// leave excludes a bucket from this run and keeps its position for the next one.
func (w *sweepWalk) leave(bucket int) {
	w.unread[bucket] = w.open[bucket]
	delete(w.open, bucket)
}

// share assigns an order to one of the rounds, so that each order's workflow is asked once
// in lookCloselyEvery rounds.
func share(orderID string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(orderID))
	return int(h.Sum32() % lookCloselyEvery)
}
