package sandbox

import (
	"strings"

	"github.com/google/uuid"

	"holdfast/order"
	"holdfast/redisdb"
)

// idNamespace makes the payment's id from the attempt's key: who asks for the same
// attempt again, or cancels one whose id he never got, means the same payment.
var idNamespace = uuid.MustParse("4c1b7a52-6f0e-4a39-9d36-0b3cf4a1d2e7")

// PaymentID is the id of the payment of an attempt, created or not.
func PaymentID(r order.PaymentRequest) string {
	return uuid.NewSHA1(idNamespace, []byte(r.Key())).String()
}

// refundName is the sandbox's own name of a refund. A refund id is the caller's, and
// the same one may stand for money of several payments.
func refundName(paymentID, refundID string) string {
	return "re_" + uuid.NewSHA1(idNamespace, []byte(paymentID+"\x00"+refundID)).String()
}

// again stands between a payment's id and what makes it that of a second one.
const again = "~"

// secondID is the payment of a buyer who pays twice.
func secondID(paymentID string) string { return paymentID + again + "2" }

// bucketOf is the bucket of a payment's keys. A second payment lies with the first, so
// that one script may touch both.
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

// paymentKeys are what every script on a payment gets.
func paymentKeys(id string) []string {
	b := bucketOf(id)
	return []string{paymentKey(id), paymentsKey(b), dueKey(b), messagesKey(b), lateKey(b)}
}

// outboxKeys are what the scripts on messages get.
func outboxKeys(bucket string) []string {
	return []string{dueKey(bucket), messagesKey(bucket), takenKey(bucket)}
}
