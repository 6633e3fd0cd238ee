// Package carrier is the boundary to carriers and to services that track parcels. Each has its own
// adapter below this package, which contains everything specific to it: terms, signatures and
// formats. The rest of the program only knows the nodes and marks of package order. The package
// never decides about an order.
package carrier

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"holdfast/order"
)

// Tolerance is how far the timestamp of a signed callback may be off, either way: an older one could
// be a replayed message.
const Tolerance = 5 * time.Minute

// MaxScans limits the scans of one callback. Beyond it the oldest are dropped, because services
// repeat a parcel's whole history in each message.
const MaxScans = 100

// Scan is what a carrier reports about a parcel.
type Scan struct {
	// TrackingNumber is normalized.
	TrackingNumber string
	// Event has its ID, its Node or Mark, OccurredAt, and Detail in the carrier's own words.
	Event order.PackageEvent
}

// Carrier verifies and translates what a carrier sends. It keeps no state: the same
// callback always gives the same scans, with the same event ids.
type Carrier interface {
	// Callback verifies who sent a message and returns what it reports, sorted by when it
	// occurred. Its error is one of those below. Statuses that say nothing about where a
	// parcel is are omitted; a message with nothing else is ErrIgnored.
	Callback(header http.Header, body []byte, now time.Time) ([]Scan, error)
}

// Errors of callbacks. With one of the first two the sender is unknown, and must not learn more than
// this.
var (
	ErrSignature = errors.New("the callback's signature is missing or wrong")
	ErrStale     = errors.New("the callback's timestamp is more than 5 minutes off")
	ErrMalformed = errors.New("the callback is malformed")
	ErrIgnored   = errors.New("the callback reports nothing about a parcel")
)

// Sort sorts scans by when they occurred, and drops repeated ones and the oldest beyond MaxScans.
func Sort(scans []Scan) []Scan {
	sorted := slices.Clone(scans)
	slices.SortStableFunc(sorted, func(a, b Scan) int {
		return cmp.Or(a.Event.OccurredAt.Compare(b.Event.OccurredAt), cmp.Compare(a.Event.ID, b.Event.ID))
	})
	sorted = slices.CompactFunc(sorted, func(a, b Scan) bool { return a.Event.ID == b.Event.ID })
	return sorted[max(0, len(sorted)-MaxScans):]
}

// earliest is before any parcel that an order could have.
var earliest = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// farthestAhead is how far ahead of the clock an event may claim to have occurred.
const farthestAhead = 365 * 24 * time.Hour

// ValidTime reports whether something can have occurred then: carriers send the year 1 and the
// year 9999 for times that they don't know.
func ValidTime(occurredAt, now time.Time) bool {
	return occurredAt.After(earliest) && occurredAt.Before(now.Add(farthestAhead))
}

// Words returns a carrier's own words as an order stores them: one line of valid UTF-8 of at most
// order.MaxFieldBytes.
func Words(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	if len(text) > order.MaxFieldBytes {
		text = strings.ToValidUTF8(text[:order.MaxFieldBytes], "")
	}
	return strings.TrimSpace(text)
}
