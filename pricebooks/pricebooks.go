// Package pricebooks keeps the versions of a shop's price book on Redis. One script publishes
// a version; versions are never changed or removed, because orders name those that they were
// quoted by. Processes keep parsed books in memory, and learn which version is the current one
// with the read that precedes each order.
package pricebooks

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"holdfast/order"
	"holdfast/price"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var publishScript = redisdb.Entity(sources, "publish")

// entity is the only one of its kind: a shop has one price book.
const entity = "price-book"

// currentKey stores which version is the current one, documentsKey each version's document,
// and knownKey what else is known about it, as "<published at, ms> <bytes> <hash> <by>".
func currentKey() string   { return redisdb.Bucket(entity) + ":" + entity }
func documentsKey() string { return redisdb.Bucket(entity) + ":price-books" }
func knownKey() string     { return redisdb.Bucket(entity) + ":price-book-versions" }

// Levels counts customers by their member level.
type Levels interface {
	Levels(ctx context.Context) (map[int]int64, error)
}

// Store gives access to the price books of one Redis or Redis Cluster.
type Store struct {
	rdb    redis.UniversalClient
	levels Levels

	loading singleflight.Group
	mu      sync.Mutex
	parsed  map[order.BookVersion]*price.Book
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient, levels Levels) *Store {
	return &Store{rdb: rdb, levels: levels, parsed: map[order.BookVersion]*price.Book{}}
}

// Find returns a call that reads which version is the current one, for use in a larger read.
func Find() redisdb.Call {
	return redisdb.Call{Command: "hmget", Keys: []string{currentKey()}, Args: []any{"number", "hash"}}
}

// Found reads the answer to Find. A shop without a price book has version 0.
func Found(answer *redis.Cmd) (order.BookVersion, error) {
	values, err := redisdb.Slice(answer)
	if err != nil {
		return order.BookVersion{}, fmt.Errorf("read the current version of the price book: %w", err)
	}
	number, there := values[0].(string)
	if !there {
		return order.BookVersion{}, nil
	}
	v := order.BookVersion{}
	if v.Number, err = strconv.ParseInt(number, 10, 64); err != nil {
		return v, fmt.Errorf("read the current version of the price book: %w", err)
	}
	v.Hash, _ = values[1].(string)
	return v, nil
}

// Get returns a version with its document, or price.ErrNoBook. 0 means the current one.
func (s *Store) Get(ctx context.Context, number int64) (price.Version, []byte, error) {
	if number == 0 {
		current, err := Found(redisdb.Run(ctx, s.rdb, Find())[0])
		if err != nil {
			return price.Version{}, nil, err
		}
		if current.Number == 0 {
			return price.Version{}, nil, price.ErrNoBook
		}
		number = current.Number
	}
	field := strconv.FormatInt(number, 10)
	answers := redisdb.Run(ctx, s.rdb,
		redisdb.Call{Command: "hget", Keys: []string{knownKey()}, Args: []any{field}},
		redisdb.Call{Command: "hget", Keys: []string{documentsKey()}, Args: []any{field}})
	known, err := answers[0].Text()
	if errors.Is(err, redis.Nil) {
		return price.Version{}, nil, price.ErrNoBook
	}
	var document string
	if err == nil {
		document, err = answers[1].Text()
	}
	var v price.Version
	if err == nil {
		v, err = readKnown(number, known)
	}
	if err != nil {
		return price.Version{}, nil, fmt.Errorf("read version %d of the price book: %w", number, err)
	}
	return v, []byte(document), nil
}

// Versions returns up to limit versions before this one, the newest first. 0 begins with the
// current one.
func (s *Store) Versions(ctx context.Context, limit int, before int64) ([]price.Version, error) {
	if before == 0 {
		current, err := Found(redisdb.Run(ctx, s.rdb, Find())[0])
		if err != nil {
			return nil, err
		}
		before = current.Number + 1
	}
	first := max(before-int64(limit), 1)
	if first >= before {
		return nil, nil
	}
	fields := make([]string, 0, limit)
	for n := before - 1; n >= first; n-- {
		fields = append(fields, strconv.FormatInt(n, 10))
	}
	values, err := s.rdb.HMGet(ctx, knownKey(), fields...).Result()
	if err != nil {
		return nil, fmt.Errorf("list versions of the price book: %w", err)
	}
	var all []price.Version
	for i, value := range values {
		known, there := value.(string)
		if !there { // behind the current one
			continue
		}
		v, err := readKnown(before-1-int64(i), known)
		if err != nil {
			return nil, fmt.Errorf("list versions of the price book: %w", err)
		}
		all = append(all, v)
	}
	return all, nil
}

func readKnown(number int64, known string) (price.Version, error) {
	parts := strings.SplitN(known, " ", 4)
	if len(parts) < 4 {
		return price.Version{}, fmt.Errorf("version %d is %q", number, known)
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	bytes, notNumber := strconv.ParseInt(parts[1], 10, 64)
	if err = errors.Join(err, notNumber); err != nil {
		return price.Version{}, fmt.Errorf("version %d: %w", number, err)
	}
	return price.Version{
		BookVersion: order.BookVersion{Number: number, Hash: parts[2]},
		PublishedAt: time.UnixMilli(at).UTC(), PublishedBy: parts[3], Bytes: bytes,
	}, nil
}

// mostParsed bounds the books in memory. Orders are quoted by the current one; others are for
// the moments after another was published.
const mostParsed = 8

// Book returns a version prepared for quotes. Only the first call of a process reads it; many
// at once wait for one read. Version 0 has no book: nil.
func (s *Store) Book(ctx context.Context, v order.BookVersion) (*price.Book, error) {
	if v.Number == 0 {
		return nil, nil //nolint:nilnil // a shop without a price book
	}
	if book := s.inMemory(v); book != nil {
		return book, nil
	}
	loaded := s.loading.DoChan(price.Tag(v), func() (any, error) {
		return s.load(context.WithoutCancel(ctx), v)
	})
	select {
	case l := <-loaded:
		book, _ := l.Val.(*price.Book)
		return book, l.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("read version %d of the price book: %w", v.Number, ctx.Err())
	}
}

func (s *Store) inMemory(v order.BookVersion) *price.Book {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parsed[v]
}

// loadTimeout is for one read of 256 KiB.
const loadTimeout = 2 * time.Second

func (s *Store) load(ctx context.Context, v order.BookVersion) (*price.Book, error) {
	if book := s.inMemory(v); book != nil { // another read has ended meanwhile
		return book, nil
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	_, document, err := s.Get(ctx, v.Number)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(document); hex.EncodeToString(sum[:]) != v.Hash {
		return nil, fmt.Errorf("version %d of the price book isn't the one with the hash %s", v.Number, v.Hash)
	}
	book, err := price.Parse(document)
	if err != nil {
		// A later version of this program published it. The cause isn't wrapped: it names fields of the book, not of the
		// caller's request.
		return nil, fmt.Errorf("read version %d of the price book, which this version of Holdfast doesn't understand: %s", v.Number, err.Error())
	}
	book.Version = v
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.parsed) >= mostParsed {
		clear(s.parsed)
	}
	s.parsed[v] = book
	return book, nil
}
