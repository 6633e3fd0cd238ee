package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
)

// Readiness answers /readyz for a program other than the gateway, in the same words and
// with the same bounds: each dependency is asked once a second at most, whoever asks.
type Readiness struct {
	prober *prober
}

// NewReadiness asks these. The caller closes it.
func NewReadiness(checks map[string]Check, log *slog.Logger) *Readiness {
	return &Readiness{newProber(checks, log)}
}

// ServeHTTP answers what the last probe found, which is at most a second old.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	health, err := r.prober.health(req.Context())
	if err != nil {
		return // whoever asked has gone
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if !ready(health) {
		w.Header().Set("Retry-After", askAgain)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(health) // whoever asked has gone
}

// Close waits for the probe that is running.
func (r *Readiness) Close() { r.prober.rounds.Wait() }
