package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"
)

// How an issuer is asked for its keys.
const (
	// refreshEvery bounds how long a withdrawn key stays valid while the issuer responds.
	refreshEvery = 10 * time.Minute
	// DefaultKeysAge bounds it while the issuer is away.
	DefaultKeysAge = 4 * time.Hour
	// MinKeysAge leaves time for further refreshes after one has failed; with MaxKeysAge, a
	// withdrawn key expires in any case.
	MinKeysAge = 2 * refreshEvery
	MaxKeysAge = 7 * 24 * time.Hour
	// askAgain is the minimum time between two requests: tokens with made-up key names must
	// not become a load on the issuer.
	askAgain    = 5 * time.Second
	askTimeout  = 5 * time.Second
	maxSetBytes = 1 << 20
)

// Remote verifies with the public keys that an issuer publishes (a JWKS), RS256 or ES256.
// Callers without one of our roles are customers. While the issuer is away, its last keys stay valid up to
// a bound: it may have withdrawn one of them since.
type Remote struct {
	url    string
	http   *http.Client
	reader reader
	log    *slog.Logger
	now    func() time.Time
	maxAge time.Duration
	asking singleflight.Group

	mu sync.Mutex
	// keys is nil until the issuer has answered once.
	keys keyfunc.Keyfunc
	// shown is when the issuer last returned them.
	shown time.Time
	// asked is when the issuer was last asked, and failed the result.
	asked  time.Time
	failed error
}

var _ Verifier = (*Remote)(nil)

// NewRemote makes no request yet: Run and Verify do. Keys over plain HTTP could come from
// anyone, so it is allowed only on loopback. maxAge is how long keys are valid without a
// refresh, such as DefaultKeysAge.
func NewRemote(keysURL string, names Names, maxAge time.Duration, log *slog.Logger) (*Remote, error) {
	if maxAge < MinKeysAge || maxAge > MaxKeysAge {
		return nil, fmt.Errorf("keys that are %s old (HOLDFAST_JWKS_MAX_AGE) can't be the bound: they are refreshed every %s, "+
			"so that it is %s to %s", maxAge, refreshEvery, MinKeysAge, MaxKeysAge)
	}
	u, err := url.Parse(keysURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname()))) {
		return nil, errors.New("the URL of a JWKS (HOLDFAST_JWKS_URL) must be https://HOST/PATH, or http on loopback") // it may hold a password
	}
	read, err := names.reader(jwt.SigningMethodRS256.Alg(), jwt.SigningMethodES256.Alg())
	if err != nil {
		return nil, err
	}
	read.provider = true
	return &Remote{
		url: keysURL, reader: read,
		log: log, now: names.complete().Now, maxAge: maxAge,
		http: &http.Client{
			Timeout: askTimeout,
			// The keys come from the configured URL, and from no other that a response may
			// name.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Run keeps the keys fresh until ctx ends, even if the issuer is away at first.
func (r *Remote) Run(ctx context.Context) {
	for {
		pause := refreshEvery
		if _, err := r.refresh(ctx); err != nil && ctx.Err() == nil {
			pause = askAgain
			r.log.WarnContext(ctx, "the keys of tokens can't be fetched (HOLDFAST_JWKS_URL); asking again", "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// Verify implements Verifier.
func (r *Remote) Verify(ctx context.Context, token string) (Caller, error) {
	return r.reader.caller(token, func(t *jwt.Token) (any, error) {
		keys := r.known()
		if keys != nil {
			key, err := keys.KeyfuncCtx(ctx)(t)
			if !errors.Is(err, jwkset.ErrKeyNotFound) {
				return key, err
			}
		}
		keys, err := r.refresh(ctx) // the issuer may have a new key
		if err != nil {
			return nil, err
		}
		return keys.KeyfuncCtx(ctx)(t)
	})
}

// known returns the issuer's keys, or nil if they are too old.
func (r *Remote) known() keyfunc.Keyfunc {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys != nil && r.now().Sub(r.shown) >= r.maxAge {
		r.log.Warn("the keys of tokens are too old to be trusted (HOLDFAST_JWKS_MAX_AGE)", "shown_at", r.shown)
		r.keys = nil
	}
	return r.keys
}

// refresh asks the issuer, once for all concurrent callers, and not again within askAgain:
// until then the last answer stands.
func (r *Remote) refresh(ctx context.Context) (keyfunc.Keyfunc, error) {
	done := r.asking.DoChan("", func() (any, error) {
		r.mu.Lock()
		recent := !r.asked.IsZero() && r.now().Sub(r.asked) < askAgain
		keys, failed := r.keys, r.failed
		r.mu.Unlock()
		if recent {
			return keys, failed
		}
		// With its own timeout: the first caller may go away before the others.
		keys, err := r.fetch(context.WithoutCancel(ctx))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked, r.failed = r.now(), nil
		if err != nil {
			r.failed = fmt.Errorf("%w: %w", ErrUnjudged, err)
			return nil, r.failed
		}
		r.keys, r.shown = keys, r.now()
		return keys, nil
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnjudged, ctx.Err())
	case answer := <-done:
		if answer.Err != nil {
			return nil, answer.Err
		}
		return answer.Val.(keyfunc.Keyfunc), nil
	}
}
