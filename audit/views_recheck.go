package audit

import (
	"context"
	"maps"
	"slices"
)

// suspects are documents that looked wrong, each with the revision of its entity at the
// first check; 0 means that there was none.
//
// A view follows its entities, which may change all the time: lacking the current state
// proves nothing, but by now it must have what existed at an earlier check.
type suspects map[string]int64

// add notes a suspect. One that is noted already keeps its first revision.
func (s suspects) add(c compared) {
	if _, known := s[c.view.id]; c.kind != "" && !known {
		s[c.view.id] = c.home.revision
	}
}

// recheck checks the suspects until those that were only in motion are cleared, or the
// checks are used up; the walk was the first.
func (a *viewAudit) recheck(ctx context.Context, s suspects) (found []ViewFinding, err error) {
	pause := a.Pause
	for look := 1; look < a.Looks && len(s) > 0; look++ {
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
		if found, err = a.check(ctx, s); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// check compares the current state of the suspects. Those without differences leave.
func (a *viewAudit) check(ctx context.Context, s suspects) (found []ViewFinding, err error) {
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(s)), batch) {
		docs := make([]viewed, len(ids))
		for i, id := range ids {
			if docs[i], err = a.get(ctx, id); err != nil {
				return nil, err
			}
		}
		all, err := a.compare(ctx, docs)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if s.judge(c) {
				found = append(found, ViewFinding{Kind: c.kind, View: a.view, ID: c.view.id, Detail: c.detail})
			}
		}
		a.Progress("suspects", len(ids))
	}
	return found, nil
}

// judge reports whether a suspect is a finding, given what the view should have by now.
func (s suspects) judge(c compared) bool {
	owed := s[c.view.id]
	switch c.kind {
	case "":
		delete(s, c.view.id)
		return false
	case ViewKindBehind:
		if owed > 0 && c.view.revision >= owed {
			delete(s, c.view.id) // it follows
			return false
		}
		if owed > 0 {
			return true
		}
	case ViewKindMissing:
		if owed > 0 {
			return true
		}
	case ViewKindUnknown:
		if owed == 0 {
			return true
		}
	case ViewKindAhead, ViewKindDiffers, ViewKindUnreadable: // a view doesn't get there by following
		return true
	}
	s[c.view.id] = c.home.revision // its entity appeared or disappeared since: it has until the next check
	return false
}
