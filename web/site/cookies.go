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

// cookie sets a cookie of the site. age 0 means until the browser is closed, below 0 removes it.
func (v *Visit) cookie(name, value string, age time.Duration) {
	//nolint:gosec // Secure follows from the address that the site is reached at
	http.SetCookie(v.W, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second), HttpOnly: true, Secure: v.site.cfg.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

func (v *Visit) cookieValue(name string) string {
	c, err := v.R.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// Keep stores a value in the browser, sealed.
func (v *Visit) Keep(name string, value any, age time.Duration) error {
	sealed, err := v.site.cookies.Seal(name, value)
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
	return sealed.Len() > 0 && v.site.cookies.Open(name, sealed.String(), into) == nil
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
