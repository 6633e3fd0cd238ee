package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"holdfast/order"
	"holdfast/payment"
)

// Path is where the gateway must serve the pages.
const Path = "/sandbox/"

// payPath precedes a payment's id.
const payPath = Path + "pay/"

// maxFormBytes is more than any choice needs.
const maxFormBytes = 4 << 10

// Pages are where the buyer pays: for a person a page with buttons, for a program the same
// address with JSON. There is no authentication: anyone who knows the payment's id may pay.
// The gateway blocks pages of other origins.
type Pages struct {
	books *Books
	log   *slog.Logger
	mux   *http.ServeMux
	// orders is where the shop's pages show orders; empty if there are no such pages.
	orders string
}

// NewPages returns the pages of the payments in these books. orders is the address of the shop's page of
// an order without its id, to which buyers are led back; empty if there is none.
func NewPages(b *Books, orders string, log *slog.Logger) *Pages {
	p := &Pages{books: b, log: log, mux: http.NewServeMux(), orders: orders}
	p.mux.HandleFunc("GET "+payPath+"{paymentId}", p.show)
	p.mux.HandleFunc("POST "+payPath+"{paymentId}", p.choose)
	p.mux.HandleFunc(Path, func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, r, order.ProviderPayment{}, payment.ErrNoPayment)
	})
	return p
}

// ServeHTTP implements http.Handler.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	found, err := p.books.lookUp(r.Context(), r.PathValue("paymentId"))
	if err != nil {
		p.fail(w, r, found, err)
		return
	}
	p.render(w, r, http.StatusOK, page{Payment: viewOf(found)})
}

// choose carries out the buyer's choice. A browser is redirected to the page, so that
// reloading it doesn't pay again.
func (p *Pages) choose(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("paymentId")
	c, err := readChoice(w, r)
	var status order.ProviderStatus
	if err == nil {
		status, err = p.books.Choose(r.Context(), id, c)
	}
	switch {
	case err != nil:
		found, _ := p.books.lookUp(r.Context(), id) // for the page; the error is known already
		p.fail(w, r, found, err)
	case wantsHTML(r):
		http.Redirect(w, r, payPath+id, http.StatusSeeOther) //nolint:gosec // our own path, and the books know the id
	default:
		answerJSON(w, http.StatusOK, "application/json", map[string]any{"paymentId": id, "status": status})
	}
}

// readChoice reads a form or a JSON document.
func readChoice(w http.ResponseWriter, r *http.Request) (Choice, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return Choice{}, fmt.Errorf("%w: the body is a form or JSON", errNoChoice)
	}
	var c struct {
		Action   Action `json:"action"`
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
	switch media {
	case "application/json":
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return Choice{}, fmt.Errorf("%w: the body is not a valid JSON document", errNoChoice)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return Choice{}, fmt.Errorf("%w: there is data after the JSON document", errNoChoice)
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return Choice{}, fmt.Errorf("%w: the form can't be read", errNoChoice)
		}
		c.Action, c.Currency = Action(r.PostForm.Get("action")), r.PostForm.Get("currency")
		if a := strings.TrimSpace(r.PostForm.Get("amount")); a != "" {
			if c.Amount, err = strconv.ParseInt(a, 10, 64); err != nil || c.Amount < 1 {
				return Choice{}, fmt.Errorf("%w: the amount is a whole number of minor units", errNoChoice)
			}
		}
	default:
		return Choice{}, fmt.Errorf("%w: the body is a form or JSON", errNoChoice)
	}
	return Choice(c), nil
}

// fail reports an error: to a person on a page, to a program as RFC 9457 problem details.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, found order.ProviderPayment, err error) {
	status, kind, says := http.StatusInternalServerError, "internal", "Something went wrong here."
	ended, late := errors.AsType[*EndedError](err)
	switch {
	case errors.Is(err, payment.ErrNoPayment):
		status, kind, says = http.StatusNotFound, "unknown-payment", "The sandbox has no such payment."
	case late:
		status, kind, says = http.StatusConflict, "payment-ended", "Too late: "+ended.Error()+"."
	case errors.Is(err, errNoChoice):
		status, kind, says = http.StatusBadRequest, "malformed-request", err.Error()+"."
	case errors.Is(err, payment.ErrUnavailable):
		status, kind, says = http.StatusServiceUnavailable, "payments-unavailable", "The sandbox's books can't be reached. Try again."
		w.Header().Set("Retry-After", "2")
	}
	if status >= http.StatusInternalServerError {
		p.log.ErrorContext(r.Context(), "the sandbox's page failed", "error", err)
	}
	if !wantsHTML(r) && r.Method == http.MethodPost {
		answerJSON(w, status, "application/problem+json", map[string]any{
			"type": "/problems/" + kind, "title": http.StatusText(status), "status": status, "detail": says,
		})
		return
	}
	shown := page{Problem: says}
	if found.ID != "" {
		shown.Payment = viewOf(found)
	}
	p.render(w, r, status, shown)
}

// wantsHTML reports whether the caller is a browser rather than a program.
func wantsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

func answerJSON(w http.ResponseWriter, status int, media string, v any) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}
