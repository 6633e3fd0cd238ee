package elastic

import (
	"context"
	"fmt"
)

// The oldest supported Elasticsearch, which introduced require_data_stream in bulk
// requests. An older one refuses every event.
const (
	leastMajor = 8
	leastMinor = 13
)

// tooOldError persists until the server is upgraded.
type tooOldError struct{ found string }

func (e *tooOldError) Error() string {
	return fmt.Sprintf("this is Elasticsearch %s, and at least %d.%d is needed", e.found, leastMajor, leastMinor)
}

// newEnough refuses a server that lacks features used here.
func (c *client) newEnough(ctx context.Context) error {
	var server struct {
		Version struct {
			Number string `json:"number"`
		} `json:"version"`
	}
	if err := c.call(ctx, request{method: "GET", path: "/"}, &server); err != nil {
		return err
	}
	var major, minor int
	if _, err := fmt.Sscanf(server.Version.Number, "%d.%d", &major, &minor); err != nil {
		return fmt.Errorf("read the server's version %q: %w", server.Version.Number, err)
	}
	if major < leastMajor || major == leastMajor && minor < leastMinor {
		return fmt.Errorf("open the search index: %w", &tooOldError{server.Version.Number})
	}
	return nil
}
