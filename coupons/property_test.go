package coupons_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// Whatever messages come in whatever order - late and repeated ones, those of old tries and of
// earlier orders with the same id - the coupon does what the model does, and its books add up
// after every step.
func TestAnySequenceOfMessagesKeepsTheBooksOfACoupon(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		seen := map[string]int{}
		rapid.Check(t, func(r *rapid.T) {
			m := newMachine(t.Context(), rdb, seen)
			m.put(r)
			r.Repeat(map[string]func(*rapid.T){
				"put": m.put, "claim": m.claim, "claim2": m.claim, "claim3": m.claim, "commit": m.commit, "commit2": m.commit,
				"release": m.release, "release2": m.release, "close": m.close, "again": m.again, "again2": m.again, "": m.check,
			})
		})
		if testing.Short() {
			return // too few sequences to get every answer
		}
		for _, answer := range []string{
			"claim: held", "claim: ended", "claim: changed", "claim: sign_in_required", "claim: customer_used_up", "claim: used_up",
			"commit: committed", "commit: released", "commit: none",
			"release: released", "release: held", "release: committed", "close: closed", "close: none",
		} {
			assert.Positive(t, seen[answer], "no sequence got the answer %q", answer)
		}
		for _, message := range []string{"claim", "commit", "release"} {
			for _, which := range []string{"own", "older", "newer"} {
				for _, state := range []product.HoldState{product.HoldStateHeld, product.HoldStateCommitted, product.HoldStateReleased} {
					found := message + " finds " + which + " " + string(state)
					assert.Positive(t, seen[found], "no sequence got to: %s", found)
				}
			}
		}
		t.Log(seen)
	})
}

// machine drives one coupon of the store and its model side by side.
type machine struct {
	ctx    context.Context
	rdb    redis.UniversalClient
	store  *coupons.Store
	code   string
	start  time.Time
	model  *model
	tries  map[string]int
	placed map[string]int
	sent   []func(*rapid.T)
	seen   map[string]int
	puts   int
	rate   int64 // of the last put
}

func newMachine(ctx context.Context, rdb redis.UniversalClient, seen map[string]int) *machine {
	return &machine{
		ctx: ctx, rdb: rdb, store: coupons.New(rdb), code: code(), start: time.Now().Truncate(time.Second),
		model: &model{claims: map[string]*use{}}, tries: map[string]int{}, placed: map[string]int{}, seen: seen,
	}
}

func (m *machine) put(t *rapid.T) {
	m.model.limit = rapid.SampledFrom([]int64{0, 1, 2, 2, 3}).Draw(t, "limit")
	m.model.each = rapid.SampledFrom([]int64{0, 1, 1, 2}).Draw(t, "per customer")
	ch := tenOff(m.code, m.model.limit, m.model.each)
	ch.Action.Rate = rapid.SampledFrom([]int64{1000, 1000, 1000, 2000}).Draw(t, "rate")
	c, created, err := m.store.Put(m.ctx, ch)
	require.NoError(t, err)
	require.Equal(t, m.puts == 0, created)
	// Whatever becomes of the limits, orders are refused only if they were quoted by other terms.
	require.Equal(t, m.puts == 0 || ch.Action.Rate != m.rate, c.TermsVersion != m.model.terms, "the terms changed")
	m.puts++
	m.model.terms, m.rate = c.TermsVersion, ch.Action.Rate
}

// message draws whom a message is about: an order that was placed last under its id or, at
// times, the one before or a new one; of its present try or, at times, another one.
func (m *machine) message(t *rapid.T, what string) (c order.CouponClaim, placed int) {
	id := rapid.SampledFrom([]string{"o1", "o2", "o3"}).Draw(t, "order")
	placed = max(0, m.placed[id]+rapid.SampledFrom([]int{0, 0, 0, 0, 1, -1, -1, -1}).Draw(t, "placed"))
	m.placed[id] = max(m.placed[id], placed)
	try := max(1, m.tries[id]+rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(t, "try"))
	m.tries[id] = max(m.tries[id], try)
	if u, owner := m.model.whose(id, placed); u != nil {
		m.seen[what+" finds "+owner+" "+string(u.state)]++
	}
	return order.CouponClaim{
		CouponUse: order.CouponUse{
			Code: m.code, Version: m.model.terms - rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 1}).Draw(t, "terms"), Amount: 250,
			CustomerID: rapid.SampledFrom([]string{"ada", "ada", "bea", "bea", ""}).Draw(t, "customer"),
		},
		OrderID: id, PlacedAt: m.start.Add(time.Duration(placed) * time.Hour), Try: try,
		Deadline: m.start.Add(time.Duration(placed)*time.Hour + time.Minute), QuotedAt: m.start,
	}, placed
}

