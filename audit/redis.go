package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/saga"
)

// RedisBooks reads the books by itself, key by key, instead of using the readers of package
// inventory: those ignore what doesn't fit together, which is exactly what an audit looks
// for. The tests keep the two in step.
type RedisBooks struct {
	rdb redis.UniversalClient
}

// NewRedisBooks returns the books on rdb, which the caller closes.
func NewRedisBooks(rdb redis.UniversalClient) *RedisBooks { return &RedisBooks{rdb: rdb} }

var _ Books = (*RedisBooks)(nil)

func productKey(id string) string { return redisdb.Bucket(id) + ":product:" + id }
func buyersKey(id string) string  { return redisdb.Bucket(id) + ":buyers:" + id }
func holdsKey(id string) string   { return redisdb.Bucket(id) + ":holds:" + id }
func orderKey(id string) string   { return redisdb.Bucket(id) + ":order:" + id }

func packagesKey(orderID string) string { return redisdb.Bucket(orderID) + ":packages:" + orderID }

func paymentsKey(orderID string) string { return redisdb.Bucket(orderID) + ":payments:" + orderID }

func holdKey(id HoldID) string {
	return redisdb.Bucket(id.ProductID) + ":hold:" + id.ProductID + ":" + id.OrderID
}

func deadlinesKey(productID string) string { return redisdb.Bucket(productID) + ":deadlines" }

// WalkProducts iterates over the product hashes themselves, not over the set that lists
// them.
func (b *RedisBooks) WalkProducts(ctx context.Context) iter.Seq2[[]string, error] {
	return batches(redisdb.Scan(ctx, b.rdb, "{b??}:product:*"), func(key string) string {
		_, id, _ := strings.Cut(key, ":product:")
		return id
	})
}

// WalkHolds iterates over all holds, including ended ones and marks.
func (b *RedisBooks) WalkHolds(ctx context.Context) iter.Seq2[[]HoldID, error] {
	return batches(redisdb.Scan(ctx, b.rdb, "{b??}:hold:*"), func(key string) HoldID {
		_, ids, _ := strings.Cut(key, ":hold:")
		id, orderID, _ := strings.Cut(ids, ":")
		return HoldID{id, orderID}
	})
}

// WalkDocuments iterates over the orders that have a document.
func (b *RedisBooks) WalkDocuments(ctx context.Context) iter.Seq2[[]string, error] {
	return batches(redisdb.Scan(ctx, b.rdb, "{b??}:order:*"), func(key string) string {
		_, id, _ := strings.Cut(key, ":order:")
		return id
	})
}

// WalkPayments iterates over the orders that have documents of payments or refunds; some of
// them may lack one of their own.
func (b *RedisBooks) WalkPayments(ctx context.Context) iter.Seq2[[]string, error] {
	return batches(redisdb.Scan(ctx, b.rdb, "{b??}:payments:*"), func(key string) string {
		_, id, _ := strings.Cut(key, ":payments:")
		return id
	})
}

// WalkDeadlines iterates over the sweeper's lists.
func (b *RedisBooks) WalkDeadlines(ctx context.Context) iter.Seq2[[]HoldID, error] {
	members := func(yield func(string, error) bool) {
		for _, bucket := range redisdb.AllBuckets() {
			entries := b.rdb.ZScan(ctx, bucket+":deadlines", 0, "", batch).Iterator()
			for i := 0; entries.Next(ctx); i++ {
				if i%2 == 0 && !yield(entries.Val(), nil) { // every other element is a deadline
					return
				}
			}
			if err := entries.Err(); err != nil {
				yield("", fmt.Errorf("list the deadlines of bucket %s: %w", bucket, err))
				return
			}
		}
	}
	return batches(members, func(member string) HoldID {
		id, orderID, _ := strings.Cut(member, "/")
		return HoldID{id, orderID}
	})
}

// batches groups the results of a scan.
func batches[K, T any](scan iter.Seq2[K, error], name func(K) T) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		part := make([]T, 0, batch)
		for key, err := range scan {
			if err != nil {
				yield(nil, err)
				return
			}
			part = append(part, name(key))
			if len(part) == batch {
				if !yield(part, nil) {
					return
				}
				part = make([]T, 0, batch)
			}
		}
		if len(part) > 0 {
			yield(part, nil)
		}
	}
}

