package order

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/product"
)

// Bounds of what a shop's commands leave in an order.
const (
	MaxFieldChanges = 100
	MaxChangeBytes  = 200
	MaxTags         = 40
	MaxTagBytes     = 64
	MaxNotes        = 20
	MaxNoteBytes    = 500
	// MaxEventRuns bounds how often chains run for events of one order.
	MaxEventRuns = 200
)

// Scenario is a moment in an order's life at which a chain of the shop's commands runs.
type Scenario string

// The list is open: a reader must expect values that it doesn't know.
const (
	ScenarioSubmit    Scenario = "submit"    // before the order is priced
	ScenarioPrice     Scenario = "price"     // once it is priced
	ScenarioPaid      Scenario = "paid"      // once its stock is sold
	ScenarioNode      Scenario = "node"      // whenever it or one of its packages reaches a node
	ScenarioCancelled Scenario = "cancelled" // once it is closed as cancelled
)

// Commanded is what a shop's commands made of an order when it was placed, and which chains run
// for its later events. It travels in the placement, so that nothing is run twice and an order
// in flight keeps the versions that it began with.
type Commanded struct {
	// Chains are the versions of the chains that ran, and of those that will, by scenario.
	Chains map[Scenario]int64 `json:"chains,omitempty"`
	// Gifts are the lines that commands added free of charge.
	Gifts []Gift `json:"gifts,omitempty"`
	// Tags and Notes are for staff.
	Tags  []string `json:"tags,omitempty"`
	Notes []Note   `json:"notes,omitempty"`
	// Review asks staff to look at the order before it is packed.
	Review *Review `json:"review,omitempty"`
	// Changes are the fields that commands changed, at most MaxFieldChanges of them; Changed counts
	// all.
	Changes []FieldChange `json:"changes,omitempty"`
	Changed int           `json:"changed,omitempty"`
}

// Gift is a line that costs nothing because of another one, or of the order.
type Gift struct {
	// Line is the position of the gift in the placement, from 0.
	Line int `json:"line"`
	// Cause is the id of the line with which the gift is cancelled; empty means the order.
	Cause   string `json:"cause,omitempty"`
	Command string `json:"command"`
	Version int64  `json:"version"`
}

// ReviewFailed is how the reason of a Review begins that a command caused by failing.
const ReviewFailed = "the command failed: "

// Note is a remark of a command.
type Note struct {
	Command string `json:"command"`
	Version int64  `json:"version"`
	Text    string `json:"text"`
}

// Review is why staff should look at an order.
type Review struct {
	Command string `json:"command"`
	Version int64  `json:"version"`
	Reason  string `json:"reason"`
}

// FieldChange is one field that a command changed. Before and After are JSON, cut to
// MaxChangeBytes.
type FieldChange struct {
	Scenario Scenario  `json:"scenario"`
	Command  string    `json:"command"`
	Version  int64     `json:"version"`
	Path     string    `json:"path"`
	Before   string    `json:"before,omitempty"`
	After    string    `json:"after,omitempty"`
	At       time.Time `json:"at"`
}

// GiftAt returns the gift at a position of the placement's lines, or nil. c may be nil.
func (c *Commanded) GiftAt(line int) *Gift {
	if c == nil {
		return nil
	}
	i := slices.IndexFunc(c.Gifts, func(g Gift) bool { return g.Line == line })
	if i < 0 {
		return nil
	}
	return &c.Gifts[i]
}

// Record keeps a change, cut to what an order may keep of it.
func (c *Commanded) Record(f FieldChange) {
	c.Changed++
	if len(c.Changes) < MaxFieldChanges {
		f.Before, f.After = CutText(f.Before, MaxChangeBytes), CutText(f.After, MaxChangeBytes)
		c.Changes = append(c.Changes, f)
	}
}

// ValidTag reports whether a text can be a tag.
func ValidTag(tag string) bool { return product.ValidID(tag) && len(tag) <= MaxTagBytes }

// Tag adds a tag, once, and reports whether it is new and there was room for it.
func (c *Commanded) Tag(tag string) bool {
	if slices.Contains(c.Tags, tag) || len(c.Tags) >= MaxTags {
		return false
	}
	c.Tags = append(c.Tags, tag)
	return true
}

// Remark adds a note if there is room for it.
func (c *Commanded) Remark(n Note) bool {
	if len(c.Notes) >= MaxNotes {
		return false
	}
	n.Text = CutText(n.Text, MaxNoteBytes)
	c.Notes = append(c.Notes, n)
	return true
}

// Clone returns a copy that shares nothing that a later step changes. c may be nil.
func (c *Commanded) Clone() *Commanded {
	if c == nil {
		return nil
	}
	d := *c
	d.Chains = maps.Clone(c.Chains)
	d.Tags, d.Notes, d.Changes = slices.Clone(c.Tags), slices.Clone(c.Notes), slices.Clone(c.Changes)
	return &d
}

// commandsRoom is for what the commands for events of an order may still write: notes, tags, a review,
// changes, and their steps in the journal.
const commandsRoom = MaxNotes*(MaxNoteBytes+150) + MaxTags*MaxTagBytes + MaxFieldChanges*(2*MaxChangeBytes+300) + MaxEventRuns*250

// Room returns how many bytes of the document have to be left to the commands that may run later. c may
// be nil.
func (c *Commanded) Room() int {
	if c == nil {
		return 0
	}
	for _, later := range []Scenario{ScenarioPaid, ScenarioNode, ScenarioCancelled} {
		if c.Chains[later] != 0 {
			return commandsRoom
		}
	}
	return 0
}

// journaled is what the journal says about the commands that ran before the order was placed.
func (c *Commanded) journaled() map[string]string {
	if c == nil || c.Changed == 0 {
		return nil
	}
	return map[string]string{"changedFields": strconv.Itoa(c.Changed)}
}

// erase removes what commands wrote: it may repeat what the buyer did.
func (c *Commanded) erase() {
	if c == nil {
		return
	}
	c.Tags, c.Notes = nil, nil
	if c.Review != nil {
		c.Review = &Review{Command: c.Review.Command, Version: c.Review.Version}
	}
	for i := range c.Changes {
		c.Changes[i].Before, c.Changes[i].After = "", ""
		c.Changes[i].Path = changedPart(c.Changes[i].Path)
	}
}

// changedPart is the first part of a path: the rest may be a name that was made up for the order.
func changedPart(path string) string {
	parts := strings.SplitN(path, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// brake keeps a paid order from being packed: until its commands have run, and if one of them asked
// for a review. c may be nil.
func (c *Commanded) brake(at time.Time) *Brake {
	switch {
	case c == nil:
		return nil
	case c.Review != nil:
		return &Brake{At: at, Actor: c.Review.actor(), Note: c.Review.Reason}
	case c.Chains[ScenarioPaid] != 0:
		return &Brake{At: at, Actor: ActorCommands, Note: "the commands for paid orders are running"}
	}
	return nil
}

// ActorCommands holds an order while its commands run.
const ActorCommands = "commands"

// actor is the command in the journal.
func (r *Review) actor() string { return "command:" + r.Command }

// CutText cuts a text to so many bytes, between characters.
func CutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
