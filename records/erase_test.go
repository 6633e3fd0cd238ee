package records_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// everythingInRedis is all that is stored, as one text.
func everythingInRedis(t *testing.T, rdb redis.UniversalClient) string {
	t.Helper()
	all := ""
	for key, err := range redisdb.Scan(t.Context(), rdb, "*") {
		require.NoError(t, err)
		switch kind := rdb.Type(t.Context(), key).Val(); kind {
		case "hash":
			all += fmt.Sprintln(key, rdb.HGetAll(t.Context(), key).Val())
		case "stream":
			all += fmt.Sprintln(key, rdb.XRange(t.Context(), key, "-", "+").Val())
		case "string":
			all += fmt.Sprintln(key, rdb.Get(t.Context(), key).Val())
		default:
			all += fmt.Sprintln(key, rdb.ZRange(t.Context(), key, 0, -1).Val())
		}
	}
	return all
}

// delivered is a closed order that says its person's name wherever it can.
func delivered(id string, version int64) order.Order {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ada := &order.Address{Recipient: "Ada Lovelace", Line1: "12 St James", City: "London", Country: "GB"}
	return order.Order{
		Shape: 2, ID: id, CustomerID: "c-1", Status: order.StatusDelivered, Version: version, PlacedAt: at, UpdatedAt: at, ClosedAt: at,
		Address: ada, Addresses: []order.AddressEntry{{Address: ada, Until: at, Note: "Ada Lovelace moved"}},
		Lines:   []order.Line{{ID: "1", ProductID: "p", SKU: "s", Quantity: 1}},
		Journal: []order.Entry{{Seq: 1, Node: "paid", Detail: map[string]string{"note": "call Ada Lovelace"}}},
		Fulfilment: &order.Fulfilment{At: order.NodeDelivered, Packages: []order.Package{{
			ID: "k1", Number: 1, Address: ada, Items: []order.LineUnits{{LineID: "1", Quantity: 1}},
			Events: []order.PackageEvent{{ID: "e1", Node: order.NodeDelivered, OccurredAt: at, RecordedAt: at, Detail: "signed by Ada Lovelace"}},
		}}},
	}
}

func put(t *testing.T, s *records.Store, o order.Order) {
	t.Helper()
	o.Restore()
	r, err := order.NewRecord(&o, map[string]order.Attempt{"sandbox:p1": {PaymentID: "p1", Provider: "sandbox", Amount: 5}})
	require.NoError(t, err)
	require.NoError(t, s.Put(t.Context(), r))
}

func refund(note string) []byte {
	doc, _ := json.Marshal(order.Refund{ID: "r1", PaymentID: "p1", Amount: 5, Status: order.RefundPaid, Note: note, Version: 2})
	return doc
}

func erase(t *testing.T, s *records.Store, id string) {
	t.Helper()
	st, err := s.ReadMany(t.Context(), []string{id})
	require.NoError(t, err)
	o, err := st[0].Order()
	require.NoError(t, err)
	o.Erase(time.Now())
	done, err := s.Erase(t.Context(), &o, st[0], 0)
	require.NoError(t, err)
	require.True(t, done)
}

// Late writes come with the person: a newer document, a repair of a lost one, a refund. None brings
// anything back.
func TestNothingBringsAnErasedPersonBack(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, s := t.Context(), records.New(rdb)
		put(t, s, delivered("o1", 7))
		require.NoError(t, s.PutRefund(ctx, "o1", "p1", "r1", refund("Ada Lovelace asked")))
		require.Contains(t, everythingInRedis(t, rdb), "Lovelace")
		for _, bucket := range redisdb.AllBuckets() {
			require.NotContains(t, fmt.Sprint(rdb.XRange(ctx, redisdb.EventsKey(bucket), "-", "+").Val()), "Lovelace", "events carry ids only")
		}
		before, err := s.ReadMany(ctx, []string{"o1"})
		require.NoError(t, err)
		erase(t, s, "o1")
		require.NotContains(t, everythingInRedis(t, rdb), "Lovelace")
		after, err := s.ReadMany(ctx, []string{"o1"})
		require.NoError(t, err)
		require.Greater(t, after[0].Revision, before[0].Revision, "the view follows")
		require.Equal(t, before[0].Version, after[0].Version)
		require.Len(t, after[0].Payments, 2)

		put(t, s, delivered("o1", 8))
		require.NoError(t, s.PutRefund(ctx, "o1", "p1", "r2", refund("Ada Lovelace asked again")))
		require.NotContains(t, everythingInRedis(t, rdb), "Lovelace")
		doc, version, _, err := s.Get(ctx, "o1")
		require.NoError(t, err)
		require.EqualValues(t, 8, version, "what else a late write says is stored")
		require.Contains(t, string(doc), "erasedAt")

		o := delivered("o1", 9)
		now, err := order.NewRecord(&o, nil)
		require.NoError(t, err)
		st, err := s.ReadMany(ctx, []string{"o1"})
		require.NoError(t, err)
		raw := rdb.HGet(ctx, redisdb.Bucket("o1")+":order:o1", "doc").Val()
		done, err := s.Mend(ctx, order.Record{Version: st[0].Version, Doc: []byte(raw)}, now)
		require.NoError(t, err)
		require.True(t, done)
		done, err = s.MendRefund(ctx, "o1", "p1", "r1", st[0].Payments["refund:p1/r1"], refund("Ada Lovelace asked"))
		require.NoError(t, err)
		require.True(t, done)
		require.NotContains(t, everythingInRedis(t, rdb), "Lovelace")

		require.NoError(t, rdb.Del(ctx, redisdb.Bucket("o1")+":order:o1", redisdb.Bucket("o1")+":packages:o1").Err())
		put(t, s, delivered("o1", 10))
		require.NotContains(t, everythingInRedis(t, rdb), "Lovelace", "even if Redis lost the document")
		later := delivered("o1", 1)
		later.PlacedAt = later.PlacedAt.AddDate(1, 0, 0)
		put(t, s, later)
		require.Contains(t, everythingInRedis(t, rdb), "Lovelace", "a later placement is another order")
	})
}

