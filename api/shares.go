package api

import (
	"errors"
	"sync"
)

var (
	errAllTaken   = errors.New("everything is taken")
	errShareTaken = errors.New("the holder's share is taken")
)

// share is how much a holder may have at a time.
type share struct {
	holder string
	most   int64
}

// shares divides something finite among its holders, so that none of them can take all of
// it. It never waits: a queue would be the next thing to fill.
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

// give gives back what was taken. A holder without anything is forgotten, so that shares
// grows with what is taken and not with who ever called.
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
