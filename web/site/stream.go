package site

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// writeTime bounds each write of a stream.
const writeTime = 10 * time.Second

// Stream sends events to a page (SSE). Nothing is sent before the first event, so that an error can
// still be a page.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

// NewStream returns a stream.
func NewStream(w http.ResponseWriter) *Stream {
	return &Stream{w: w, control: http.NewResponseController(w)}
}

func (s *Stream) begin() {
	if s.begun {
		return
	}
	s.begun = true
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not collect events
	s.w.WriteHeader(http.StatusOK)
}

// Event sends an event: htmx puts what has no name into the page, and passes on the others.
func (s *Stream) Event(ctx context.Context, name string, content templ.Component) error {
	var html bytes.Buffer
	if content != nil {
		if err := content.Render(ctx, &html); err != nil {
			return fmt.Errorf("render an event: %w", err)
		}
	}
	var event strings.Builder
	if name != "" {
		fmt.Fprintf(&event, "event: %s\n", name)
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(html.String(), "\r", ""), "\n") {
		fmt.Fprintf(&event, "data: %s\n", line)
	}
	event.WriteString("\n")
	return s.write(event.String())
}

// Beat keeps the connection from looking idle.
func (s *Stream) Beat() error { return s.write(": still here\n\n") }

func (s *Stream) write(text string) error {
	s.begin()
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTime)) // without deadlines the connection's own holds
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
