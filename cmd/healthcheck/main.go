// Command healthcheck requests a URL and reports by its exit status whether the response
// was a success. The image has no shell and no curl; this is what its container's health
// check runs.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// timeout is slightly less than docker-compose.yml allows for one check, so that the reason
// is printed before the process is killed.
const timeout = 2500 * time.Millisecond

func main() {
	if len(os.Args) != 2 {
		_, _ = fmt.Fprintln(os.Stderr, "usage: healthcheck URL")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	err := check(ctx, os.Args[1])
	cancel()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "healthcheck:", err)
		os.Exit(1)
	}
}

// check requests url once; any 2xx status is healthy.
func check(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody) //nolint:gosec // requesting the given URL is its purpose
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("ask %s: answered %s", url, response.Status)
	}
	return nil
}
