package site

import (
	"sync"
	"time"
)

// quota limits what each network may do within a window of time. The windows of all networks begin together, so
// that there is nothing to remember of those before.
type quota struct {
	most   int
	window time.Duration

	mu   sync.Mutex
	used map[string]int
	ends time.Time
}

func newQuota(most int, window time.Duration) *quota {
	return &quota{most: most, window: window}
}

// take counts one, and returns how long to wait if the network has none left.
func (q *quota) take(now time.Time, network string) (wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !now.Before(q.ends) {
		q.used, q.ends = map[string]int{}, now.Add(q.window)
	}
	if q.used[network] >= q.most {
		return q.ends.Sub(now)
	}
	q.used[network]++
	return 0
}