func (m *machine) send(t *rapid.T, message func(*rapid.T)) {
	m.sent = append(m.sent, message)
	message(t)
}

// again repeats a message, however old.
func (m *machine) again(t *rapid.T) {
	if len(m.sent) == 0 {
		t.Skip("nothing was sent")
	}
	rapid.SampledFrom(m.sent).Draw(t, "message")(t)
}

func (m *machine) claim(t *rapid.T) {
	c, placed := m.message(t, "claim")
	m.send(t, func(t *rapid.T) {
		want := m.model.claim(c, placed)
		holds, err := m.store.Claim(m.ctx, []order.CouponClaim{c})
		require.NoError(t, err)
		got := string(holds[0].Outcome)
		if holds[0].Outcome == product.HoldRefused {
			got = string(holds[0].Reason)
		}
		require.Equal(t, want, got)
		m.seen["claim: "+got]++
	})
}

func (m *machine) commit(t *rapid.T) {
	c, placed := m.message(t, "commit")
	m.send(t, func(t *rapid.T) {
		want := m.model.commit(c, placed)
		call, err := coupons.Commit(c.CouponUse, c.Holder(), c.Try)
		require.NoError(t, err)
		require.Equal(t, want, said(m.ctx, t, m.rdb, call))
		m.seen["commit: "+want]++
	})
}

func (m *machine) release(t *rapid.T) {
	c, placed := m.message(t, "release")
	m.send(t, func(t *rapid.T) {
		want := m.model.release(c.OrderID, c.Try, placed)
		call, err := coupons.Release(m.code, c.Holder(), c.Try, "customer")
		require.NoError(t, err)
		require.Equal(t, want, said(m.ctx, t, m.rdb, call))
		m.seen["release: "+want]++
	})
}

func (m *machine) close(t *rapid.T) {
	c, placed := m.message(t, "close")
	m.send(t, func(t *rapid.T) {
		want := m.model.closes(c.OrderID, placed)
		call, err := coupons.Close(m.code, c.Holder())
		require.NoError(t, err)
		require.Equal(t, want, said(m.ctx, t, m.rdb, call))
		m.seen["close: "+want]++
	})
}

// check compares all that the store knows with the model, and the books with themselves.
func (m *machine) check(t *rapid.T) {
	for _, who := range []string{"ada", "bea"} {
		c, used, err := coupons.Looked(m.code, redisdb.Run(m.ctx, m.rdb, coupons.Look(m.code, who))[0])
		require.NoError(t, err)
		require.NoError(t, c.Check())
		require.Equal(t, m.model.Books, c.Books)
		require.Equal(t, m.model.used(who), used, "uses of %s", who)
		require.Equal(t, [2]int64{m.model.limit, m.model.each}, [2]int64{c.Limit, c.PerCustomer})
	}
	bucket, prefix := redisdb.Bucket(m.code), m.code+"/"
	members, err := m.rdb.ZRange(m.ctx, bucket+":claims", 0, -1).Result()
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, member := range members {
		if id, mine := strings.CutPrefix(member, prefix); mine {
			listed[id] = true
		}
	}
	live := coupon.Books{}
	for id, u := range m.model.claims {
		if len(id) > 2 { // of an earlier order, whose record was replaced
			continue
		}
		d, err := m.store.ClaimDetail(m.ctx, m.code, id)
		require.NoError(t, err)
		require.Equal(t, u.state, d.State, "order %s", id)
		require.Equal(t, u.try, d.Try, "order %s", id)
		require.Equal(t, u.who, d.CustomerID, "order %s", id)
		require.Equal(t, u.state == product.HoldStateHeld, listed[id], "order %s is on the list", id)
		life, err := m.rdb.TTL(m.ctx, bucket+":claim:"+m.code+":"+id).Result()
		require.NoError(t, err)
		require.Equal(t, u.expires, life > 0, "order %s expires", id)
		if u.state == product.HoldStateHeld {
			live.Claimed++
		}
	}
	require.Equal(t, live.Claimed, m.model.Claimed, "claimed is the number of live claims")
}
