package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
)

// Readiness serves /readyz for programs other than the gateway, with the same format and the same
// limits: each dependency is checked at most once a second, however many callers there are.
type Readiness struct {
	prober *prober
}

// NewReadiness returns a Readiness for these checks. The caller has to close it.
func NewReadiness(checks map[string]Check, log *slog.Logger) *Readiness {
	return &Readiness{newProber(checks, log)}
}

// ServeHTTP reports the result of the last probe, which is at most a second old.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	health, err := r.prober.health(req.Context())
	if err != nil {
		return // the client has gone
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if !ready(health) {
		w.Header().Set("Retry-After", askAgain)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(health) // it fails only if the client has gone
}

// Close waits for a probe in progress.
func (r *Readiness) Close() { r.prober.rounds.Wait() }
