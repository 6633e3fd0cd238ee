package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// CommandSpec is what a merchant says about a command.
type CommandSpec struct {
	ID          string `json:"id,omitempty"`
	Description string `json:"description,omitempty"`
	// Target is order or line.
	Target string   `json:"target,omitempty"`
	Inputs []string `json:"inputs,omitempty"`
	// Params is the JSON schema of its parameters.
	Params json.RawMessage `json:"params,omitempty"`
	// Source is its script; a built-in command has none.
	Source string        `json:"source"`
	Tests  []CommandTest `json:"tests,omitempty"`
}

// CommandTest is an example of what a script does.
type CommandTest struct {
	Name   string          `json:"name"`
	View   json.RawMessage `json:"view,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Expect json.RawMessage `json:"expect"`
}

// Command is a version of a command.
type Command struct {
	CommandSpec
	Version int64 `json:"version"`
	// Behaviour is go for a built-in command, or js. The list is open.
	Behaviour string    `json:"behaviour"`
	Hash      string    `json:"hash"`
	StoredAt  time.Time `json:"storedAt"`
	StoredBy  string    `json:"storedBy"`
	// ETag of the version as it was read.
	ETag string `json:"-"`
}

// BuiltIn reports whether the command is part of Holdfast.
func (c Command) BuiltIn() bool { return c.Behaviour == "go" }

// CommandSummary is a version of a command without its script and tests.
type CommandSummary struct {
	ID          string `json:"id"`
	Version     int64  `json:"version"`
	Description string `json:"description"`
	Target      string `json:"target"`
	Behaviour   string `json:"behaviour"`
	// Tests is how many it has.
	Tests    int       `json:"tests"`
	StoredAt time.Time `json:"storedAt"`
	StoredBy string    `json:"storedBy"`
}

// BuiltIn reports whether the command is part of Holdfast.
func (c CommandSummary) BuiltIn() bool { return c.Behaviour == "go" }

// CommandPage is a page of commands, or of versions of one.
type CommandPage struct {
	Items      []CommandSummary `json:"items"`
	NextCursor string           `json:"nextCursor"`
}

// CommandTested is what a test of a command ended with.
type CommandTested struct {
	Name    string          `json:"name"`
	Passed  bool            `json:"passed"`
	Got     json.RawMessage `json:"got"`
	Failure *ScriptFailure  `json:"failure"`
}

func commandPath(id, rest string) string { return "/v1/commands/" + url.PathEscape(id) + rest }

// Commands lists all commands by id, each in its current version.
func (c *Client) Commands(ctx context.Context, limit int, cursor string) (CommandPage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page CommandPage
	return page, c.get(ctx, "/v1/commands", q, &page)
}

// CommandVersions lists the versions of a command, newest first.
func (c *Client) CommandVersions(ctx context.Context, id string, limit int, cursor string) (CommandPage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page CommandPage
	return page, c.get(ctx, commandPath(id, "/versions"), q, &page)
}

// Command reads a version of a command, or the current one for 0.
func (c *Client) Command(ctx context.Context, id string, version int64) (Command, error) {
	path := commandPath(id, "")
	if version > 0 {
		path = commandPath(id, "/versions/"+strconv.FormatInt(version, 10))
	}
	a, err := c.do(ctx, call{method: http.MethodGet, path: path})
	if err != nil {
		return Command{}, fmt.Errorf("read command %s: %w", id, err)
	}
	found := Command{ETag: a.Header.Get("ETag")}
	return found, a.Decode(&found)
}

// CreateCommand stores the first version of a command.
func (c *Client) CreateCommand(ctx context.Context, spec CommandSpec) (version int64, isNew bool, err error) {
	return c.store(ctx, call{method: http.MethodPost, path: "/v1/commands"}, spec)
}

// ChangeCommand stores the next version of a command if the current one has this tag.
func (c *Client) ChangeCommand(ctx context.Context, tag string, spec CommandSpec) (version int64, isNew bool, err error) {
	k := call{method: http.MethodPut, path: commandPath(spec.ID, "")}
	if tag != "" {
		k.header = http.Header{"If-Match": {tag}}
	}
	return c.store(ctx, k, spec)
}

func (c *Client) store(ctx context.Context, k call, spec CommandSpec) (version int64, isNew bool, err error) {
	if k.body, err = json.Marshal(spec); err != nil {
		return 0, false, fmt.Errorf("encode command %s: %w", spec.ID, err)
	}
	if version, isNew, err = c.version(ctx, k); err != nil {
		return 0, false, fmt.Errorf("store command %s: %w", spec.ID, err)
	}
	return version, isNew, nil
}

// TryCommand checks a command and runs its tests, without storing it.
func (c *Client) TryCommand(ctx context.Context, spec CommandSpec) ([]CommandTested, error) {
	body, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode command %s: %w", spec.ID, err)
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/commands/try", body: body})
	if err != nil {
		return nil, fmt.Errorf("try command %s: %w", spec.ID, err)
	}
	var trial struct {
		Tests []CommandTested `json:"tests"`
	}
	err = a.Decode(&trial)
	return trial.Tests, err
}
