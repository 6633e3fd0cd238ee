package customers_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/customer"
	"holdfast/customers"
	"holdfast/order"
	"holdfast/product"
	"holdfast/quota"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func ada() *customer.Profile {
	return &customer.Profile{
		Name: "Ada Lovelace", Email: "ada@example.com", Phone: "+44 20 7946 0958",
		Addresses: []customer.Address{{ID: "home", Address: order.Address{
			Recipient: "Ada of Ockham", Line1: "12 St James's Square", City: "London", PostalCode: "SW1Y 4JH", Country: "GB",
		}}},
		DefaultAddress: "home",
	}
}

func put(t testing.TB, s *customers.Store, ch customer.Change) customer.Customer {
	t.Helper()
	ch.At = time.Now()
	c, _, err := s.Put(t.Context(), ch)
	require.NoError(t, err)
	return c
}

func TestACustomerThatWasNeverWrittenIsEmpty(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		id := redistest.ID("c")
		c, err := customers.New(rdb).Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, customer.Customer{ID: id}, c)
		_, err = customers.New(rdb).Get(t.Context(), "a:b")
		require.Error(t, err)
	})
}

func TestWhatCustomersWriteAndWhatStaffWriteDoNotUndoEachOther(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id := customers.New(rdb), redistest.ID("c")
		standing := &customer.Standing{Level: 3, Attachments: product.Attachments{ExternalReference: "CRM-7"}}
		var both sync.WaitGroup
		for _, ch := range []customer.Change{{ID: id, Profile: ada()}, {ID: id, Standing: standing}} {
			both.Go(func() {
				ch.At = time.Now()
				_, _, err := s.Put(t.Context(), ch)
				assert.NoError(t, err)
			})
		}
		both.Wait()
		c, err := s.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, *ada(), c.Profile)
		require.Equal(t, *standing, c.Standing)
	})
}

// The client repeats a request if its answer was lost: what it finds is its own success.
func TestAWriteThatIsSentAgainIsNoConflictWithItself(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		id := redistest.ID("c")
		lost := &redistest.Lossy{Word: id}
		lost.Lose.Store(1)
		s := customers.New(lost.Client(t, rdb))
		c, created, err := s.Put(t.Context(), customer.Change{ID: id, Profile: ada(), IfMatch: new(customer.NotThere), At: time.Now()})
		require.NoError(t, err)
		require.Negative(t, lost.Lose.Load(), "an answer was lost, and the next one was read")
		require.True(t, created)
		require.Equal(t, *ada(), c.Profile)
	})
}

func TestOfManyConditionalWritesOneSucceeds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id := customers.New(rdb), redistest.ID("c")
		was := put(t, s, customer.Change{ID: id, Profile: ada()})
		var all sync.WaitGroup
		var mu sync.Mutex
		var done []string
		for i := range 50 {
			all.Go(func() {
				p := ada()
				p.Name = fmt.Sprint("Ada ", i)
				_, _, err := s.Put(t.Context(), customer.Change{ID: id, Profile: p, IfMatch: &was.Version, At: time.Now()})
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					done = append(done, p.Name)
					return
				}
				assert.ErrorIs(t, err, customer.ErrStale)
			})
		}
		all.Wait()
		require.Len(t, done, 1)
		c, err := s.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, done[0], c.Name)
	})
}

func TestCustomersAreCountedByLevelAcrossBuckets(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := customers.New(rdb)
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				id := fmt.Sprint("c-", i)
				for _, level := range []int{i % 3, 5, i % 4} {
					_, _, err := s.Put(t.Context(), customer.Change{ID: id, Standing: &customer.Standing{Level: level}, At: time.Now()})
					assert.NoError(t, err)
				}
			})
		}
		all.Wait()
		levels, err := s.Levels(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[int]int64{0: 50, 1: 50, 2: 50, 3: 50}, levels, "a level that has no customer any more isn't listed")
	})
}

func TestCustomersAreListedByTheirLastChange(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := customers.New(rdb)
		var written []customer.Customer
		for i := range 30 {
			written = append(written, put(t, s, customer.Change{ID: fmt.Sprint("c-", i), Profile: ada()}))
		}
		walk := func(since time.Time, between func()) (ids []string) {
			for from := ""; ; {
				page, next, err := s.List(t.Context(), since, 10, from)
				require.NoError(t, err)
				for _, c := range page {
					require.False(t, c.UpdatedAt.Before(since))
					ids = append(ids, c.ID)
				}
				if from = next; from == "" {
					return ids
				}
				between()
			}
		}
		require.Len(t, walk(time.Time{}, func() {}), 30)
		since := written[20].UpdatedAt
		got := walk(since, func() {})
		require.Contains(t, got, "c-20", "this time or later")
		require.GreaterOrEqual(t, len(got), 10)

		var once sync.Once
		seen := walk(time.Time{}, func() {
			once.Do(func() { // a customer that was listed changes, and one that was not
				for _, id := range []string{"c-0", "c-29"} {
					put(t, s, customer.Change{ID: id, Profile: &customer.Profile{Name: "Augusta"}})
				}
			})
		})
		for i := range 30 {
			require.Contains(t, seen, fmt.Sprint("c-", i), "none is missed")
		}
		require.Equal(t, 2, strings.Count(strings.Join(seen, " ")+" ", "c-0 "), "and one that changed comes again")

		for _, from := range []string{"nonsense", "1/", "x/c-1"} {
			_, _, err := s.List(t.Context(), time.Time{}, 10, from)
			require.ErrorIs(t, err, customer.ErrNoPage, from)
		}
	})
}