func TestAnErasureReplacesOnlyWhatWasRead(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id := records.New(rdb), redistest.ID("o")
		put(t, s, delivered(id, 1))
		st, err := s.ReadMany(t.Context(), []string{id})
		require.NoError(t, err)
		put(t, s, delivered(id, 2))
		o := delivered(id, 1)
		_, err = s.Erase(t.Context(), &o, st[0], 0)
		require.Error(t, err, "it still has the person")
		o.Erase(time.Now())
		done, err := s.Erase(t.Context(), &o, st[0], 0)
		require.NoError(t, err)
		require.False(t, done)
		is, err := records.FoundErased(redisdb.Run(t.Context(), rdb, records.FindErased(id))[0])
		require.NoError(t, err)
		require.False(t, is)
		erase(t, s, id)
		is, err = records.FoundErased(redisdb.Run(t.Context(), rdb, records.FindErased(id))[0])
		require.NoError(t, err)
		require.True(t, is)
	})
}

// An order that only the view has comes back without the person, and leaves again like any other.
func TestAnOrderThatOnlyTheViewHasIsErasedInRedis(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, s := t.Context(), records.New(rdb)
		put(t, s, delivered("o1", 7))
		left, err := s.ReadMany(ctx, []string{"o1"})
		require.NoError(t, err)
		gone, err := s.Forget(ctx, "o1", left[0].Revision)
		require.NoError(t, err)
		require.True(t, gone)
		empty, err := s.ReadMany(ctx, []string{"o1"})
		require.NoError(t, err)

		o, err := left[0].Order()
		require.NoError(t, err)
		o.Erase(time.Now())
		st := left[0]
		st.Revision = empty[0].Revision
		done, err := s.Erase(ctx, &o, st, left[0].Revision+1_000_000)
		require.NoError(t, err)
		require.True(t, done)
		back, err := s.ReadMany(ctx, []string{"o1"})
		require.NoError(t, err)
		require.Greater(t, back[0].Revision, left[0].Revision+1_000_000, "later than what the view has")
		require.NotContains(t, everythingInRedis(t, rdb), "Lovelace")
		forgotten, err := s.Forgotten(ctx)
		require.NoError(t, err)
		require.Empty(t, forgotten, "it counts where it is")
	})
}

// A walk over all orders asks for many of them in each round trip, and leaves none out.
func TestTheOrdersOfACustomerAreFoundAmongManyOthers(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, want := records.New(rdb), map[string]bool{}
		for i := range 1203 {
			of, id := "bob", fmt.Sprint("o-", i)
			if i%100 == 0 {
				of, want[id] = "ada", true
			}
			require.NoError(t, s.Put(t.Context(), order.Record{
				OrderID: id, Version: 1, Doc: []byte("{}"), Status: order.StatusExpired, CustomerID: of, PlacedAt: time.Now(),
			}))
		}
		found := map[string]bool{}
		for id, err := range s.OrderIDsOf(t.Context(), "ada") {
			require.NoError(t, err)
			found[id] = true
		}
		require.Equal(t, want, found)
		n := 0
		for _, err := range s.OrderIDsOf(t.Context(), "ada") {
			require.NoError(t, err)
			if n++; n == 2 {
				break
			}
		}
		require.Equal(t, 2, n)
	})
}

func TestMarksSayWhichOrdersWereErased(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := records.New(rdb)
		o := delivered("erased", 3)
		put(t, s, o)
		put(t, s, delivered("other", 3))
		st, err := s.ReadMany(t.Context(), []string{"erased"})
		require.NoError(t, err)
		whole, err := st[0].Order()
		require.NoError(t, err)
		at := time.Now().UTC().Truncate(time.Millisecond)
		whole.Erase(at)
		done, err := s.Erase(t.Context(), &whole, st[0], 0)
		require.NoError(t, err)
		require.True(t, done)
		marks, err := s.Marks(t.Context(), []string{"other", "erased", "unknown"})
		require.NoError(t, err)
		require.Equal(t, map[string]records.Mark{"erased": {Placed: o.PlacedAt, At: at}}, marks)
		require.True(t, marks["erased"].Covers(o.PlacedAt))
		require.False(t, marks["erased"].Covers(o.PlacedAt.Add(time.Second)))
		require.False(t, records.Mark{}.Covers(time.Time{}))
	})
}
