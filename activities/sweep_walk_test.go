package activities

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/product"
)

// run walks like a run of the sweeper that has time for one part, and returns the cursor as
// the next one reads it.
func (c SweepCursor) run(t *testing.T, pages func(bucket int, behind string) product.HoldPage) (SweepCursor, []sweptOrder) {
	t.Helper()
	w := newSweepWalk(c, 64)
	read := map[int]product.HoldPage{}
	for b, behind := range w.open {
		read[b] = pages(b, behind)
	}
	part := w.parts(read)[0]
	w.passed(part)
	kept, err := json.Marshal(w.cursor())
	require.NoError(t, err)
	require.Less(t, len(kept), 32<<10)
	var next SweepCursor
	require.NoError(t, json.Unmarshal(kept, &next))
	return next, part.orders
}

// An endless bucket, and all others with one overdue hold each.
func TestABucketWithoutAnEndTakesNoTurnsOfTheOthers(t *testing.T) {
	seen := map[string]int{}
	pages := func(b int, behind string) (page product.HoldPage) {
		if b != 7 {
			return product.HoldPage{Holds: []product.LiveHold{{ProductID: "p", OrderID: fmt.Sprint("single-", b)}}}
		}
		for i := range sweepPage {
			page.Holds = append(page.Holds, product.LiveHold{ProductID: "p", OrderID: fmt.Sprint("endless-", behind, "-", i)})
		}
		page.Next = behind + "x"
		return page
	}
	var c SweepCursor
	for range 4 {
		var orders []sweptOrder
		c, orders = c.run(t, pages)
		for _, o := range orders {
			seen[o.id]++
		}
	}
	for b := range 64 {
		if b != 7 {
			require.Contains(t, seen, fmt.Sprint("single-", b))
		}
	}
	for id, n := range seen {
		if n > 1 {
			require.Contains(t, id, "single-", "behind its cursor a bucket goes on")
		}
	}
}

func TestEachOrderIsLookedAtCloselyOnceInSixteenRounds(t *testing.T) {
	closely := map[string]int{}
	var c SweepCursor
	for range lookCloselyEvery {
		var orders []sweptOrder
		c, orders = c.run(t, func(b int, _ string) product.HoldPage {
			return product.HoldPage{Holds: []product.LiveHold{{ProductID: "p", OrderID: fmt.Sprint("order-", b)}}}
		})
		for _, o := range orders {
			if o.closely {
				closely[o.id]++
			}
		}
	}
	require.Len(t, closely, 64)
	for id, n := range closely {
		require.Equal(t, 1, n, id)
	}
}

// A cursor of another version, or a damaged one, costs at most one round.
func TestACursorThatDoesNotFitBeginsAnew(t *testing.T) {
	for _, c := range []SweepCursor{{First: 64}, {First: -1}, {Rounds: make([]int, 100)}, {Behind: map[int]string{99: "x"}}} {
		w := newSweepWalk(c, 64)
		require.Zero(t, w.first)
		require.Len(t, w.open, 64)
		require.Len(t, w.rounds, 64)
	}
}
