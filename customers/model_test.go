package customers_test

import (
	"errors"
	"time"

	"holdfast/customer"
)

// model is what the store should do, in a map.
type model struct {
	customers map[string]*entry
}

type entry struct {
	there        bool
	profile      customer.Profile
	standing     customer.Standing
	version      int64
	created      time.Time
	erasedBefore time.Time
	// put is the replacement that made the version, if its writer named one.
	put customer.Change
	// events that the entity published.
	events []string
}

func (m *model) of(id string) *entry {
	if m.customers[id] == nil {
		m.customers[id] = &entry{}
	}
	return m.customers[id]
}

// put returns the customer as the store should, except for its version and times, which the
// store chooses: changed says whether they have to be new.
func (m *model) put(ch customer.Change, same func(a, b any) bool) (created, changed bool, err error) {
	e := m.of(ch.ID)
	if !e.erasedBefore.IsZero() && !ch.At.After(e.erasedBefore) {
		return false, false, customer.ErrErased
	}
	version := customer.NotThere
	if e.there {
		version = e.version
	}
	if ch.IfMatch != nil && *ch.IfMatch != version {
		again := e.there && e.put.IfMatch != nil && *e.put.IfMatch == *ch.IfMatch &&
			same(e.put.Profile, ch.Profile) && same(e.put.Standing, ch.Standing)
		switch {
		case again:
			return false, false, nil
		case *ch.IfMatch == customer.NotThere:
			return false, false, customer.ErrExists
		}
		return false, false, customer.ErrStale
	}
	was := *e
	if ch.Profile != nil {
		e.profile = *ch.Profile
	}
	if ch.Standing != nil {
		e.standing = *ch.Standing
	}
	if was.there && same(was.profile, e.profile) && same(was.standing, e.standing) {
		return false, false, nil
	}
	e.there, e.put = true, customer.Change{}
	if was.there {
		e.put = ch
		e.events = append(e.events, "customer.changed")
	} else {
		e.events = append(e.events, "customer.created")
	}
	return !was.there, true, nil
}

func (m *model) erase(id string, before time.Time) bool {
	e := m.of(id)
	if before.After(e.erasedBefore) {
		e.erasedBefore = before
	}
	if !e.there || e.created.After(before) {
		return false
	}
	*e = entry{version: e.version, erasedBefore: e.erasedBefore, events: append(e.events, "customer.erased")}
	return true
}

func (m *model) levels() map[int]int64 {
	counts := map[int]int64{}
	for _, e := range m.customers {
		if e.there {
			counts[e.standing.Level]++
		}
	}
	return counts
}

func nameOf(err error) string {
	for name, known := range map[string]error{
		"stale": customer.ErrStale, "exists": customer.ErrExists, "erased": customer.ErrErased,
	} {
		if errors.Is(err, known) {
			return name
		}
	}
	return "done"
}
