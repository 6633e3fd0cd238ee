package price

import (
	"errors"
	"strconv"
	"time"

	"holdfast/order"
)

// MaxStoredBytes bounds all versions of a shop's price book together: they are kept for good,
// because orders name them.
const MaxStoredBytes = int64(256 << 20)

// Errors of publishing and reading price books.
var (
	ErrNoBook = errors.New("there is no such version of the price book")
	// ErrStale: the current version isn't the one that the caller read.
	ErrStale = errors.New("the price book has changed since it was read")
	// ErrFull: MaxStoredBytes is reached.
	ErrFull = errors.New("the versions of the price book have reached 256 MiB together, so no other can be published")
)

// Version is what is known about a published price book.
type Version struct {
	order.BookVersion
	PublishedAt time.Time
	// PublishedBy is the subject of the caller who published it.
	PublishedBy string
	// Bytes of its document.
	Bytes int64
}

// hashPart of a version's hash is enough to tell it from one of the same number that a restore
// of the store has taken away.
const hashPart = 16

// Tag is the version as an If-Match names it: "7-5feceb66ffc86f38".
func Tag(v order.BookVersion) string {
	return strconv.FormatInt(v.Number, 10) + "-" + v.Hash[:min(len(v.Hash), hashPart)]
}
