// Package easypost reads the webhooks of EasyPost, a service that tracks the parcels of
// about a hundred carriers. The shop's shipping software creates the trackers; this
// package only listens to them.
//
// Source: https://docs.easypost.com/docs/trackers and https://docs.easypost.com/guides/webhooks-guide.
package easypost

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"holdfast/carrier"
	"holdfast/order"
)

// Name is the adapter's name, in its callbacks' path and in packages.
const Name = "easypost"

const (
	signatureHeader = "X-Hmac-Signature"
	signaturePrefix = "hmac-sha256-hex="
	// minSecretBytes keeps a secret from being guessed.
	minSecretBytes = 16
)

// Webhook verifies and reads EasyPost's messages.
type Webhook struct {
	secret []byte
}

var _ carrier.Carrier = (*Webhook)(nil)

// New returns a Webhook for the secret that EasyPost was given, which has at least 16 bytes.
func New(secret string) (*Webhook, error) {
	key := norm.NFKD.String(secret) // as EasyPost does before it signs
	if len(key) < minSecretBytes {
		return nil, fmt.Errorf("the webhook secret has %d bytes, at least %d are needed", len(key), minSecretBytes)
	}
	return &Webhook{secret: []byte(key)}, nil
}

// event is a message's body. EasyPost may add fields: they are ignored.
type event struct {
	Description string  `json:"description"`
	Result      tracker `json:"result"`
}

type tracker struct {
	Object       string   `json:"object"`
	ID           string   `json:"id"`
	TrackingCode string   `json:"tracking_code"`
	Details      []detail `json:"tracking_details"`
}

// detail is one scan of a tracker, which lists all its scans each time.
type detail struct {
	Message      string    `json:"message"`
	Status       string    `json:"status"`
	StatusDetail string    `json:"status_detail"`
	Datetime     time.Time `json:"datetime"`
}

// Callback implements carrier.Carrier. EasyPost doesn't sign a time, so a recorded message can be
// replayed: it only reports what is already known.
func (w *Webhook) Callback(header http.Header, body []byte, now time.Time) ([]carrier.Scan, error) {
	if err := w.verify(header, body); err != nil {
		return nil, err
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("%w: %w", carrier.ErrMalformed, err)
	}
	if e.Result.Object != "Tracker" || !strings.HasPrefix(e.Description, "tracker.") {
		return nil, carrier.ErrIgnored
	}
	number, ok := carrier.NormalizeNumber(e.Result.TrackingCode)
	if !ok {
		return nil, fmt.Errorf("%w: tracking_code is not a tracking number", carrier.ErrMalformed)
	}
	var scans []carrier.Scan
	for _, d := range e.Result.Details {
		meaning, said := meaningOf(d.Status, d.StatusDetail)
		if !said || !carrier.ValidTime(d.Datetime, now) { // some carriers announce events without a time
			continue
		}
		scans = append(scans, carrier.Scan{TrackingNumber: number, Event: order.PackageEvent{
			ID: d.id(number), Node: meaning.Node, Mark: meaning.Mark, OccurredAt: d.Datetime.UTC(), Detail: carrier.Words(d.Message),
		}})
	}
	if len(scans) == 0 {
		return nil, carrier.ErrIgnored
	}
	return carrier.Sort(scans), nil
}

func (w *Webhook) verify(header http.Header, body []byte) error {
	given, ok := strings.CutPrefix(header.Get(signatureHeader), signaturePrefix)
	signature, err := hex.DecodeString(given)
	if !ok || err != nil || !hmac.Equal(signature, w.sum(body)) {
		return carrier.ErrSignature
	}
	return nil
}

func (w *Webhook) sum(body []byte) []byte {
	mac := hmac.New(sha256.New, w.secret)
	mac.Write(body)
	return mac.Sum(nil)
}

// Sign returns the signature header of a body, as EasyPost sends it.
func (w *Webhook) Sign(body []byte) http.Header {
	h := http.Header{}
	h.Set(signatureHeader, signaturePrefix+hex.EncodeToString(w.sum(body)))
	return h
}

// id returns an id that is the same whenever the detail is repeated: EasyPost's details have none.
func (d detail) id(number string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		number, d.Datetime.UTC().Format(time.RFC3339), d.Status, d.StatusDetail,
	}, "\x00")))
	return "easypost-" + hex.EncodeToString(sum[:16])
}
