package session

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// mostInMemory bounds the sessions of one process.
const mostInMemory = 10_000

// Memory keeps sessions in the process: they end with it.
type Memory struct {
	mu      sync.Mutex
	all     map[string]Session
	claimed map[string]time.Time // until when
	sweepAt int                  // so many claims, to forget those that are over
	now     func() time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{all: map[string]Session{}, claimed: map[string]time.Time{}, now: time.Now}
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, id string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.all[id]
	if !ok || !m.now().Before(s.Expires) {
		delete(m.all, id)
		return nil, nil //nolint:nilnil // no session is not an error
	}
	s = s.clone()
	return &s, nil
}

// Update implements Store.
func (m *Memory) Update(_ context.Context, id string, change func(*Session)) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.all[id]
	if !ok || !m.now().Before(s.Expires) {
		return nil, nil //nolint:nilnil // no session is not an error
	}
	s = s.clone()
	change(&s)
	m.all[id] = s.clone()
	return &s, nil
}

// Claim implements Store.
func (m *Memory) Claim(_ context.Context, name string, lasts time.Duration) (release func(), free bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if now.Before(m.claimed[name]) {
		return func() {}, false, nil
	}
	if len(m.claimed) >= m.sweepAt { // seldom, however many there are
		maps.DeleteFunc(m.claimed, func(_ string, until time.Time) bool { return !now.Before(until) })
		m.sweepAt = max(mostInMemory, 2*len(m.claimed))
	}
	until := now.Add(lasts)
	m.claimed[name] = until
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.claimed[name].Equal(until) { // it wasn't taken by someone else meanwhile
			delete(m.claimed, name)
		}
	}, true, nil
}

// Put implements Store. If there are too many sessions, some give way: guests' before those of people who
// signed in, since anyone can begin one, and then those that expire first.
func (m *Memory) Put(_ context.Context, id string, s Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[id] = s.clone()
	if len(m.all) > mostInMemory {
		m.shrink(id)
	}
	return nil
}

// shrink drops a tenth of the sessions, but not the new one.
func (m *Memory) shrink(added string) {
	ids := make([]string, 0, len(m.all))
	for id := range m.all {
		if id != added {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		x, y := m.all[a], m.all[b]
		if guest := x.Kind == KindGuest; guest != (y.Kind == KindGuest) {
			if guest {
				return -1
			}
			return 1
		}
		return x.Expires.Compare(y.Expires)
	})
	for _, id := range ids[:len(ids)/10] {
		delete(m.all, id)
	}
}

// Delete implements Store.
func (m *Memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, id)
	return nil
}
