package command

import (
	"errors"
	"strconv"
	"time"

	"holdfast/order"
)

// Why a command or a chain isn't read or stored.
var (
	// ErrNotFound: there is no such command, scenario or version.
	ErrNotFound = errors.New("there is no such command, chain or version")
	// ErrNoDraft: there is nothing to publish.
	ErrNoDraft = errors.New("the scenario has no draft")
	// ErrExists: another command has the id.
	ErrExists = errors.New("there is a command with this id: change it with PUT")
	// ErrStale: the version isn't the one that the caller read.
	ErrStale = errors.New("it has changed since it was read")
	// ErrTooManyCommands, ErrTooManyVersions and ErrFull: a limit of what a shop stores is reached.
	ErrTooManyCommands = errors.New("the shop has 200 commands, which is the limit")
	ErrTooManyVersions = errors.New("it has 1,000 versions, which is the limit")
	ErrFull            = errors.New("the versions of all commands and chains have reached 256 MiB together, which is the limit")
)

// ChainVersion names a published version of a chain. Without a hash it is whatever has the number.
type ChainVersion struct {
	Number int64
	Hash   string
}

// Published is the current version of each scenario's chain. A scenario that isn't in it has none.
type Published map[order.Scenario]ChainVersion

// Tag names a version by its number and the beginning of its hash.
func Tag(number int64, hash string) string {
	return strconv.FormatInt(number, 10) + "-" + hash[:min(16, len(hash))]
}

// NoDraft in place of a Tag means that no draft may have been saved yet.
const NoDraft = "none"

// Summary is a version of a command without what makes it large.
type Summary struct {
	ID          string    `json:"id"`
	Version     int64     `json:"version"`
	Description string    `json:"description,omitempty"`
	Target      Target    `json:"target"`
	Behaviour   Behaviour `json:"behaviour"`
	Tests       int       `json:"tests"`
	Hash        string    `json:"hash,omitempty"`
	StoredAt    time.Time `json:"storedAt,omitzero"`
	StoredBy    string    `json:"storedBy,omitempty"`
}

// Summary returns the command's summary.
func (c *Command) Summary() Summary {
	return Summary{
		ID: c.ID, Version: c.Version, Description: c.Description, Target: c.Target, Behaviour: c.Behaviour,
		Tests: len(c.Tests), Hash: c.Hash, StoredAt: c.StoredAt, StoredBy: c.StoredBy,
	}
}

// ChainDraft is what a scenario's next version is made from.
type ChainDraft struct {
	Scenario order.Scenario `json:"scenario"`
	Steps    []Step         `json:"steps"`
	// Revision counts how often the draft was saved.
	Revision int64     `json:"revision"`
	Hash     string    `json:"hash,omitempty"`
	SavedAt  time.Time `json:"savedAt,omitzero"`
	SavedBy  string    `json:"savedBy,omitempty"`
}

// ChainSummary is a version of a chain without its steps.
type ChainSummary struct {
	Version     int64     `json:"version"`
	Hash        string    `json:"hash"`
	Steps       int       `json:"steps"`
	PublishedAt time.Time `json:"publishedAt"`
	PublishedBy string    `json:"publishedBy"`
	Restores    int64     `json:"restores,omitempty"`
}