// ReadProducts reads the products' hashes and their lists of holds.
func (b *RedisBooks) ReadProducts(ctx context.Context, ids []string) ([]Product, error) {
	pipe := b.rdb.Pipeline()
	hashes, lists := make([]*redis.MapStringStringCmd, len(ids)), make([]*redis.StringSliceCmd, len(ids))
	buyers := make([]*redis.MapStringStringCmd, len(ids))
	for i, id := range ids {
		hashes[i], lists[i] = pipe.HGetAll(ctx, productKey(id)), pipe.ZRange(ctx, holdsKey(id), 0, -1)
		buyers[i] = pipe.HGetAll(ctx, buyersKey(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read %d products: %w", len(ids), err)
	}
	products := make([]Product, len(ids))
	for i, id := range ids {
		products[i] = readProduct(id, hashes[i].Val(), buyers[i].Val())
		products[i].Listed = lists[i].Val()
	}
	return products, nil
}

func readProduct(id string, fields, buyers map[string]string) Product {
	p := Product{ID: id, Found: len(fields) > 0, Stock: map[string]product.Stock{}, Buyers: map[string]int64{}}
	number := func(field string) (n int64) {
		text, ok := fields[field]
		if !ok {
			return 0
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.Unreadable = fmt.Sprintf("field %s: %v", field, err)
		}
		return n
	}
	p.Version = number("version")
	for customer, text := range buyers {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.Unreadable = fmt.Sprintf("what customer %s holds: %v", customer, err)
		}
		p.Buyers[customer] = n
	}
	for field := range fields {
		name, sku, ok := strings.Cut(field, ":")
		switch name {
		case "onhand", "held", "adjusted", "committed", "restocked":
		default:
			ok = false
		}
		if _, read := p.Stock[sku]; !ok || read {
			continue
		}
		p.Stock[sku] = product.Stock{
			OnHand: number("onhand:" + sku), Held: number("held:" + sku), Adjusted: number("adjusted:" + sku),
			Committed: number("committed:" + sku), Restocked: number("restocked:" + sku),
		}
	}
	return p
}

// ReadHolds reads the holds' hashes, and looks each of them up in both lists.
func (b *RedisBooks) ReadHolds(ctx context.Context, ids []HoldID) ([]Hold, error) {
	pipe := b.rdb.Pipeline()
	reads := queueHolds(ctx, pipe, ids)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read %d holds: %w", len(ids), err)
	}
	return takeHolds(reads)
}

// Snapshot reads a product and holds of it at one moment.
func (b *RedisBooks) Snapshot(ctx context.Context, productID string, orderIDs []string) (Product, []Hold, error) {
	ids := make([]HoldID, len(orderIDs))
	for i, o := range orderIDs {
		ids[i] = HoldID{productID, o}
	}
	tx := b.rdb.TxPipeline() // all keys of a product are in one slot
	hash, list := tx.HGetAll(ctx, productKey(productID)), tx.ZRange(ctx, holdsKey(productID), 0, -1)
	buyers := tx.HGetAll(ctx, buyersKey(productID))
	reads := queueHolds(ctx, tx, ids)
	if _, err := tx.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return Product{}, nil, fmt.Errorf("read product %s and %d holds: %w", productID, len(ids), err)
	}
	if err := errors.Join(hash.Err(), list.Err(), buyers.Err()); err != nil {
		return Product{}, nil, fmt.Errorf("read product %s: %w", productID, err)
	}
	p := readProduct(productID, hash.Val(), buyers.Val())
	p.Listed = list.Val()
	holds, err := takeHolds(reads)
	return p, holds, err
}

// holdRead is what is read about one hold.
type holdRead struct {
	id                     HoldID
	hash                   *redis.MapStringStringCmd
	onProduct, onDeadlines *redis.FloatCmd
	ttl                    *redis.DurationCmd
}

func queueHolds(ctx context.Context, pipe redis.Pipeliner, ids []HoldID) []holdRead {
	reads := make([]holdRead, len(ids))
	for i, id := range ids {
		reads[i] = holdRead{
			id: id, hash: pipe.HGetAll(ctx, holdKey(id)),
			onProduct:   pipe.ZScore(ctx, holdsKey(id.ProductID), id.OrderID),
			onDeadlines: pipe.ZScore(ctx, deadlinesKey(id.ProductID), id.ProductID+"/"+id.OrderID),
			ttl:         pipe.PTTL(ctx, holdKey(id)),
		}
	}
	return reads
}

func takeHolds(reads []holdRead) ([]Hold, error) {
	holds := make([]Hold, len(reads))
	for i, r := range reads {
		onProduct, err := there(r.onProduct)
		onDeadlines, err2 := there(r.onDeadlines)
		if err := errors.Join(r.hash.Err(), err, err2, r.ttl.Err()); err != nil {
			return nil, fmt.Errorf("read the hold of product %s for order %s: %w", r.id.ProductID, r.id.OrderID, err)
		}
		holds[i] = readHold(r.id, r.hash.Val())
		holds[i].OnProduct, holds[i].OnDeadlines = onProduct, onDeadlines
		holds[i].Expires = max(r.ttl.Val(), 0) // below 0: it doesn't expire, or there is no hold
	}
	return holds, nil
}

func there(score *redis.FloatCmd) (bool, error) {
	if errors.Is(score.Err(), redis.Nil) {
		return false, nil
	}
	return score.Err() == nil, score.Err()
}

