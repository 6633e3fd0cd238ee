package site

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var zippers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level exists
	return w
}}

// worthZipping is the size from which a page is compressed.
const worthZipping = 1 << 10

// Render answers with a component. It is complete before anything is sent, so that a mistake in it is
// an error page and not half a page.
func (v *Visit) Render(status int, page templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer buffers.Put(buf)
	if err := page.Render(v.R.Context(), buf); err != nil {
		return fmt.Errorf("render %s: %w", v.R.URL.Path, err)
	}
	if !v.Partial() && v.cookieValue(noticeCookie) != "" && v.R.Method == http.MethodGet {
		v.Forget(noticeCookie)
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	h.Add("Vary", "HX-Request")
	if buf.Len() < worthZipping || !strings.Contains(v.R.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Length", strconv.Itoa(buf.Len()))
		v.W.WriteHeader(status)
		_, _ = v.W.Write(buf.Bytes()) // a browser that is gone
		return nil
	}
	h.Set("Content-Encoding", "gzip")
	v.W.WriteHeader(status)
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(v.W)
	_, _ = z.Write(buf.Bytes()) // a browser that is gone
	_ = z.Close()
	return nil
}
