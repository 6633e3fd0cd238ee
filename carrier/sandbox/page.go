package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/carrier"
	"holdfast/order"
)

// Path is where the gateway must serve the page.
const Path = "/sandbox-carrier/"

const (
	// maxFormBytes is more than any report needs.
	maxFormBytes = 4 << 10
	// sendTimeout limits one callback.
	sendTimeout = 10 * time.Second
	// longestAgo is how many minutes ago something may have happened: a year.
	longestAgo = 365 * 24 * 60
)

//go:embed page.html
var pageSource string

//go:embed page.css
var style string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// contentPolicy allows the page its own style and its own forms, and nothing else: no
// script, no framing, nothing from elsewhere.
var contentPolicy = "default-src 'none'; style-src 'sha256-" + styleHash() +
	"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Page is where a tester moves parcels along. It sends signed callbacks to the gateway, as any carrier
// does. There is no authentication. The gateway blocks pages of other origins.
type Page struct {
	carrier *Carrier
	gateway string
	http    *http.Client
	log     *slog.Logger
}

// NewPage returns the page. gatewayURL is where its callbacks go.
func NewPage(c *Carrier, gatewayURL string, log *slog.Logger) *Page {
	return &Page{carrier: c, gateway: strings.TrimSuffix(gatewayURL, "/"), http: &http.Client{Timeout: sendTimeout}, log: log}
}

// shown is what the page shows.
type shown struct {
	Path, Given, Number, Sent, Problem string
	Style                              template.CSS
	Nodes, Marks                       []button
}

type button struct{ Name, Label string }

func label(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path != Path:
		p.render(w, r, http.StatusNotFound, shown{Problem: "There is nothing here."})
	case r.Method == http.MethodPost:
		p.report(w, r)
	default:
		p.show(w, r)
	}
}

func (p *Page) show(w http.ResponseWriter, r *http.Request) {
	s := shown{Given: r.URL.Query().Get("number")}
	if e, err := eventOf(r.URL.Query().Get("sent")); err == nil {
		s.Sent = label(nameOf(e)) + "."
	}
	if s.Given == "" {
		p.render(w, r, http.StatusOK, s)
		return
	}
	number, ok := carrier.NormalizeNumber(s.Given)
	if !ok {
		s.Sent, s.Problem = "", errNumber.Error()+"."
		p.render(w, r, http.StatusBadRequest, s)
		return
	}
	s.Number = number
	p.render(w, r, http.StatusOK, s)
}

var (
	errNumber  = errors.New("a tracking number has 4 to 50 letters and digits, and may be separated by spaces, dots and hyphens")
	errReport  = errors.New("what happened has to be one of the buttons")
	errMinutes = fmt.Errorf("the minutes have to be a number from 0 to %d", longestAgo)
	errForm    = errors.New("the form can't be read")
)

// report sends what the tester chose. The browser is redirected, so that reloading the page doesn't
// send it again.
func (p *Page) report(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	number, e, err := readReport(r)
	if err != nil {
		p.render(w, r, http.StatusBadRequest, shown{Given: r.PostForm.Get("number"), Number: number, Problem: err.Error() + "."})
		return
	}
	if err := p.send(r.Context(), number, e); err != nil {
		p.log.ErrorContext(r.Context(), "the sandbox carrier's callback was not accepted", "error", err)
		p.render(w, r, http.StatusBadGateway, shown{Given: number, Number: number, Problem: "The gateway did not accept the callback. Try again."})
		return
	}
	query := url.Values{"number": {number}, "sent": {nameOf(e)}}
	http.Redirect(w, r, Path+"?"+query.Encode(), http.StatusSeeOther)
}

func readReport(r *http.Request) (number string, e order.PackageEvent, err error) {
	if err := r.ParseForm(); err != nil {
		return "", e, errForm
	}
	number, ok := carrier.NormalizeNumber(r.PostForm.Get("number"))
	if !ok {
		return "", e, errNumber
	}
	if e, err = eventOf(r.PostForm.Get("report")); err != nil {
		return number, e, err
	}
	minutes := 0
	if text := strings.TrimSpace(r.PostForm.Get("minutes")); text != "" {
		if minutes, err = strconv.Atoi(text); err != nil || minutes < 0 || minutes > longestAgo {
			return number, e, errMinutes
		}
	}
	e.ID, e.Detail = uuid.NewString(), r.PostForm.Get("detail")
	e.OccurredAt = time.Now().UTC().Add(-time.Duration(minutes) * time.Minute)
	return number, e, nil
}

// eventOf returns an event of a node or a mark with this name.
func eventOf(name string) (order.PackageEvent, error) {
	if node, known := order.ParseNode(name); known && node.OfPackage() {
		return order.PackageEvent{Node: node}, nil
	}
	if mark := order.Mark(name); mark.Known() {
		return order.PackageEvent{Mark: mark}, nil
	}
	return order.PackageEvent{}, errReport
}

func nameOf(e order.PackageEvent) string {
	if e.Node != 0 {
		return e.Node.String()
	}
	return string(e.Mark)
}

func (p *Page) send(ctx context.Context, number string, e order.PackageEvent) error {
	body, err := Write(number, []order.PackageEvent{e})
	if err != nil {
		return fmt.Errorf("write the callback: %w", err)
	}
	header, err := p.carrier.Sign("msg_"+e.ID, time.Now(), body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.gateway+"/v1/carriers/"+Name+"/callbacks", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("prepare the callback: %w", err)
	}
	r.Header = header
	answer, err := p.http.Do(r) //nolint:gosec // it goes to our own gateway
	if err != nil {
		return fmt.Errorf("send the callback: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if answer.StatusCode != http.StatusNoContent {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, maxFormBytes)) // for the log
		return fmt.Errorf("the gateway answered %d: %s", answer.StatusCode, said)
	}
	return nil
}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, s shown) {
	s.Path, s.Style = Path, template.CSS(style) //nolint:gosec // it is our own file
	for _, n := range order.PackageNodes() {
		if n.OfPackage() {
			s.Nodes = append(s.Nodes, button{n.String(), label(n.String())})
		}
	}
	for _, m := range order.Marks() {
		s.Marks = append(s.Marks, button{string(m), label(string(m))})
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, s); err != nil {
		p.log.ErrorContext(r.Context(), "the sandbox carrier's page can't be written", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the caller may be gone
}
