package redistest

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Lossy connects to Redis and loses the answers to requests that contain a word, as many as
// Lose says. The server has carried these out, and the client sends them again.
type Lossy struct {
	Word string
	Lose atomic.Int64
	// Meanwhile runs once an answer is lost, before the request is sent again.
	Meanwhile func()
}

// Client is connected like rdb. It skips the test on a cluster, whose clients dial by
// themselves.
func (l *Lossy) Client(t *testing.T, rdb redis.UniversalClient) *redis.Client {
	t.Helper()
	single, ok := rdb.(*redis.Client)
	if !ok {
		t.Skip("a cluster's clients dial by themselves")
	}
	opt := *single.Options()
	opt.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &lossyConn{Conn: conn, of: l}, err
	}
	client := redis.NewClient(&opt)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

type lossyConn struct {
	net.Conn
	of          *Lossy
	named, gone bool
}

func (c *lossyConn) Write(b []byte) (int, error) {
	c.named = bytes.Contains(b, []byte(c.of.Word))
	return c.Conn.Write(b)
}

func (c *lossyConn) Read(b []byte) (int, error) {
	if c.gone {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(b)
	if err != nil || !c.named || bytes.HasPrefix(b[:n], []byte("-NOSCRIPT")) || c.of.Lose.Add(-1) < 0 {
		return n, err
	}
	c.gone = true
	if c.of.Meanwhile != nil {
		c.of.Meanwhile()
	}
	return 0, io.EOF
}
