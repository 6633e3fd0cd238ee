package site

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Browsers take cookies of 4,096 bytes with their names and attributes, so that longer values are
// divided.
const (
	cookieBytes = 3600
	mostParts   = 3
)

// hostPrefix makes browsers take a cookie from this very host only, over HTTPS: another host of the same domain
// can't plant one.
const hostPrefix = "__Host-"

// cookieName is what a cookie is called in the browser. The language and the time zone decide nothing, and the
// script that sets the zone knows one name.
func (s *Site) cookieName(name string) string {
	if !s.cfg.Secure || name == languageCookie || name == zoneCookie {
		return name
	}
	return hostPrefix + name
}

// cookie sets a cookie of the site. age 0 means until the browser is closed, below 0 removes it.
func (v *Visit) cookie(name, value string, age time.Duration) {
	v.setCookie(v.site.cookieName(name), value, age)
}

func (v *Visit) setCookie(name, value string, age time.Duration) {
	//nolint:gosec // Secure follows from the address that the site is reached at
	http.SetCookie(v.W, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second), HttpOnly: true, Secure: v.site.cfg.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

func (v *Visit) cookieValue(name string) string {
	return v.plainValue(v.site.cookieName(name))
}

func (v *Visit) plainValue(name string) string {
	c, err := v.R.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// Keep stores a value in the browser, sealed.
func (v *Visit) Keep(name string, value any, age time.Duration) error {
	sealed, err := v.site.cookies.Seal(v.site.cookieName(name), value)
	if err != nil {
		return err
	}
	if len(sealed) > cookieBytes*mostParts {
		return errTooLong
	}
	for i := range mostParts {
		part := sealed[:min(len(sealed), cookieBytes)]
		sealed = sealed[len(part):]
		switch {
		case part != "":
			v.cookie(partName(name, i), part, age)
		case v.cookieValue(partName(name, i)) != "":
			v.cookie(partName(name, i), "", -time.Second)
		}
	}
	return nil
}

// Kept reads what Keep stored, and reports whether there is anything. What a browser made up counts as
// nothing.
func (v *Visit) Kept(name string, into any) bool {
	var sealed strings.Builder
	for i := range mostParts {
		sealed.WriteString(v.cookieValue(partName(name, i)))
	}
	return sealed.Len() > 0 && v.site.cookies.Open(v.site.cookieName(name), sealed.String(), into) == nil
}

// Moved reads what Keep stored before cookies had a prefix, stores it under the present name, and reports
// whether there was anything. What is sealed under the present name doesn't open here, so it can't be planted without
// the prefix.
func (v *Visit) Moved(name string, into any, age time.Duration) bool {
	if v.site.cookieName(name) == name {
		return false
	}
	var sealed strings.Builder
	for i := range mostParts {
		part := partName(name, i)
		if value := v.plainValue(part); value != "" {
			sealed.WriteString(value)
			v.setCookie(part, "", -time.Second)
		}
	}
	return sealed.Len() > 0 && v.site.cookies.Open(name, sealed.String(), into) == nil && v.Keep(name, into, age) == nil
}

// Forget removes what Keep stored.
func (v *Visit) Forget(name string) {
	for i := range mostParts {
		if v.cookieValue(partName(name, i)) != "" {
			v.cookie(partName(name, i), "", -time.Second)
		}
	}
}

func partName(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "." + strconv.Itoa(i)
}
