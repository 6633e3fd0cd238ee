package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"holdfast/client"
	"holdfast/web/session"
)

// lookers share one guest: whoever only looks around gets no session and no guest of their own.
type lookers struct {
	mu    sync.Mutex
	value string
	until time.Time
}

// retryGuest is how long a shop without guests is not asked for one again.
const retryGuest = time.Minute

// token returns the token of the guest that all lookers share. A shop that takes no guests needs none
// for what is public; where tokens are for development, it is the first customer's, since a call
// without a token would be the operator's.
func (l *lookers) token(ctx context.Context, s *Site) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := s.cfg.Now()
	if now.Before(l.until) {
		return l.value, nil
	}
	g, err := s.cfg.Gateway.As("").NewGuest(ctx)
	p, refused := errors.AsType[*client.Problem](err)
	switch {
	case err == nil:
		l.value, l.until = g.Token, now.Add(g.ExpiresAt.Sub(now)/2)
	case refused && p.Kind() == "no-guests":
		if l.value, err = s.firstCustomer(); err != nil {
			return "", err
		}
		l.until = now.Add(retryGuest)
	default:
		return "", err
	}
	return l.value, nil
}

func (s *Site) firstCustomer() (string, error) {
	for _, p := range s.cfg.Personas {
		if p.Kind == session.KindCustomer {
			return p.Token()
		}
	}
	return "", nil
}

var errNoPersona = errors.New("there is no such persona")

func (s *Site) personaToken(name string) (string, error) {
	for _, p := range s.cfg.Personas {
		if p.Name == name && p.Token != nil {
			token, err := p.Token()
			if err != nil {
				return "", fmt.Errorf("sign a token for development: %w", err)
			}
			return token, nil
		}
	}
	return "", errNoPersona
}

// Personas are who the visitor may become, for development.
func (v *Visit) Personas() []Persona { return v.site.cfg.Personas }

// Is reports whether the visitor is this persona.
func (v *Visit) Is(p Persona) bool {
	if v.session == nil || v.session.Persona == "" {
		return p.Kind == session.KindGuest
	}
	return v.session.Persona == p.Name
}

// Switch makes the visitor another persona.
func (s *Site) Switch(v *Visit) error {
	if len(s.cfg.Personas) == 0 {
		return ErrNotFound
	}
	if err := v.ParseForm(); err != nil {
		return err
	}
	back := Local(v.R.PostForm.Get("back"), "/")
	for _, p := range s.cfg.Personas {
		if p.Name != v.R.PostForm.Get("who") {
			continue
		}
		if p.Kind == session.KindGuest {
			if err := v.End(); err != nil {
				return err
			}
			return v.Redirect(back)
		}
		if err := v.Begin(session.Session{Kind: p.Kind, Persona: p.Name, Name: p.Name}); err != nil {
			return err
		}
		return v.Redirect(back)
	}
	return &BadRequestError{Reason: "who"}
}

// Language keeps the visitor's choice of a language.
func (s *Site) Language(v *Visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	v.cookie(languageCookie, v.R.PostForm.Get("language"), yearLong)
	return v.Redirect(Local(v.R.PostForm.Get("back"), "/"))
}

// maxFormBytes is far above any form of a page.
const maxFormBytes = 256 << 10

// ParseForm reads a posted form.
func (v *Visit) ParseForm() error { return v.ParseFormOf(maxFormBytes) }

// ParseFormOf reads a posted form of at most so many bytes, in which most characters take three.
func (v *Visit) ParseFormOf(most int64) error {
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, most)
	if err := v.R.ParseForm(); err != nil {
		return &BadRequestError{Reason: err.Error()}
	}
	return nil
}
