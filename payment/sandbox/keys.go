package sandbox

import (
	"strings"

	"github.com/google/uuid"

	"holdfast/order"
	"holdfast/redisdb"
)

// idNamespace makes the payment's id from the attempt's key: a repeated request for the
// same attempt, or a cancellation without the id, means the same payment.
var idNamespace = uuid.MustParse("4c1b7a52-6f0e-4a39-9d36-0b3cf4a1d2e7")

// PaymentID is the id of the payment of an attempt, created or not.
func PaymentID(r order.PaymentRequest) string {
	return uuid.NewSHA1(idNamespace, []byte(r.Key())).String()
}

// refundName is the sandbox's own id of a refund. A refund id is the caller's, and the same
// one may be used for several payments.
func refundName(paymentID, refundID string) string {
	return "re_" + uuid.NewSHA1(idNamespace, []byte(paymentID+"\x00"+refundID)).String()
}

// again separates a payment's id from the suffix of a second payment.
const again = "~"

// secondID is the second payment of a buyer who pays twice.
func secondID(paymentID string) string { return paymentID + again + "2" }

// bucketOf is the bucket of a payment's keys. A second payment shares it with the first, so
// that one script may change both.
func bucketOf(paymentID string) string {
	first, _, _ := strings.Cut(paymentID, again)
	return redisdb.Bucket(first)
}

func paymentKey(id string) string { return bucketOf(id) + ":sandbox:payment:" + id }

func paymentsKey(bucket string) string { return bucket + ":sandbox:payments" }

func dueKey(bucket string) string { return bucket + ":sandbox:due" }

func messagesKey(bucket string) string { return bucket + ":sandbox:messages" }

func takenKey(bucket string) string { return bucket + ":sandbox:taken" }

func lateKey(bucket string) string { return bucket + ":sandbox:late" }

// paymentKeys are the keys of every script on a payment.
func paymentKeys(id string) []string {
	b := bucketOf(id)
	return []string{paymentKey(id), paymentsKey(b), dueKey(b), messagesKey(b), lateKey(b)}
}

// outboxKeys are the keys of the scripts on messages.
func outboxKeys(bucket string) []string {
	return []string{dueKey(bucket), messagesKey(bucket), takenKey(bucket)}
}
