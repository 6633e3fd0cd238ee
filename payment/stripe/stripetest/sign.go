package stripetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"
)

// Callback is a signed message, as Stripe sends it.
type Callback struct {
	Header http.Header
	Body   []byte
}

// Sign writes the header by the documented scheme, independently of the library that reads
// it: HMAC-SHA256 of "time.body".
func Sign(body []byte, at time.Time) Callback { return SignWith(WebhookSecret, body, at) }

// SignWith signs with another secret.
func SignWith(secret string, body []byte, at time.Time) Callback {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	h := http.Header{}
	h.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil))))
	return Callback{Header: h, Body: body}
}
