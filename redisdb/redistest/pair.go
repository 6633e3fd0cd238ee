package redistest

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Pair is a master and its replica.
type Pair struct {
	Master, Replica redis.UniversalClient
	master          *server
}

// StartPair starts a master and a replica that is in sync with it, and ends the test if
// there is no redis-server.
func StartPair(t testing.TB) *Pair {
	t.Helper()
	port, err := freePort(t.Context())
	if err != nil {
		t.Fatalf("find a port: %v", err)
	}
	master := &server{args: []string{"--port", port, "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0"}}
	replica := &server{args: []string{"--replicaof", "127.0.0.1 " + port}}
	t.Cleanup(master.stop)
	t.Cleanup(replica.stop)
	p := &Pair{Master: open(t, master.start(t)), Replica: open(t, replica.start(t)), master: master}
	p.catchUp(t)
	return p
}

// catchUp waits until the replica has everything that the master has.
func (p *Pair) catchUp(t testing.TB) {
	t.Helper()
	if err := p.Master.Set(t.Context(), "last", ID("last"), 0).Err(); err != nil {
		t.Fatalf("write to the master: %v", err)
	}
	until := time.Now().Add(30 * time.Second)
	for {
		n, err := p.Master.Do(t.Context(), "WAIT", 1, 1000).Int()
		if err == nil && n == 1 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("the replica has not caught up after 30 s: %v", err)
		}
	}
}

// Cut lets the replica catch up and then disconnects it: what is written to the master
// afterwards is lost in Failover.
func (p *Pair) Cut(t testing.TB) {
	t.Helper()
	p.catchUp(t)
	if err := p.Replica.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatalf("promote the replica: %v", err)
	}
}

// Failover kills the master; the replica takes its place.
func (p *Pair) Failover() redis.UniversalClient {
	p.master.stop()
	return p.Replica
}
