// Command holdfast-dev runs the whole of Holdfast in one process, for trying it out and for
// development: Temporal and its web UI, Redis, and Holdfast's own parts. By default it has
// no authentication, so it listens only on loopback.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"holdfast/dev/stack"
	"holdfast/settings"
)

// stopTimeout bounds a graceful stop; a second Ctrl-C ends the process at once.
const stopTimeout = 30 * time.Second

func main() {
	var s flags
	kong.Parse(&s,
		settings.Vars(),
		kong.ValueFormatter(settings.Help),
		kong.Name("holdfast-dev"),
		kong.Description("Holdfast, whole, in one process. Loopback only: authentication is off unless HOLDFAST_AUTH=jwt."))
	if err := run(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, "holdfast-dev:", err)
		os.Exit(1)
	}
}

// run starts the stack, and stops it on Ctrl-C or when a part of it fails.
func run(ctx context.Context, s flags) error {
	ctx, forgetSignals := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer forgetSignals()
	opts, err := s.options()
	if err != nil {
		return err
	}
	st, err := stack.Start(ctx, opts)
	if err != nil {
		return err
	}
	announce(st)
	select {
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr, "stopping; Ctrl-C again to end at once")
	case err = <-st.Failed():
	}
	forgetSignals() // from here on a signal ends the process
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, st.Stop(stopCtx))
}

// withoutPassword is a URL that may be shown.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil { // several addresses, for example
		return "REDIS_URL"
	}
	return u.Redacted()
}

// announce prints the addresses of everything.
func announce(st *stack.Stack) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"Shop", st.URL + "/"},
		{"Console", st.URL + "/console (be the operator at the foot of a page)"},
		{"API's documentation", st.URL + "/docs"},
		{"Gateway", st.URL},
		{"Temporal web UI", st.UIURL},
		{"Temporal", st.TemporalAddress + ", namespace " + st.Namespace},
		{"Redis", withoutPassword(st.RedisURL) + " (" + st.RedisKind + ")"},
		{"Search", st.SearchKind},
	} {
		if line[1] != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
		}
	}
	if st.DemoProducts > 0 {
		_, _ = fmt.Fprintf(w, "%d demo products\n", st.DemoProducts)
	}
	_, _ = fmt.Fprintln(w, "Holdfast is ready. Ctrl-C stops it.")
	_ = w.Flush() // nothing to do about a closed terminal
}
