// Package streams reads the buckets' event streams for a consumer group, so that each entry
// is handled by one of the group's consumers, even if one of them dies. It knows no entity:
// the meaning of an entry is its reader's business, see docs/events.md.
package streams

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
)

// Entry is one entry of a bucket's stream.
type Entry struct {
	Bucket int
	// ID is the entry's own within its stream.
	ID string
	// Values are the fields. An entry that was trimmed before its consumer saw it has none.
	Values map[string]any
}

// Text returns a field, or the empty string if there is none with that name.
func (e Entry) Text(field string) string {
	t, _ := e.Values[field].(string)
	return t
}

// EventID is the same whenever the entry is read.
func (e Entry) EventID() string { return strconv.Itoa(e.Bucket) + "-" + e.ID }

// ConsumerName returns a name by which people can recognise the process; its end makes it
// unique.
func ConsumerName() string {
	var end [6]byte
	_, _ = rand.Read(end[:]) // it never fails
	host, err := os.Hostname()
	if err != nil {
		host = "somewhere"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), hex.EncodeToString(end[:]))
}