// What a customer said is in one field, so that an erasure needs to look nowhere else.
func TestPersonalDataIsInTheCustomersOwnFieldsOnly(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := customers.New(rdb)
		standing := &customer.Standing{Attachments: product.Attachments{ExternalReference: "Ada-of-CRM", Metadata: product.Metadata{"birthday": "1815-12-10"}}}
		c := put(t, s, customer.Change{ID: "c-1", Profile: ada(), Standing: standing})
		p := ada()
		p.Name = "Augusta"
		_, _, err := s.Put(t.Context(), customer.Change{ID: "c-1", Profile: p, IfMatch: &c.Version, At: time.Now()})
		require.NoError(t, err)
		words := []string{"Ada", "Augusta", "ada@example.com", "7946", "Ockham", "James", "SW1Y", "CRM", "1815"}

		hash := redisdb.Bucket("c-1") + ":customer:c-1"
		stored := dump(t, rdb)
		profile, attached := stored[hash+" profile"], stored[hash+" attached"]
		require.Contains(t, profile, "Augusta")
		require.Contains(t, attached, "1815")
		delete(stored, hash+" profile")
		delete(stored, hash+" attached")
		require.NotEmpty(t, stored)
		for at, text := range stored {
			for _, word := range words {
				require.NotContains(t, at+text, word)
			}
		}
		removed, err := s.Erase(t.Context(), "c-1", time.Now().Add(time.Second))
		require.NoError(t, err)
		require.True(t, removed)
		for at, text := range dump(t, rdb) {
			for _, word := range words {
				require.NotContains(t, at+text, word)
			}
		}
	})
}

// dump reads everything in Redis.
func dump(t *testing.T, rdb redis.UniversalClient) map[string]string {
	t.Helper()
	all := map[string]string{}
	for key, err := range redisdb.Scan(t.Context(), rdb, "*") {
		require.NoError(t, err)
		switch kind := rdb.Type(t.Context(), key).Val(); kind {
		case "hash":
			for field, text := range rdb.HGetAll(t.Context(), key).Val() {
				all[key+" "+field] = text
			}
		case "string":
			all[key] = rdb.Get(t.Context(), key).Val()
		case "zset":
			all[key] = fmt.Sprint(rdb.ZRange(t.Context(), key, 0, -1).Val())
		case "stream":
			all[key] = fmt.Sprint(rdb.XRange(t.Context(), key, "-", "+").Val())
		default:
			t.Fatalf("%s is a %s", key, kind)
		}
	}
	return all
}

// A change that was asked for before the erasure may arrive after it: it brings nothing back. The
// same person may.
func TestALateWriteDoesNotUndoAnErasure(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id := customers.New(rdb), redistest.ID("c")
		c := put(t, s, customer.Change{ID: id, Profile: ada()})
		late := time.Now()
		for range 2 {
			_, err := s.Erase(t.Context(), id, late.Add(time.Millisecond))
			require.NoError(t, err)
		}
		_, _, err := s.Put(t.Context(), customer.Change{ID: id, Profile: ada(), At: late})
		require.ErrorIs(t, err, customer.ErrErased)
		_, _, err = s.Put(t.Context(), customer.Change{ID: id, Profile: ada(), IfMatch: &c.Version, At: late.Add(time.Hour)})
		require.ErrorIs(t, err, customer.ErrStale)
		back, created, err := s.Put(t.Context(), customer.Change{
			ID: id, Standing: &customer.Standing{Level: 1}, IfMatch: new(customer.NotThere), At: late.Add(time.Hour),
		})
		require.NoError(t, err)
		require.True(t, created)
		require.Greater(t, back.Version, c.Version)
		require.Equal(t, customer.Profile{}, back.Profile, "another customer")
	})
}

// A guest is never written, but can be erased: what is erased has no entity, but a time.
func TestAnIDWithoutACustomerCanBeErased(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id := customers.New(rdb), redistest.ID("c")
		removed, err := s.Erase(t.Context(), id, time.Now())
		require.NoError(t, err)
		require.False(t, removed)
		_, _, err = s.Put(t.Context(), customer.Change{ID: id, Profile: ada(), At: time.Now().Add(-time.Minute)})
		require.ErrorIs(t, err, customer.ErrErased)
		_, err = s.Erase(t.Context(), "a:b", time.Now())
		require.Error(t, err)
	})
}

func TestACustomerIsReadInALargerRead(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id, other := customers.New(rdb), redistest.ID("c"), redistest.ID("c")
		c := put(t, s, customer.Change{ID: id, Profile: ada(), Standing: &customer.Standing{Level: 2}})
		answers := redisdb.Run(t.Context(), rdb, customers.Find(other), quota.Count(id), customers.Find(id))
		read, err := customers.Found(id, answers[2])
		require.NoError(t, err)
		require.Equal(t, c, read)
		read, err = customers.Found(other, answers[0])
		require.NoError(t, err)
		require.Equal(t, customer.NotThere, read.Version)
		_, err = customers.Found(id, answers[1])
		require.Error(t, err)
	})
}

func TestAnInvalidChangeIsNotSent(t *testing.T) {
	s := customers.New(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}))
	_, _, err := s.Put(t.Context(), customer.Change{ID: "a:b", Profile: ada()})
	require.ErrorAs(t, err, new(product.Invalid))
}
