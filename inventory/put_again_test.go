package inventory_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// lossy connects like the client that it is made of, and loses the answers to requests
// that name a word: as many as lose says. meanwhile runs once an answer is lost.
type lossy struct {
	word      string
	lose      atomic.Int64
	meanwhile func()
}

func (l *lossy) client(t *testing.T, rdb redis.UniversalClient) *redis.Client {
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
	of          *lossy
	named, gone bool
}

func (c *lossyConn) Write(b []byte) (int, error) {
	c.named = bytes.Contains(b, []byte(c.of.word))
	return c.Conn.Write(b)
}

func (c *lossyConn) Read(b []byte) (int, error) {
	if c.gone {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(b)
	if err != nil || !c.named || bytes.HasPrefix(b[:n], []byte("-NOSCRIPT")) || c.of.lose.Add(-1) < 0 {
		return n, err
	}
	c.gone = true
	c.of.meanwhile() // the server has carried out the request by now
	return 0, io.EOF
}

// The client sends a request again where its answer was lost: what it finds is its own
// success.
func TestAConditionalPutThatIsSentAgainIsNoConflictWithItself(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		plain := inventory.New(rdb)
		edited := func(title string) product.Spec {
			s := shirt(5, 0)
			s.Title = title
			return s
		}
		t.Run("to create only", func(t *testing.T) {
			id := redistest.ID("shirt")
			lost := &lossy{word: id, meanwhile: func() {}}
			lost.lose.Store(1)
			p, created, err := inventory.New(lost.client(t, rdb)).Put(t.Context(), id, edited("mine"), new(product.NotThere))
			require.NoError(t, err)
			require.Negative(t, lost.lose.Load(), "an answer was lost, and the next one was read")
			require.True(t, created)
			require.Equal(t, "mine", p.Title)
			_, _, err = plain.Put(t.Context(), id, edited("mine"), new(product.NotThere))
			require.ErrorIs(t, err, product.ErrExists, "another request is judged by itself")
		})
		t.Run("to replace what was read", func(t *testing.T) {
			id := redistest.ID("shirt")
			was, _, err := plain.Put(t.Context(), id, edited("first"), nil)
			require.NoError(t, err)
			lost := &lossy{word: id, meanwhile: func() {}}
			lost.lose.Store(2)
			p, created, err := inventory.New(lost.client(t, rdb)).Put(t.Context(), id, edited("mine"), &was.DocVersion)
			require.NoError(t, err)
			require.Negative(t, lost.lose.Load())
			require.False(t, created)
			require.Equal(t, "mine", p.Title)
			now, err := plain.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, now, p)
		})
		t.Run("and another one replaces it in between", func(t *testing.T) {
			id := redistest.ID("shirt")
			was, _, err := plain.Put(t.Context(), id, edited("first"), nil)
			require.NoError(t, err)
			lost := &lossy{word: id, meanwhile: func() {
				_, _, err := plain.Put(t.Context(), id, edited("theirs"), nil)
				require.NoError(t, err)
			}}
			lost.lose.Store(1)
			p, _, err := inventory.New(lost.client(t, rdb)).Put(t.Context(), id, edited("mine"), &was.DocVersion)
			require.NoError(t, err)
			require.Negative(t, lost.lose.Load())
			now, err := plain.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, "theirs", now.Title, "sent again it changes nothing")
			require.Less(t, p.DocVersion, now.DocVersion)
			_, _, err = plain.Put(t.Context(), id, edited("mine again"), &p.DocVersion)
			require.ErrorIs(t, err, product.ErrStale, "what was answered can't overwrite theirs unseen")
		})
	})
}
