package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// stored is what the gateway answers about a version.
type stored struct {
	Version int64 `json:"version"`
}

// version calls for a new version of something, and reports whether it is one: what is the current
// version already stays as it is.
func (c *Client) version(ctx context.Context, k call) (number int64, isNew bool, err error) {
	a, err := c.do(ctx, k)
	if err != nil {
		return 0, false, err
	}
	var v stored
	err = a.Decode(&v)
	return v.Version, a.Status == http.StatusCreated, err
}

// PutCommand stores the next version of a command; body is the JSON that PUT /v1/commands/{id}
// takes.
func (c *Client) PutCommand(ctx context.Context, id string, body []byte) (version int64, isNew bool, err error) {
	version, isNew, err = c.version(ctx, call{method: http.MethodPut, path: "/v1/commands/" + id, body: body})
	if err != nil {
		return 0, false, fmt.Errorf("put command %s: %w", id, err)
	}
	return version, isNew, nil
}

// PutDraft saves the draft of a scenario's chain, and returns its tag; body is the JSON that
// PUT /v1/scenarios/{scenario}/draft takes.
func (c *Client) PutDraft(ctx context.Context, scenario string, body []byte) (tag string, err error) {
	a, err := c.do(ctx, call{method: http.MethodPut, path: "/v1/scenarios/" + scenario + "/draft", body: body})
	if err != nil {
		return "", fmt.Errorf("save the draft of %s: %w", scenario, err)
	}
	return a.Header.Get("ETag"), nil
}

// PublishChain makes the draft with a tag the next version of a scenario's chain; an empty tag is
// whichever draft there is.
func (c *Client) PublishChain(ctx context.Context, scenario, tag string) (version int64, isNew bool, err error) {
	k := call{method: http.MethodPost, path: "/v1/scenarios/" + scenario + "/publish"}
	if tag != "" {
		k.header = http.Header{"If-Match": {tag}}
	}
	version, isNew, err = c.version(ctx, k)
	if err != nil {
		return 0, false, fmt.Errorf("publish the chain of %s: %w", scenario, err)
	}
	return version, isNew, nil
}

// RollbackChain publishes an earlier version of a scenario's chain again.
func (c *Client) RollbackChain(ctx context.Context, scenario string, to int64) (version int64, isNew bool, err error) {
	body, err := json.Marshal(stored{to})
	if err == nil {
		version, isNew, err = c.version(ctx, call{method: http.MethodPost, path: "/v1/scenarios/" + scenario + "/rollback", body: body})
	}
	if err != nil {
		return 0, false, fmt.Errorf("roll back the chain of %s: %w", scenario, err)
	}
	return version, isNew, nil
}

// TryChain returns what a chain would do, as JSON; body is what POST /v1/scenarios/{scenario}/try
// takes.
func (c *Client) TryChain(ctx context.Context, scenario string, body []byte) (json.RawMessage, error) {
	a, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/scenarios/" + scenario + "/try", body: body})
	if err != nil {
		return nil, fmt.Errorf("try the chain of %s: %w", scenario, err)
	}
	return a.Body, nil
}
