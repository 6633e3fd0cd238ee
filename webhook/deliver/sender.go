package deliver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/webhook"
)

// Bounds of one try.
const (
	sendWithin  = 15 * time.Second
	dialTimeout = 5 * time.Second
	tlsTimeout  = 5 * time.Second
	idleTimeout = 30 * time.Second
	// Only the status of an answer counts.
	maxAnswerBytes = 4 << 10
	maxHeaderBytes = 64 << 10
	connections    = 200
)

// agent names the sender to receivers.
const agent = "Holdfast-Webhooks/1 (+https://www.standardwebhooks.com)"

// Sender sends messages.
type Sender struct {
	encrypted, plain *http.Client
	now              func() time.Time
}

// NewSender sends where the guard allows it. It uses no proxy, which would connect without
// the guard.
func NewSender(g *Guard) *Sender {
	return &Sender{encrypted: newClient(g.dialer(true)), plain: newClient(g.dialer(false)), now: time.Now}
}

func newClient(d *net.Dialer) *http.Client {
	return &http.Client{
		Timeout: sendWithin,
		Transport: &http.Transport{
			Proxy: nil, DialContext: d.DialContext, TLSHandshakeTimeout: tlsTimeout, IdleConnTimeout: idleTimeout,
			MaxIdleConns: connections, MaxResponseHeaderBytes: maxHeaderBytes, DisableCompression: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
		// The receiver registered this URL; a redirect's target was not checked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Answer is the endpoint's answer.
type Answer = webhook.Answer

// Send makes one try. An error is a *webhook.UnansweredError, with the reason why there was
// no answer.
func (s *Sender) Send(ctx context.Context, to string, secrets []string, e webhook.Event) (Answer, error) {
	u, err := webhook.ParseURL(to)
	if err != nil {
		return Answer{}, unanswered(fmt.Errorf("%w: %w", errRefused, err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(e.Body))
	if err != nil {
		return Answer{}, unanswered(errors.New("the request can't be made")) // the cause shows the URL
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", agent)
	if err := sign(req.Header, secrets, e, s.now()); err != nil {
		return Answer{}, err
	}
	client := s.encrypted
	if u.Scheme == "http" {
		client = s.plain
	}
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, unanswered(err)
	}
	defer func() { _ = res.Body.Close() }() // there is nothing more to learn
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswerBytes))
	return Answer{Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), s.now())}, nil
}

// sign adds one signature per secret to the header.
func sign(h http.Header, secrets []string, e webhook.Event, now time.Time) error {
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		hook, err := webhooks.NewWebhook(secret)
		if err != nil {
			return errors.New("a stored webhook secret is not one") // the cause would show a part of it
		}
		signature, err := hook.Sign(e.ID, now, e.Body)
		if err != nil {
			return fmt.Errorf("sign event %s: %w", e.ID, err)
		}
		signatures = append(signatures, signature)
	}
	h.Set(webhooks.HeaderWebhookID, e.ID)
	h.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(webhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}

// retryAfter parses how long the receiver asks to wait.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// unanswered returns why there is no answer, without the URL, which may contain a secret.
func unanswered(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	u := &webhook.UnansweredError{Trouble: webhook.TroubleConnection, Cause: err}
	var (
		timeout interface{ Timeout() bool }
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		name    x509.HostnameError
	)
	switch {
	case errors.Is(err, errRefused):
		u.Trouble = webhook.TroubleRefusedAddress
	case errors.As(err, &dns):
		u.Trouble = webhook.TroubleUnknownHost
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		u.Trouble = webhook.TroubleTimeout
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &cert), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &name):
		u.Trouble = webhook.TroubleTLS
	}
	return u
}
