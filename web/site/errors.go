package site

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"holdfast/client"
)

// ErrNotFound is the answer to an address that leads nowhere.
var ErrNotFound = errors.New("there is no such page")

// BadRequestError is a form that no page of ours sends.
type BadRequestError struct{ Reason string }

func (e *BadRequestError) Error() string { return "the form can't be read: " + e.Reason }

// awayError means that the sessions can't be read: nobody can be recognized.
type awayError struct{ err error }

func (e *awayError) Error() string { return "sessions: " + e.err.Error() }

func (e *awayError) Unwrap() error { return e.err }

// errSignedOut means that the session of a visitor who had signed in is over: it reached its end, or the
// provider doesn't renew it.
var errSignedOut = errors.New("the visitor was signed out")

// providerError means that the OpenID provider can't be reached.
type providerError struct{ err error }

func (e *providerError) Error() string { return "sign-in: " + e.err.Error() }

func (e *providerError) Unwrap() error { return e.err }

// busyError means that the visitor's network asks too often.
type busyError struct{ wait time.Duration }

func (e *busyError) Error() string { return "too many requests from this network" }

// Trouble is what a page says about an error.
type Trouble struct {
	Status int
	// Key of the messages: trouble.<key>.title and .text.
	Key string
	// Again is in how many seconds the page tries again by itself; 0 means never.
	Again int
}

// Away reports whether an error means that the service can't be reached at present.
func Away(err error) bool { return TroubleOf(err).Key == "away" }

// againSeconds is how often a page tries again.
const againSeconds = 5

// TroubleOf says what went wrong, in terms of what the visitor can do about it.
func TroubleOf(err error) Trouble {
	p, refused := errors.AsType[*client.Problem](err)
	_, bad := errors.AsType[*BadRequestError](err)
	_, away := errors.AsType[*awayError](err)
	_, provider := errors.AsType[*providerError](err)
	busy, tooOften := errors.AsType[*busyError](err)
	switch {
	case tooOften:
		return Trouble{http.StatusTooManyRequests, "busy", max(againSeconds, int((busy.wait+time.Second-1)/time.Second))}
	case errors.Is(err, errSignedOut):
		return Trouble{http.StatusUnauthorized, "signedOut", 0}
	case provider:
		return Trouble{http.StatusServiceUnavailable, "provider", againSeconds}
	case bad:
		return Trouble{http.StatusBadRequest, "bad", 0}
	case errors.Is(err, ErrNotFound):
		return Trouble{http.StatusNotFound, "missing", 0}
	case refused:
		return troubleOfProblem(p)
	case away, errors.Is(err, context.DeadlineExceeded), isNetwork(err):
		return Trouble{http.StatusServiceUnavailable, "away", againSeconds}
	}
	return Trouble{http.StatusInternalServerError, "broken", 0}
}

func troubleOfProblem(p *client.Problem) Trouble {
	switch {
	case p.Status == http.StatusTooManyRequests:
		return Trouble{p.Status, "busy", max(againSeconds, int(p.RetryAfter/time.Second))}
	case p.Status == http.StatusNotFound:
		return Trouble{p.Status, "missing", 0}
	case p.Status == http.StatusUnauthorized:
		return Trouble{p.Status, "ended", 0}
	case p.Status == http.StatusForbidden:
		return Trouble{p.Status, "forbidden", 0}
	case p.Kind() == "search-unavailable", p.Kind() == "search-busy":
		return Trouble{http.StatusServiceUnavailable, "search", againSeconds}
	case p.Status >= http.StatusInternalServerError:
		return Trouble{http.StatusServiceUnavailable, "away", max(againSeconds, int(p.RetryAfter/time.Second))}
	}
	return Trouble{http.StatusUnprocessableEntity, "refused", 0}
}

// Fail answers with a page about an error, or with its sentence where htmx asked for a part.
func (v *Visit) Fail(err error) {
	if errors.Is(err, context.Canceled) && v.R.Context().Err() != nil {
		return // the browser is gone
	}
	t := TroubleOf(err)
	if t.Key == "ended" && v.asGuest { // the guest's token is over, not the session
		t = Trouble{http.StatusNotFound, "missing", 0}
	}
	if t.Status >= http.StatusInternalServerError {
		v.site.cfg.Log.WarnContext(v.R.Context(), "page failed", "path", v.pathToLog(), "error", err.Error())
	}
	switch {
	case t.Key == "ended":
		_, _ = v.leave() // it is worth nothing any more
	case t.Key == "signedOut" && !v.background():
		v.cookie(sessionCookie, "", -time.Second) // it is said once
	}
	if t.Again > 0 {
		v.W.Header().Set("Retry-After", strconv.Itoa(t.Again))
	}
	page := troublePage(v, t)
	if v.Partial() {
		page = troublePart(v, t)
	}
	if err := v.Render(t.Status, page); err != nil {
		http.Error(v.W, "This page is broken.", http.StatusInternalServerError)
	}
}

// offersSignIn reports whether signing in may help.
func (v *Visit) offersSignIn(t Trouble) bool {
	switch t.Key {
	case "signedOut", "ended", "missing", "forbidden":
		return v.CanSignIn() && !v.SignedIn()
	}
	return false
}

// pathToLog hides the secret part of a link to a guest's order.
func (v *Visit) pathToLog() string {
	if p := v.R.Pattern; p != "" {
		return p
	}
	return "unknown"
}
