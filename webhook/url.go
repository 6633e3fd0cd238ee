package webhook

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// RefusedURLError is why a URL can't be an endpoint's.
type RefusedURLError struct{ Reason string }

func (e *RefusedURLError) Error() string { return e.Reason }

// ParseURL parses an endpoint's URL and checks what needs no network access. Which
// addresses may be reached is another question: see package deliver.
func ParseURL(text string) (*url.URL, error) {
	refuse := func(reason string) (*url.URL, error) { return nil, &RefusedURLError{reason} }
	if len(text) > MaxURLBytes {
		return refuse("at most " + strconv.Itoa(MaxURLBytes) + " bytes")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return refuse("is not a URL in ASCII") // the cause would repeat a password
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("must begin with https://")
	case u.User != nil:
		return refuse("must not carry a user or a password: messages are signed")
	case u.Hostname() == "" || u.Opaque != "":
		return refuse("must name a host")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return refuse("must not have a fragment")
	}
	if p := u.Port(); p != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return refuse("its port must lie between 1 and 65535")
		}
	}
	return u, nil
}

// IsLocalName reports whether a name can only belong to this machine or a private network.
// An address isn't a name.
func IsLocalName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	for _, end := range []string{"localhost", "local", "internal", "home.arpa"} {
		if host == end || strings.HasSuffix(host, "."+end) {
			return true
		}
	}
	return false
}
