// Package sandbox is a fictitious carrier for development, demonstrations and tests. Its messages are
// signed as in Standard Webhooks (https://www.standardwebhooks.com), and report nodes and marks by
// their names in Holdfast.
package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/carrier"
	"holdfast/order"
)

// Name is the adapter's name, in its callbacks' path and in packages.
const Name = "sandbox"

// messageType is the type of all messages.
const messageType = "tracking.updated"

// Carrier signs messages, and verifies and reads signed ones.
type Carrier struct {
	hook *webhooks.Webhook
}

var _ carrier.Carrier = (*Carrier)(nil)

// Sizes of a secret in bytes: those of Standard Webhooks.
const minSecretBytes, maxSecretBytes = 24, 64

// New returns a Carrier for a Standard Webhooks secret: "whsec_" followed by 24 to 64 bytes in base64.
func New(secret string) (*Carrier, error) {
	key, err := keyOf(secret)
	if err != nil { // the cause would reveal a part of it
		return nil, errors.New("the carrier's secret is not whsec_ and base64")
	}
	if len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return nil, fmt.Errorf("the carrier's secret has %d bytes, %d to %d are needed", len(key), minSecretBytes, maxSecretBytes)
	}
	hook, err := webhooks.NewWebhookRaw(key)
	if err != nil {
		return nil, errors.New("the carrier's secret is not a key of Standard Webhooks")
	}
	return &Carrier{hook: hook}, nil
}

// message is a callback's body.
type message struct {
	Type string `json:"type"`
	Data data   `json:"data"`
}

type data struct {
	TrackingNumber string `json:"trackingNumber"`
	Scans          []scan `json:"scans"`
}

// scan has a node or a mark.
type scan struct {
	ID         string     `json:"id"`
	Node       string     `json:"node,omitempty"`
	Mark       order.Mark `json:"mark,omitempty"`
	OccurredAt time.Time  `json:"occurredAt"`
	Detail     string     `json:"detail,omitempty"`
}

// Callback implements carrier.Carrier.
func (c *Carrier) Callback(header http.Header, body []byte, now time.Time) ([]carrier.Scan, error) {
	if err := c.verify(header, body, now); err != nil {
		return nil, err
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", carrier.ErrMalformed, err)
	}
	if m.Type != messageType || len(m.Data.Scans) == 0 {
		return nil, carrier.ErrIgnored
	}
	number, ok := carrier.NormalizeNumber(m.Data.TrackingNumber)
	if !ok {
		return nil, fmt.Errorf("%w: data.trackingNumber is not a tracking number", carrier.ErrMalformed)
	}
	scans := make([]carrier.Scan, len(m.Data.Scans))
	for i, s := range m.Data.Scans {
		e, err := s.event(now)
		if err != nil {
			return nil, fmt.Errorf("%w: data.scans[%d]: %w", carrier.ErrMalformed, i, err)
		}
		scans[i] = carrier.Scan{TrackingNumber: number, Event: e}
	}
	return carrier.Sort(scans), nil
}

func (c *Carrier) verify(header http.Header, body []byte, now time.Time) error {
	// The library would compare the timestamp with the system clock.
	if err := c.hook.VerifyIgnoringTimestamp(body, header); err != nil {
		return carrier.ErrSignature
	}
	seconds, err := strconv.ParseInt(header.Get(webhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return carrier.ErrSignature
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > carrier.Tolerance {
		return carrier.ErrStale
	}
	return nil
}

func (s scan) event(now time.Time) (order.PackageEvent, error) {
	e := order.PackageEvent{ID: s.ID, Mark: s.Mark, OccurredAt: s.OccurredAt.UTC(), Detail: carrier.Words(s.Detail)}
	node, known := order.ParseNode(s.Node)
	switch {
	case !order.ValidName(s.ID):
		return e, errors.New("id is missing or too long")
	case !carrier.ValidTime(s.OccurredAt, now):
		return e, errors.New("occurredAt is missing, before 2000 or more than a year ahead")
	case (s.Node == "") == (s.Mark == ""):
		return e, errors.New("it needs a node or a mark, and not both")
	case s.Mark != "" && !s.Mark.Known():
		return e, fmt.Errorf("%q is not a mark", s.Mark)
	case s.Node != "" && (!known || !node.OfPackage()):
		return e, fmt.Errorf("%q is not a node that a carrier reports", s.Node)
	}
	e.Node = node
	return e, nil
}

// Write returns the body of a message that reports these events.
func Write(trackingNumber string, events []order.PackageEvent) ([]byte, error) {
	m := message{Type: messageType, Data: data{TrackingNumber: trackingNumber, Scans: make([]scan, len(events))}}
	for i, e := range events {
		m.Data.Scans[i] = scan{ID: e.ID, Mark: e.Mark, OccurredAt: e.OccurredAt, Detail: e.Detail}
		if e.Node != 0 {
			m.Data.Scans[i].Node = e.Node.String()
		}
	}
	return json.Marshal(m)
}

// Sign returns the headers of a message.
func (c *Carrier) Sign(messageID string, at time.Time, body []byte) (http.Header, error) {
	signature, err := c.hook.Sign(messageID, at, body)
	if err != nil {
		return nil, fmt.Errorf("sign message %s: %w", messageID, err)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set(webhooks.HeaderWebhookID, messageID)
	h.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(webhooks.HeaderWebhookSignature, signature)
	return h, nil
}

// PublishedSecret signs callbacks where nothing is at stake: the stack of make run, on
// loopback. It is public.
const PublishedSecret = "whsec_aG9sZGZhc3QtY2Fycmllci1ub3QtYS1zZWNyZXQ=" //nolint:gosec // it isn't a secret

// IsPublished reports whether a secret is the published one, in any spelling.
func IsPublished(secret string) bool {
	key, err := keyOf(secret)
	published, _ := keyOf(PublishedSecret)
	return err == nil && bytes.Equal(key, published)
}

func keyOf(secret string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
}
