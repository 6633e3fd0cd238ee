package activities

import (
	"sync"

	"holdfast/webhook"
)

// PerEndpoint is how many messages a worker may have in flight to one endpoint, so that a
// hanging endpoint blocks no more than these.
const PerEndpoint = 10

// WebhookSlots is how many deliveries a worker makes at once: enough that no endpoint ever
// waits for another one.
const WebhookSlots = webhook.MaxEndpoints*PerEndpoint + PerEndpoint

// EndpointSlots counts the messages in flight to each endpoint.
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
