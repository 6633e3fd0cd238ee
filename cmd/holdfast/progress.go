package main

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// newProgress shows a bar on a terminal, and nothing anywhere else. total is -1 if unknown.
// done ends the bar.
func newProgress(w io.Writer, total int64, what string) (step, done func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}, func() {}
	}
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
	)
	// A bar that can't be drawn doesn't stop the work.
	return func() { _ = bar.Add(1) }, func() { _ = bar.Finish() }
}

// stages shows a bar for each of several kinds of things, one after the other.
type stages struct {
	out  out
	mu   sync.Mutex
	what string
	bar  func()
	done func()
}

// step counts n more of what.
func (s *stages) step(what string, n int) { s.stepOf(what, n, 0) }

// stepOf counts n more of what, out of total; 0 if unknown.
func (s *stages) stepOf(what string, n int, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.what != what {
		s.finish()
		s.what = what
		if total == 0 {
			total = -1
		}
		s.bar, s.done = newProgress(s.out.stderr, total, what)
	}
	for range n {
		s.bar()
	}
}

func (s *stages) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish()
}

func (s *stages) finish() {
	if s.done != nil {
		s.done()
	}
}
