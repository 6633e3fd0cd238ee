package elastic

import (
	"context"
	"fmt"
)

// The oldest Elasticsearch that is supported: require_data_stream in bulk requests
// came with it. An older one refuses every event.
const (
	leastMajor = 8
	leastMinor = 13
)

// tooOldError is an error until somebody upgrades the server.
type tooOldError struct{ found string }

func (e *tooOldError) Error() string {
	return fmt.Sprintf("this is Elasticsearch %s, and at least %d.%d is needed", e.found, leastMajor, leastMinor)
}

// newEnough refuses a server that doesn't know what is asked here.
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