func readHold(id HoldID, fields map[string]string) Hold {
	h := Hold{HoldDetail: product.HoldDetail{ProductID: id.ProductID, OrderID: id.OrderID, State: product.HoldStateNone}}
	if len(fields) == 0 {
		return h
	}
	h.CustomerID = fields["customer"]
	h.State, h.Currency, h.Reason = product.HoldState(fields["state"]), fields["currency"], fields["reason"]
	var err error
	if h.Try, err = strconv.Atoi(fields["try"]); err != nil {
		h.Unreadable = fmt.Sprintf("its try: %v", err)
	}
	if placed := fields["placed"]; placed != "" && placed != "0" {
		ms, err := strconv.ParseInt(placed, 10, 64)
		if err != nil {
			h.Unreadable = fmt.Sprintf("when its order was placed: %v", err)
		}
		h.PlacedAt = time.UnixMilli(ms)
	}
	for field, text := range fields {
		sku, ok := strings.CutPrefix(field, "returned:")
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			h.Unreadable = fmt.Sprintf("field %s: %v", field, err)
		}
		if h.Returned == nil {
			h.Returned = map[string]int64{}
		}
		h.Returned[sku] = n
	}
	if h.State == product.HoldStateReleased && fields["lines"] == "" { // a mark without an earlier hold
		return h
	}
	deadline, err := strconv.ParseInt(fields["deadline"], 10, 64)
	if err != nil {
		h.Unreadable = fmt.Sprintf("its deadline: %v", err)
	}
	h.Deadline = time.UnixMilli(deadline)
	if err := json.Unmarshal([]byte(fields["lines"]), &h.Items); err != nil {
		h.Unreadable = fmt.Sprintf("its lines: %v", err)
	}
	return h
}

// ReadDocuments reads the stored copies of orders.
func (b *RedisBooks) ReadDocuments(ctx context.Context, orderIDs []string) ([]Document, error) {
	pipe := b.rdb.Pipeline()
	answers := make([]*redis.SliceCmd, len(orderIDs))
	packages := make([]*redis.MapStringStringCmd, len(orderIDs))
	for i, id := range orderIDs {
		answers[i] = pipe.HMGet(ctx, orderKey(id), "version", "doc", "packed", "published")
		packages[i] = pipe.HGetAll(ctx, packagesKey(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the documents of %d orders: %w", len(orderIDs), err)
	}
	docs := make([]Document, len(orderIDs))
	for i, id := range orderIDs {
		values := answers[i].Val()
		var apart Apart
		apart.Digests, _ = values[2].(string)
		published, _ := values[3].(string)
		apart.Published = strings.Fields(published)
		if fields := packages[i].Val(); len(fields) > 0 {
			apart.Packages = make(map[string][]byte, len(fields))
			for packageID, doc := range fields {
				apart.Packages[packageID] = []byte(doc)
			}
		}
		docs[i] = readDocument(id, values[:2], apart)
	}
	return docs, b.readErasures(ctx, docs)
}

func readDocument(id string, values []any, apart Apart) Document {
	d := Document{OrderID: id}
	version, _ := values[0].(string)
	doc, there := values[1].(string)
	if version == "" && !there {
		return d
	}
	d.Found, d.Text, d.Apart = true, []byte(doc), apart
	var err error
	if d.Version, err = strconv.ParseInt(version, 10, 64); err != nil {
		d.Unreadable = fmt.Sprintf("its version: %v", err)
		return d
	}
	whole, err := order.WithPackages(d.Text, apart.Packages)
	if err == nil {
		err = json.Unmarshal(whole, &d.Order)
	}
	if err != nil {
		d.Unreadable = fmt.Sprintf("its document: %v", err)
	}
	return d
}

// Forgotten counts the orders that have left Redis.
func (b *RedisBooks) Forgotten(ctx context.Context) (map[order.Status]int64, error) {
	return records.Forgotten(ctx, b.rdb)
}

// ReadPayments reads the documents of orders' payments and refunds.
func (b *RedisBooks) ReadPayments(ctx context.Context, orderIDs []string) ([]Payments, error) {
	pipe := b.rdb.Pipeline()
	answers := make([]*redis.MapStringStringCmd, len(orderIDs))
	for i, id := range orderIDs {
		answers[i] = pipe.HGetAll(ctx, paymentsKey(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the payments of %d orders: %w", len(orderIDs), err)
	}
	all := make([]Payments, len(orderIDs))
	for i := range answers {
		all[i] = readPayments(answers[i].Val())
	}
	return all, nil
}

func readPayments(fields map[string]string) Payments {
	p := Payments{
		Attempts: map[string][]byte{}, Refunds: map[saga.RefundID][]byte{}, Disputes: map[saga.DisputeID][]byte{}, Dismissals: map[string][]byte{},
	}
	for field, doc := range fields {
		switch kind, id, _ := strings.Cut(field, ":"); kind {
		case "payment":
			p.Attempts[id] = []byte(doc)
		case "refund":
			payment, refund, _ := strings.Cut(id, "/")
			p.Refunds[saga.RefundID{PaymentID: payment, RefundID: refund}] = []byte(doc)
		case "dispute":
			provider, dispute, _ := strings.Cut(id, ":")
			p.Disputes[saga.DisputeID{Provider: provider, DisputeID: dispute}] = []byte(doc)
		case "alert":
			p.Dismissals[id] = []byte(doc)
		}
	}
	return p
}
