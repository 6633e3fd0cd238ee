package api

import "strings"

// prefixes are where the paths of the gateway's own routes begin; providers' pages are below others.
// Programs that serve more at the gateway's address send it these.
var prefixes = []string{"/v1/", "/problems/", "/docs", "/openapi.yaml", "/healthz", "/readyz", "/metrics"}

// Owns reports whether a path is one of the gateway's, or of one of the providers' pages that it serves.
func (c *Config) Owns(path string) bool {
	for _, p := range prefixes {
		if path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") {
			return true
		}
	}
	for p := range c.Pages {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}
