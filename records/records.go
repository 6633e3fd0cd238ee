// Package records stores the documents of orders on Redis: the order itself, as its
// workflow last wrote it, and its payments and refunds, which may outlive the workflow. A
// document is a copy for readers: no decision rests on it, and an older version never
// replaces a newer one. All documents of an order together have a revision, which grows
// with each change and by which the views order their copies.
package records

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	putScript    = script("put")
	mendScript   = script("mend")
	readScript   = script("read")
	forgetScript = script("forget")
	refundScript = script("refund")
	askedScript  = script("asked")
	eraseScript  = script("erase")

	dismissScript = script("dismiss")
)

// script puts the shared functions in front of the named script.
func script(name string) *redisdb.Script { return redisdb.Embedded(sources, "shared", name) }

// Store gives access to the order documents of one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
	// raised is called for each alert that is recorded now and wasn't before.
	raised func(order.AlertRule)
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store {
	return &Store{rdb: rdb, raised: func(order.AlertRule) {}}
}

// CountingAlerts returns the store with a function that it calls for each alert that it records for the
// first time, except for a repair.
func (s *Store) CountingAlerts(raised func(order.AlertRule)) *Store {
	return &Store{rdb: s.rdb, raised: raised}
}

func orderKey(id string) string { return redisdb.Bucket(id) + ":order:" + id }

func packagesKey(id string) string { return redisdb.Bucket(id) + ":packages:" + id }

func paymentsKey(id string) string { return redisdb.Bucket(id) + ":payments:" + id }

// PutAsked stores payments, by their key, that were just requested from a provider, unless
// a message about one has been stored since. The order's own document doesn't change, and
// need not exist.
func (s *Store) PutAsked(ctx context.Context, orderID string, payments map[string][]byte) error {
	args := []any{orderID, string(order.PaymentCreated)}
	for _, key := range sortedKeys(payments) {
		args = append(args, paymentField(key), payments[key])
	}
	if _, err := s.run(ctx, askedScript, orderID, args); err != nil {
		return fmt.Errorf("put the requested payments of order %s: %w", orderID, err)
	}
	return nil
}

// PutRefund stores the document of one refund of one payment of the order, unless the
// stored one has a later version of the same refund: then this is a late write. Among
// documents without versions, a finished one is the later. The order's own document need
// not exist. Repeating the call changes nothing.
func (s *Store) PutRefund(ctx context.Context, orderID, paymentID, refundID string, doc []byte) error {
	_, err := s.putRefund(ctx, orderID, "", refundField(paymentID, refundID), doc)
	return err
}

// PutRefundAt stores the document of a refund if the order's documents still have the
// revision at which it was found to fit, and reports whether it did.
func (s *Store) PutRefundAt(ctx context.Context, orderID, paymentID, refundID string, doc []byte, revision int64) (bool, error) {
	return s.putRefund(ctx, orderID, strconv.FormatInt(revision, 10), refundField(paymentID, refundID), doc)
}

// PutDispute stores the document of a dispute, unless the stored one has a later version.
// The order's own document need not exist. Repeating the call changes nothing.
func (s *Store) PutDispute(ctx context.Context, orderID, provider, disputeID string, doc []byte) error {
	_, err := s.putRefund(ctx, orderID, "", disputeField(provider, disputeID), doc)
	return err
}

// Dismiss records beside an order's payments that an alert was dismissed. The first time stands. The
// order's own document need not exist.
func (s *Store) Dismiss(ctx context.Context, orderID string, d order.Dismissal) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode the dismissal of alert %s: %w", d.AlertID, err)
	}
	if _, err := s.run(ctx, dismissScript, orderID, []any{orderID, alertField(d.AlertID), doc}); err != nil {
		return fmt.Errorf("dismiss alert %s of order %s: %w", d.AlertID, orderID, err)
	}
	return nil
}

func (s *Store) putRefund(ctx context.Context, orderID, revision, field string, doc []byte) (bool, error) {
	parts, err := s.sendRefund(ctx, orderID, revision, field, doc, "")
	if _, gone := erasedAt(parts); gone && err == nil {
		if doc, err = order.ErasedPayment(field, doc); err == nil {
			parts, err = s.sendRefund(ctx, orderID, revision, field, doc, isErased)
		}
	}
	if err != nil {
		return false, fmt.Errorf("put %s of order %s: %w", field, orderID, err)
	}
	if parts[0] != int64(1) {
		return false, nil
	}
	before, _ := parts[1].(string)
	known := alertsOf(field, []byte(before))
	for _, a := range alertsOf(field, doc) {
		if !slices.ContainsFunc(known, func(b order.Alert) bool { return b.ID == a.ID }) {
			s.raised(a.Rule)
		}
	}
	return true, nil
}

func (s *Store) sendRefund(ctx context.Context, orderID, revision, field string, doc []byte, erased string) ([]any, error) {
	args := []any{orderID, revision, field, doc, order.PublishedPayment(field, doc), erased}
	for _, status := range order.OverRefunds {
		args = append(args, string(status))
	}
	answer, err := s.run(ctx, refundScript, orderID, args)
	if err != nil {
		return nil, err
	}
	return redisdb.Slice(answer)
}

