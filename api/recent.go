package api

import "sync"

// recentSize limits memory: at most twice as many names of 36 bytes are remembered.
const recentSize = 10_000

// recentNames remembers recent names, only in memory: each until at least recentSize others have been
// added.
type recentNames struct {
	mu           sync.Mutex
	names, older map[string]struct{}
}

// note remembers a name and reports whether it was already remembered.
func (l *recentNames) note(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, isNew := l.names[name]
	_, isOld := l.older[name]
	if isNew {
		return true
	}
	if len(l.names) >= recentSize {
		l.names, l.older = nil, l.names
	}
	if l.names == nil {
		l.names = map[string]struct{}{}
	}
	l.names[name] = struct{}{}
	return isOld
}

// has reports whether a name is remembered.
func (l *recentNames) has(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, isNew := l.names[name]
	_, isOld := l.older[name]
	return isNew || isOld
}
