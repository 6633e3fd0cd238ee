package audit

import (
	"context"
	"maps"
	"slices"
)

// suspects are documents that looked off, each with the revision that its home had at
// the first look; 0: it had none.
//
// A view follows its homes, which may change all the time: that it lacks what is there
// now says nothing. What was there at an earlier look it has to have by now.
type suspects map[string]int64

// add notes what looks off. What is there already keeps what was owed to it first.
func (s suspects) add(c compared) {
	if _, known := s[c.view.id]; c.kind != "" && !known {
		s[c.view.id] = c.home.revision
	}
}

// lookAgain looks at the suspects until those that were only in motion are cleared, or
// the looks are used up; the walk was the first.
func (a *viewAudit) lookAgain(ctx context.Context, s suspects) (found []ViewFinding, err error) {
	pause := a.Pause
	for look := 1; look < a.Looks && len(s) > 0; look++ {
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
		if found, err = a.look(ctx, s); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// look compares the suspects as they are now. Those that are in order leave.
func (a *viewAudit) look(ctx context.Context, s suspects) (found []ViewFinding, err error) {
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

// judge reports whether a suspect is a finding, by what it was owed.
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
	case ViewKindAhead, ViewKindDiffers, ViewKindUnreadable: // no view gets there by following
		return true
	}
	s[c.view.id] = c.home.revision // its home came or went since: it has until the next look
	return false
}
