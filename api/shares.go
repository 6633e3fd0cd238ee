package api

import (
	"errors"
	"sync"
)

var (
	errAllTaken   = errors.New("everything is taken")
	errShareTaken = errors.New("the holder's share is taken")
)

// share is how much a holder may have at the same time.
type share struct {
	holder string
	most   int64
}

// shares divides a limited resource among holders, so that no holder can take all of it. It never
// waits, because a queue would be the next thing to fill up.
type shares struct {
	mu    sync.Mutex
	size  int64
	taken int64
	by    map[string]int64
}

func newShares(size int64) *shares { return &shares{size: size, by: map[string]int64{}} }

// take takes n for all of the holders, or nothing, with errAllTaken or errShareTaken.
func (s *shares) take(n int64, holders []share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken+n > s.size {
		return errAllTaken
	}
	for _, h := range holders {
		if s.by[h.holder]+n > h.most {
			return errShareTaken
		}
	}
	s.taken += n
	for _, h := range holders {
		s.by[h.holder] += n
	}
	return nil
}

// give returns what was taken. Holders that have nothing left are removed, so that memory grows with
// what is in use, not with the number of callers ever seen.
func (s *shares) give(n int64, holders []share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken -= n
	for _, h := range holders {
		if s.by[h.holder] -= n; s.by[h.holder] <= 0 {
			delete(s.by, h.holder)
		}
	}
}
