package projector

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb/redistest"
)

// Successive changes are collected; none is left behind.
func TestFewChangesAreGathered(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		h.putProduct("first", "A title")
		stop := h.start(func(o *Options) { o.Gather = 500 * time.Millisecond })
		defer stop()
		h.until("the first change", func() bool { return h.view.product("first").Title == "A title" })
		var before int
		h.view.set(func() { before = h.view.puts })
		var all []string
		for i := range 20 { // much faster than they are gathered
			id := fmt.Sprint("p", i)
			h.putProduct(id, "A title")
			all = append(all, id)
		}
		h.settled()
		h.same(append(all, "first"), nil)
		var puts int
		h.view.set(func() { puts = h.view.puts - before })
		require.Less(t, puts, len(all)/2)
	})
}
