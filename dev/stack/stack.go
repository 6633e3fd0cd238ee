// Package stack runs everything that Holdfast needs in one process, for development and
// end-to-end tests: Temporal with its web UI, Redis, and Holdfast's own parts. A part whose
// address is given is used as it is and neither started nor stopped. Nothing here
// authenticates callers, except the gateway on request, so everything listens on loopback.
package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdk "go.temporal.io/sdk/worker"

	"holdfast/commands"
	"holdfast/identity"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/search"
	"holdfast/settings"
)

// Options say what to embed and where it listens. The zero value embeds everything, in
// memory, on free ports.
type Options struct {
	// Data is the folder where everything is stored, so that the next start continues where
	// this one stopped. Empty means in memory.
	Data string

	// RedisURL is a Redis to use instead of an embedded one.
	RedisURL string
	// RequireDurability refuses a Redis that may lose acknowledged writes, except the
	// embedded one in memory.
	RequireDurability bool
	// RedisPort is where the embedded Redis listens; 0 takes a free port.
	RedisPort int
	// InProcessRedis embeds a Redis inside the process even if a redis-server is installed.
	InProcessRedis bool

	// Temporal connects to a Temporal server to use instead of an embedded one.
	Temporal *client.Options
	// TemporalPort and UIPort are where the embedded Temporal server and its
	// web UI listen; 0 takes a free port.
	TemporalPort, UIPort int
	// WithoutUI leaves the web UI out.
	WithoutUI bool
	// Namespace of the embedded Temporal server; empty means "default".
	Namespace string

	// ElasticsearchURL is an Elasticsearch to use for searches instead of an index inside
	// the process; ElasticsearchPrefix precedes all names there.
	ElasticsearchURL, ElasticsearchPrefix string
	// Synonyms of product searches.
	Synonyms search.Synonyms
	// WithoutSearch leaves out the index and its upkeep: for a second stack on one Redis,
	// whose changes the first one brings into the index.
	WithoutSearch bool

	// WithoutHoldfast leaves out the worker and the gateway.
	WithoutHoldfast bool
	// Worker tunes the worker; nil keeps the SDK's defaults.
	Worker *sdk.Options
	// Interceptors of the stack's Temporal client.
	Interceptors []interceptor.ClientInterceptor
	// Shop are the gateway's settings. Empty ones are the gateway's defaults, except that
	// an empty HTTPAddr takes a free port on loopback, and that nothing is limited unless
	// it is set: demos, measurements and replays act as one customer.
	settings.Shop
	// WebhookSecret of the sandbox's callbacks. Defaults to DefaultSecret.
	WebhookSecret string
	// CarrierSecret of the sandbox carrier's callbacks. Defaults to DefaultCarrierSecret.
	CarrierSecret string
	// WithoutSandbox leaves out the payment provider that moves no money, and the sandbox carrier.
	WithoutSandbox bool
	// Stripe takes the payments of buyers who choose no provider, beside the sandbox: with a test key, or
	// a double. StripePublishable is the key that the pages give to browsers.
	Stripe            payment.Provider
	StripePublishable string
	// SandboxFails is the share of calls to the sandbox that fail, 0 to 1.
	SandboxFails float64
	// WebhooksAllow names networks that webhooks may reach although they are not public.
	// Defaults to this machine.
	WebhooksAllow string
	// Identity identifies the gateway's callers by their tokens; nil treats every caller as
	// an operator.
	Identity identity.Verifier
	// Guests signs the tokens of guests; nil takes none.
	Guests *identity.Guests
	// WithoutPages leaves the web pages out.
	WithoutPages bool
	// Demo names the catalogue of demo products that the shop starts with, see package
	// demo; empty or demo.Off means none. Existing products stay as they are.
	Demo string
	// AuditEvery is how often the books are audited, and the report stored for the gateway; 0 means
	// never.
	AuditEvery time.Duration
	// Log is the gateway's log; nil drops it.
	Log *slog.Logger
}

// Stack is a running stack. Its fields are set once Start has returned.
type Stack struct {
	// RedisURL is for redis.ParseURL; RedisKind describes it in a few words.
	RedisURL, RedisKind string
	// TemporalAddress is host:port of Temporal's frontend, and Namespace the
	// one in it.
	TemporalAddress, Namespace string
	// URL is the gateway, and the shop's pages.
	URL string
	// UIURL is the embedded web UI, empty if there is none.
	UIURL string
	// DemoProducts is how many products the demo catalogue has.
	DemoProducts int
	// Index answers searches, nil if there is none; SearchKind describes it in a few words.
	Index      search.Index
	SearchKind string
	// Temporal is connected to TemporalAddress. The stack closes it.
	Temporal client.Client

	opts    Options
	redis   redis.UniversalClient
	box     *commands.Box
	signer  *sandbox.Signer
	books   *sandbox.Books // nil if there is no sandbox
	metrics *prometheus.Registry
	running []part // in the order of their start
	failed  chan error
	ending  context.Context // ends when Stop is called
	end     context.CancelFunc
	watches sync.WaitGroup
}

// part is one started piece of the stack. stop waits until the piece has ended, at most
// until its context ends.
type part struct {
	name string
	stop func(context.Context) error
}

// Start starts all parts, each after those that it needs, and returns when the last one is
// ready. If one fails, those before it are stopped.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	s := &Stack{opts: opts, failed: make(chan error, 1)}
	s.ending, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.collectLessOften()
	for _, p := range []struct {
		name  string
		start func(context.Context) (stop func(context.Context) error, err error)
	}{
		{"data folder", s.lockData},
		{"Redis", s.startRedis},
		{"Temporal", s.startTemporal},
		{"Redis client", s.connectRedis},
		{"Temporal client", s.connectTemporal},
		{"Temporal's namespace", s.prepareTemporal},
		{"search", s.startIndex},
		{"sandbox", s.openSandbox},
		{"worker", s.startWorker},
		{"demo products", s.putDemo},
		{"gateway", s.startGateway},
		{"callbacks", s.sendCallbacks},
		{"audits", s.startAudits},
	} {
		stop, err := p.start(ctx)
		if err != nil {
			stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failedStartTimeout)
			defer cancel()
			return nil, errors.Join(err, s.Stop(stopCtx))
		}
		s.running = append(s.running, part{p.name, stop})
	}
	return s, nil
}

// failedStartTimeout bounds the stopping of the parts that had started when another could
// not.
const failedStartTimeout = 30 * time.Second

// Failed receives an error when a part has ended that was not stopped. The rest of the
// stack is still running, and has to be stopped.
func (s *Stack) Failed() <-chan error { return s.failed }

// Stop stops all parts, the last one first, and waits for each at most until the context
// ends. It stops the others even if one fails to stop.
func (s *Stack) Stop(ctx context.Context) error {
	s.end()
	var errs []error
	for _, p := range slices.Backward(s.running) {
		if err := p.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	s.running = nil
	s.watches.Wait()
	return errors.Join(errs...)
}

// watch reports a part's end as a failure, unless the stack itself is ending.
func (s *Stack) watch(done <-chan struct{}, reason func() error) {
	s.watches.Go(func() {
		select {
		case <-s.ending.Done():
			return
		case <-done:
		}
		err := reason()
		if err == nil { // it was stopped
			return
		}
		select {
		case s.failed <- err:
		default: // one failure is enough to stop for
		}
	})
}