// alertsOf returns the alerts that a document beside an order calls for.
func alertsOf(field string, doc []byte) []order.Alert {
	money, err := order.ReadPayments(map[string][]byte{field: doc})
	if err != nil { // empty, or damaged
		return nil
	}
	return money.Alerts()
}

// run runs a script on everything that is stored of an order, with other calls in the same
// round trip whose answers don't matter.
func (s *Store) run(
	ctx context.Context, script *redisdb.Script, orderID string, args []any, beside ...redisdb.Call,
) (*redis.Cmd, error) {
	if !product.ValidID(orderID) {
		return nil, fmt.Errorf("%q is not a valid order id", orderID)
	}
	answer := redisdb.Run(ctx, s.rdb, append([]redisdb.Call{{
		Script: script,
		Keys:   []string{orderKey(orderID), paymentsKey(orderID), redisdb.EventsKey(redisdb.Bucket(orderID)), packagesKey(orderID), erasedKey(orderID)},
		Args:   args,
	}}, beside...)...)[0]
	return answer, answer.Err()
}

// placedMillis returns the earliest possible time if the placing time is unknown.
func placedMillis(r order.Record) int64 {
	if r.PlacedAt.IsZero() {
		return 0
	}
	return r.PlacedAt.UnixMilli()
}

func paymentField(key string) string { return "payment:" + key }

func refundField(paymentID, refundID string) string { return "refund:" + paymentID + "/" + refundID }

func disputeField(provider, disputeID string) string { return "dispute:" + provider + ":" + disputeID }

func alertField(alertID string) string { return "alert:" + alertID }

func sortedKeys(m map[string][]byte) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Get reads the order's document and its version.
func (s *Store) Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error) {
	docs, err := s.GetMany(ctx, []string{orderID})
	if err != nil {
		return nil, 0, false, err
	}
	d := docs[0]
	return d.Doc, d.Version, d.Found, nil
}

// Version returns the version of the order's document without reading it, 0 if there is none. A reader
// who waits for a change asks for it again and again, and documents may be large.
func (s *Store) Version(ctx context.Context, orderID string) (int64, error) {
	version, err := s.rdb.HGet(ctx, orderKey(orderID), "version").Int64()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of order %s: %w", orderID, err)
	}
	return version, nil
}

// Document is one result of GetMany.
type Document struct {
	OrderID string
	Found   bool
	Version int64
	Doc     []byte
}

// GetMany reads the documents of many orders in one round trip, in the order of the ids. Only
// an order that is written in the same moment takes another one.
func (s *Store) GetMany(ctx context.Context, orderIDs []string) ([]Document, error) {
	pipe := s.rdb.Pipeline()
	answers := make([]*redis.SliceCmd, len(orderIDs))
	packages := make([]*redis.MapStringStringCmd, len(orderIDs))
	for i, id := range orderIDs {
		answers[i] = pipe.HMGet(ctx, orderKey(id), "version", "doc", "packed")
		packages[i] = pipe.HGetAll(ctx, packagesKey(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the documents of %d orders: %w", len(orderIDs), err)
	}
	docs := make([]Document, len(orderIDs))
	for i, id := range orderIDs {
		d, err := readDocument(id, answers[i].Val())
		if err == nil && d.Found {
			d, err = s.withPackages(ctx, d, answers[i].Val()[2], documents(packages[i].Val()))
		}
		if err != nil {
			return nil, fmt.Errorf("read the document of order %s: %w", id, err)
		}
		docs[i] = d
	}
	return docs, nil
}

// withPackages adds an order's packages to its document. If they are not those that were
// written with it, both are read again at one moment.
func (s *Store) withPackages(ctx context.Context, d Document, digests any, packages map[string][]byte) (Document, error) {
	written, _ := digests.(string)
	if Digests(packages) == written {
		var err error
		d.Doc, err = order.WithPackages(d.Doc, packages)
		return d, err
	}
	all, err := s.ReadMany(ctx, []string{d.OrderID})
	if err != nil {
		return d, err
	}
	return Document{OrderID: d.OrderID, Found: all[0].Found, Version: all[0].Version, Doc: all[0].Doc}, all[0].Err
}

func readDocument(id string, values []any) (Document, error) {
	d := Document{OrderID: id}
	if len(values) < 2 || values[0] == nil {
		return d, nil
	}
	version, _ := values[0].(string)
	doc, ok := values[1].(string)
	if !ok {
		return d, errors.New("there is a version but no document")
	}
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return d, fmt.Errorf("its version: %w", err)
	}
	d.Found, d.Version, d.Doc = true, n, []byte(doc)
	return d, nil
}

func documents(fields map[string]string) map[string][]byte {
	docs := make(map[string][]byte, len(fields))
	for field, doc := range fields {
		docs[field] = []byte(doc)
	}
	return docs
}

// revisionField is in the hash of the order's document, or beside the payments of an order
// without one.
const revisionField = "rev"

// Payments reads the documents of the order's payments and of what stands beside them, by
// field: see order.ReadPayments.
func (s *Store) Payments(ctx context.Context, orderID string) (map[string][]byte, error) {
	fields, err := s.rdb.HGetAll(ctx, paymentsKey(orderID)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the payments of order %s: %w", orderID, err)
	}
	docs := make(map[string][]byte, len(fields))
	for field, doc := range fields {
		if field != revisionField {
			docs[field] = []byte(doc)
		}
	}
	return docs, nil
}
