package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"holdfast/order"
)

// Scenario is a moment in an order's life at which a chain of commands runs.
type Scenario struct {
	Name string `json:"scenario"`
	// Version of its published chain, 0 if it has none.
	Version int64 `json:"version"`
	// Paths are what its commands may change, each with its operation.
	Paths []string `json:"paths"`
}

// ChainStep is one command of a chain.
type ChainStep struct {
	Command string          `json:"command"`
	Version int64           `json:"version"`
	Params  json.RawMessage `json:"params,omitempty"`
	When    string          `json:"when,omitempty"`
	OnError string          `json:"onError,omitempty"`
}

// Chain is a published version of a scenario's chain.
type Chain struct {
	Scenario    string      `json:"scenario"`
	Version     int64       `json:"version"`
	Steps       []ChainStep `json:"steps"`
	PublishedAt time.Time   `json:"publishedAt"`
	PublishedBy string      `json:"publishedBy"`
	// Restores is the version whose steps were published again.
	Restores int64 `json:"restores"`
	// ETag of the version as it was read.
	ETag string `json:"-"`
}

// ChainDraft is what a scenario's next version is made from.
type ChainDraft struct {
	Scenario string      `json:"scenario"`
	Steps    []ChainStep `json:"steps"`
	SavedAt  time.Time   `json:"savedAt"`
	SavedBy  string      `json:"savedBy"`
	// ETag of the draft as it was read.
	ETag string `json:"-"`
}

// ChainSummary is a version of a chain without its steps.
type ChainSummary struct {
	Version     int64     `json:"version"`
	Steps       int       `json:"steps"`
	PublishedAt time.Time `json:"publishedAt"`
	PublishedBy string    `json:"publishedBy"`
	Restores    int64     `json:"restores"`
}

// ChainPage is a page of versions.
type ChainPage struct {
	Items      []ChainSummary `json:"items"`
	NextCursor string         `json:"nextCursor"`
}

// ChainTry is what a chain is tried on: an order, or a view. Without a version the steps are tried.
type ChainTry struct {
	Version int64           `json:"version,omitempty"`
	Steps   []ChainStep     `json:"steps,omitzero"`
	OrderID string          `json:"orderId,omitempty"`
	View    json.RawMessage `json:"view,omitempty"`
}

// ChainTrial is what a chain would do to an order.
type ChainTrial struct {
	Scenario string `json:"scenario"`
	// Version of the chain, 0 for steps that aren't published.
	Version int64 `json:"version"`
	// Runs are the commands whose conditions were met.
	Runs []struct {
		Command string `json:"command"`
		Version int64  `json:"version"`
		// Outcome is done, rejected or failed. The list is open.
		Outcome string `json:"outcome"`
	} `json:"runs"`
	// Rejection is why the order would be refused; nil if it wouldn't.
	Rejection *struct {
		Command string `json:"command"`
		Version int64  `json:"version"`
		Step    int    `json:"step"`
		Reason  string `json:"reason"`
		Failure string `json:"failure"`
	} `json:"rejection"`
	// Changes are at most 100 of the Changed fields.
	Changes     []order.FieldChange `json:"changes"`
	Changed     int                 `json:"changed"`
	Adjustments []struct {
		Command string `json:"command"`
		Version int64  `json:"version"`
		// LineID is empty for what is taken off the order.
		LineID string `json:"lineId"`
		Amount int64  `json:"amount"`
	} `json:"adjustments"`
	Notes  []order.Note `json:"notes"`
	Review *Review      `json:"review"`
}

func scenarioPath(name, rest string) string { return "/v1/scenarios/" + url.PathEscape(name) + rest }

// Scenarios lists the scenarios in the order in which they happen.
func (c *Client) Scenarios(ctx context.Context) ([]Scenario, error) {
	var list struct {
		Items []Scenario `json:"items"`
	}
	err := c.get(ctx, "/v1/scenarios", nil, &list)
	return list.Items, err
}

// Chain reads a version of a scenario's chain.
func (c *Client) Chain(ctx context.Context, scenario string, version int64) (Chain, error) {
	a, err := c.do(ctx, call{method: http.MethodGet, path: scenarioPath(scenario, "/versions/"+strconv.FormatInt(version, 10))})
	if err != nil {
		return Chain{}, fmt.Errorf("read version %d of the chain of %s: %w", version, scenario, err)
	}
	chain := Chain{ETag: a.Header.Get("ETag")}
	return chain, a.Decode(&chain)
}

// ChainVersions lists the versions of a scenario's chain, newest first.
func (c *Client) ChainVersions(ctx context.Context, scenario string, limit int, cursor string) (ChainPage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page ChainPage
	return page, c.get(ctx, scenarioPath(scenario, "/versions"), q, &page)
}

// Draft reads the draft of a scenario's chain. One that was never saved is the problem unknown-draft.
func (c *Client) Draft(ctx context.Context, scenario string) (ChainDraft, error) {
	a, err := c.do(ctx, call{method: http.MethodGet, path: scenarioPath(scenario, "/draft")})
	if err != nil {
		return ChainDraft{}, fmt.Errorf("read the draft of %s: %w", scenario, err)
	}
	d := ChainDraft{ETag: a.Header.Get("ETag")}
	return d, a.Decode(&d)
}

// SaveDraft saves the steps of a draft if it still has this tag; an empty tag means that none was
// saved yet. It returns the new tag.
func (c *Client) SaveDraft(ctx context.Context, scenario, tag string, steps []ChainStep) (string, error) {
	body, err := json.Marshal(struct {
		Steps []ChainStep `json:"steps"`
	}{append([]ChainStep{}, steps...)})
	if err != nil {
		return "", fmt.Errorf("encode the draft of %s: %w", scenario, err)
	}
	r := call{method: http.MethodPut, path: scenarioPath(scenario, "/draft"), body: body, header: http.Header{"If-Match": {tag}}}
	if tag == "" {
		r.header = http.Header{"If-None-Match": {"*"}}
	}
	a, err := c.do(ctx, r)
	if err != nil {
		return "", fmt.Errorf("save the draft of %s: %w", scenario, err)
	}
	return a.Header.Get("ETag"), nil
}

// Trial returns what a chain would do.
func (c *Client) Trial(ctx context.Context, scenario string, on ChainTry) (ChainTrial, error) {
	var t ChainTrial
	body, err := json.Marshal(on)
	if err != nil {
		return t, fmt.Errorf("encode what the chain of %s is tried on: %w", scenario, err)
	}
	answer, err := c.TryChain(ctx, scenario, body)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(answer, &t); err != nil {
		return t, fmt.Errorf("read the gateway's answer: %w", err)
	}
	return t, nil
}
