package stripe_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"
)

// callback is a signed message, as Stripe sends it.
type callback struct {
	header http.Header
	body   []byte
}

// sign writes the header by the documented scheme, independently of the library that reads
// it: HMAC-SHA256 of "time.body".
func sign(body []byte, at time.Time) callback { return signWith(secret, body, at) }

func signWith(secret string, body []byte, at time.Time) callback {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	h := http.Header{}
	h.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil))))
	return callback{header: h, body: body}
}
