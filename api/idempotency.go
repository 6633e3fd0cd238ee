package api

import (
	"strings"

	"github.com/google/uuid"
)

// orderNamespace keeps ids that are made from keys distinct from all other ids.
var orderNamespace = uuid.MustParse("8f0d7c1e-5b0a-4a57-9c3e-2f6f0a1f6c11")

const maxKeyBytes = 255

// checkKey returns an error for an Idempotency-Key that can't be logged or compared.
func checkKey(key *string) error {
	if key != nil && !validKey(*key) {
		return malformed("Idempotency-Key", badKey)
	}
	return nil
}

const badKey = "must be 1 to 255 visible ASCII characters"

func validKey(key string) bool {
	notVisible := func(r rune) bool { return r < '!' || r > '~' }
	return key != "" && len(key) <= maxKeyBytes && !strings.ContainsFunc(key, notVisible)
}

// orderID returns the id of an order. It is always the same for a customer and a key, so that the
// workflow's id makes a repeated call the same order.
func orderID(customerID string, key *string) (string, error) {
	if key != nil {
		return uuid.NewSHA1(orderNamespace, []byte(customerID+"\x00"+*key)).String(), nil
	}
	id, err := uuid.NewV7()
	return id.String(), err
}

// stockAction is the prefix of action ids of stock adjustments.
const stockAction = "stock"

// actionID returns an id for one use of a call: made from the key, or else a new one.
func actionID(call string, key *string) string {
	if key != nil {
		return call + "/" + *key
	}
	return call + "/" + uuid.NewString()
}
