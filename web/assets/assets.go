// Package assets serves the stylesheet and the scripts of all pages, under names that contain a hash of
// their content, so that browsers may keep them for good.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed style.css app.js stripe.js favicon.svg vendor/htmx.min.js vendor/hx-sse.min.js
var files embed.FS

// Prefix is where the assets are served.
const Prefix = "/assets/"

// asset is one file, ready to be sent.
type asset struct {
	url, media     string
	plain, gzipped []byte
}

var all = sync.OnceValue(func() map[string]*asset {
	found := map[string]*asset{}
	for name, media := range map[string]string{
		"style.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "favicon.svg": "image/svg+xml",
		"stripe.js":          "text/javascript; charset=utf-8",
		"vendor/htmx.min.js": "text/javascript; charset=utf-8", "vendor/hx-sse.min.js": "text/javascript; charset=utf-8",
	} {
		b, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		sum := sha256.Sum256(b)
		base, ext := strings.TrimSuffix(path.Base(name), path.Ext(name)), path.Ext(name)
		found[path.Base(name)] = &asset{
			url: Prefix + base + "." + hex.EncodeToString(sum[:6]) + ext, media: media, plain: b, gzipped: compress(b),
		}
	}
	return found
})

func compress(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level exists
	_, _ = w.Write(b)                                       // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// URL returns where a file is served. An unknown name is a mistake in a page, which a test finds.
func URL(name string) string {
	a, ok := all()[name]
	if !ok {
		panic("there is no asset " + name)
	}
	return a.url
}

// Handler serves the assets.
func Handler() http.Handler {
	byURL := map[string]*asset{}
	for _, a := range all() {
		byURL[a.url] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.media)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Add("Vary", "Accept-Encoding")
		body := a.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body = a.gzipped
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // a browser that is gone
		}
	})
}
