package inventory

import (
	"fmt"

	"holdfast/product"
	"holdfast/redisdb"
)

// Every key starts with its bucket's hash tag, so that a script finds all its keys on one
// node. Ids contain neither ':' nor '/'.

func productKey(id string) string { return redisdb.Bucket(id) + ":product:" + id }

func productsKey(bucket string) string { return bucket + ":products" }

func holdKey(id, order string) string { return redisdb.Bucket(id) + ":hold:" + id + ":" + order }

func holdsKey(id string) string { return redisdb.Bucket(id) + ":holds:" + id }

// buyersKey stores what each customer's unpaid orders hold of the product.
func buyersKey(id string) string { return redisdb.Bucket(id) + ":buyers:" + id }

func deadlinesKey(bucket string) string { return bucket + ":deadlines" }

// doneKey stores an adjustment. An action id may be any text.
func doneKey(id, action string) string { return redisdb.Bucket(id) + ":done:" + id + ":" + action }

// takeKey stores what became of one product when an order took units of it without a sale. A
// taking's id may be any text.
func takeKey(id string, h product.Holder, takingID string) string {
	return fmt.Sprintf("%s:take:%s:%s:%d:%s", redisdb.Bucket(id), id, h.OrderID, placed(h.PlacedAt), takingID)
}

// putKey stores one request to put a product.
func putKey(id, request string) string { return redisdb.Bucket(id) + ":put:" + id + ":" + request }

// batchKey remembers the body that came under an idempotency key.
func batchKey(key string) string { return redisdb.Bucket(key) + ":batch:" + key }

// returnKey is where earlier versions stored a return, before the hold itself recorded it;
// the order's id keeps it apart from adjustments.
func returnKey(id, order, returnID string) string {
	return doneKey(id, "return/"+order+"/"+returnID)
}

func eventsKey(id string) string { return redisdb.EventsKey(redisdb.Bucket(id)) }

// holdKeys are the keys of reserve, commit and release.
func holdKeys(id, order string) []string {
	return []string{productKey(id), holdKey(id, order), holdsKey(id), deadlinesKey(redisdb.Bucket(id)), eventsKey(id), buyersKey(id)}
}
