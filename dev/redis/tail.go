package redis

import (
	"strings"
	"sync"
)

// tailSize is how much of the child's log is kept, in bytes: about twenty lines.
const tailSize = 2048

// tail keeps the end of a child's output, to show it when the child fails.
type tail struct {
	mu   sync.Mutex
	last []byte
}

// Write keeps the end of the output so far.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if extra := len(t.last) - tailSize; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return len(p), nil
}

// String returns the end of the output.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}

func (t *tail) contains(s string) bool { return strings.Contains(t.String(), s) }
