package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/sethvargo/go-limiter"
	"github.com/sethvargo/go-limiter/memorystore"
)

// Headers that report allowances to callers (draft-ietf-httpapi-ratelimit-headers-11).
const (
	rateLimitHeader  = "RateLimit"
	ratePolicyHeader = "RateLimit-Policy"
)

// forgetAfter is how long an inactive caller is remembered.
const forgetAfter = time.Minute

// allowance limits how much each caller may use within a window of time. A nil allowance has no
// limit.
type allowance struct {
	store limiter.Store
	// item is the allowance's name, quoted as in a structured field.
	item    string
	policy  string
	tokens  int
	window  time.Duration
	refused error
}

// newAllowance returns nil, which means no limit, if tokens is 0.
func newAllowance(name string, tokens int, window time.Duration, refused error) (*allowance, error) {
	if tokens == 0 {
		return nil, nil //nolint:nilnil // no limit is not an error
	}
	store, err := memorystore.New(&memorystore.Config{
		Tokens: uint64(tokens), Interval: window, //nolint:gosec // it is not negative
		SweepInterval: forgetAfter, SweepMinTTL: max(forgetAfter, 2*window),
	})
	if err != nil {
		return nil, fmt.Errorf("gateway: count calls: %w", err)
	}
	item := strconv.Quote(name)
	return &allowance{
		store: store, item: item, tokens: tokens, window: window, refused: refused,
		policy: fmt.Sprintf("%s;q=%d;w=%d", item, tokens, window/time.Second),
	}, nil
}

// close ends the store's goroutine.
func (a *allowance) close(ctx context.Context) error {
	if a == nil {
		return nil
	}
	return a.store.Close(ctx)
}

// take charges the cost of a call, in addition to what was charged for it before, and reports to
// the caller what is left. No call costs more than the whole allowance. A call that costs more
// than is left uses up the rest and is refused. Once the store is closed, because the gateway is
// stopping, the last calls are let through.
func (a *allowance) take(c *gin.Context, key string, before, cost int) error {
	if a == nil {
		return nil
	}
	var (
		left, reset uint64
		ok          = true
		err         error
	)
	rest := min(before+cost, a.tokens) - min(before, a.tokens)
	if rest == 0 {
		return nil
	}
	for n := 0; n < rest && ok; n++ {
		if _, left, reset, ok, err = a.store.Take(c.Request.Context(), key); err != nil {
			if errors.Is(err, limiter.ErrStopped) {
				return nil
			}
			return fmt.Errorf("count a call: %w", err)
		}
	}
	until := time.Until(time.Unix(0, int64(reset)))
	until = min(max(until.Truncate(time.Second)+time.Second, time.Second), a.window)
	a.tell(c.Writer.Header(), left, until)
	if ok {
		return nil
	}
	p := *problemOf(a.refused)
	p.retryAfter = until
	return &p
}

// charged returns what take charges for a call of this cost.
func (a *allowance) charged(cost int) int {
	if a == nil {
		return 0
	}
	return min(cost, a.tokens)
}

// giveBack returns units that were taken within the window. If the window has ended since, the caller
// has so many more than the allowance in the next one.
func (a *allowance) giveBack(c *gin.Context, key string, units int) {
	if a == nil || units <= 0 {
		return
	}
	_ = a.store.Burst(c.Request.Context(), key, uint64(units)) // it never fails
}

// tell sets the headers that report what is left until the window ends.
func (a *allowance) tell(h http.Header, left uint64, until time.Duration) {
	setItem(h, ratePolicyHeader, a.item, a.policy)
	setItem(h, rateLimitHeader, a.item, a.item+";r="+strconv.FormatUint(left, 10)+";t="+strconv.Itoa(int(until/time.Second)))
}

// setItem sets an allowance's item in a list header, replacing the one that is already there.
func setItem(h http.Header, header, item, value string) {
	var all []string
	if had := h.Get(header); had != "" {
		all = slices.DeleteFunc(strings.Split(had, ", "), func(s string) bool { return strings.HasPrefix(s, item+";") })
	}
	h.Set(header, strings.Join(append(all, value), ", "))
}
