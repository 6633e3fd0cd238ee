package site

import "strings"

// Policy is what a page takes from other sites, beside what is its own. The zero value is nothing.
type Policy struct {
	// Scripts, Frames, Calls and Images are origins, such as https://js.stripe.com.
	Scripts, Frames, Calls, Images []string
	// Pays lets these origins ask the browser for a payment, for wallets.
	Pays []string
}

// content is the content security policy: what comes from the site itself, and nothing that is written
// into a page. Forms can't leave the site.
func (p Policy) content() string {
	directives := []string{
		"default-src 'none'", source("script-src", p.Scripts), "style-src 'self'", source("img-src", p.Images),
		source("connect-src", p.Calls), "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
	}
	if len(p.Frames) > 0 {
		directives = append(directives, "frame-src "+strings.Join(p.Frames, " "))
	}
	return strings.Join(directives, "; ")
}

func source(directive string, others []string) string {
	return strings.Join(append([]string{directive, "'self'"}, others...), " ")
}

// permissions are what the browser lets the page do.
func (p Policy) permissions() string {
	pays := "()"
	if len(p.Pays) > 0 {
		pays = `(self "` + strings.Join(p.Pays, `" "`) + `")`
	}
	return "camera=(), geolocation=(), microphone=(), payment=" + pays
}

// Headers are the headers that tell a browser of the policy.
func (p Policy) Headers() map[string]string {
	opener := "same-origin"
	if len(p.Frames) > 0 {
		opener = "same-origin-allow-popups" // a bank's page that a frame opens has to find its way back
	}
	return map[string]string{
		"Content-Security-Policy":    p.content(),
		"Permissions-Policy":         p.permissions(),
		"Cross-Origin-Opener-Policy": opener,
	}
}

// Allow widens the policy of this page alone.
func (v *Visit) Allow(p Policy) {
	for name, value := range p.Headers() {
		v.W.Header().Set(name, value)
	}
}
