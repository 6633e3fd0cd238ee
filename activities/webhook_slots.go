package activities

import (
	"sync"

	"holdfast/webhook"
)

// PerEndpoint is how many messages a worker has on their way to one endpoint. One that
// hangs has no more than these.
const PerEndpoint = 10

// WebhookSlots are as many deliveries as a worker makes at once: enough that no endpoint
// ever waits for another one.
const WebhookSlots = webhook.MaxEndpoints*PerEndpoint + PerEndpoint

// EndpointSlots count the messages that are on their way to each endpoint.
type EndpointSlots struct {
	mu    sync.Mutex
	taken map[string]int
}

func (s *EndpointSlots) take(endpointID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == nil {
		s.taken = map[string]int{}
	}
	if s.taken[endpointID] >= PerEndpoint {
		return false
	}
	s.taken[endpointID]++
	return true
}

func (s *EndpointSlots) give(endpointID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[endpointID]--; s.taken[endpointID] == 0 {
		delete(s.taken, endpointID)
	}
}
