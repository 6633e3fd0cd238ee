package pricebooks_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/price"
	"holdfast/pricebooks"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// members counts customers by level.
type members map[int]int64

func (m members) Levels(context.Context) (map[int]int64, error) { return m, nil }

// withLevels is a book of this many levels, with a discount by which it can be told apart.
func withLevels(t *testing.T, levels int, discount int64) *price.Book {
	t.Helper()
	var b price.Book
	for i := range levels {
		b.Levels = append(b.Levels, price.Level{Number: i + 1, Name: "A level", Discount: discount})
	}
	book, err := price.New(b)
	require.NoError(t, err)
	return book
}

func publish(t *testing.T, s *pricebooks.Store, b *price.Book, ifMatch string) price.Version {
	t.Helper()
	v, published, err := s.Publish(t.Context(), b, ifMatch, "ada of sales")
	require.NoError(t, err)
	require.True(t, published)
	return v
}

func current(t *testing.T, rdb redis.UniversalClient) order.BookVersion {
	t.Helper()
	v, err := pricebooks.Found(redisdb.Run(t.Context(), rdb, pricebooks.Find())[0])
	require.NoError(t, err)
	return v
}

func TestVersionsArePublishedListedAndKept(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, s := t.Context(), pricebooks.New(rdb, members{})
		require.Zero(t, current(t, rdb))
		_, _, err := s.Get(ctx, 0)
		require.ErrorIs(t, err, price.ErrNoBook)
		none, err := s.Versions(ctx, 10, 0)
		require.NoError(t, err)
		require.Empty(t, none)
		book, err := s.Book(ctx, order.BookVersion{})
		require.NoError(t, err)
		require.Nil(t, book, "a shop without a price book")
		_, _, err = s.Publish(ctx, withLevels(t, 1, 100), "*", "ada")
		require.ErrorIs(t, err, price.ErrStale, "there is none that could match")

		first, second := withLevels(t, 1, 100), withLevels(t, 2, 200)
		v1 := publish(t, s, first, "")
		require.Equal(t, price.Version{
			BookVersion: order.BookVersion{Number: 1, Hash: first.Version.Hash}, PublishedAt: v1.PublishedAt,
			PublishedBy: "ada of sales", Bytes: int64(len(first.Canonical())),
		}, v1)
		require.WithinDuration(t, time.Now(), v1.PublishedAt, time.Minute)
		require.Equal(t, v1.BookVersion, current(t, rdb))

		again, published, err := s.Publish(ctx, first, "7-0000000000000000", "eve")
		require.NoError(t, err)
		require.False(t, published)
		require.Equal(t, v1, again, "it is as the caller wants it, whatever they read")

		_, _, err = s.Publish(ctx, second, "1-0000000000000000", "eve")
		require.ErrorIs(t, err, price.ErrStale)
		v2 := publish(t, s, second, price.Tag(v1.BookVersion))
		require.Equal(t, int64(2), v2.Number)
		_, _, err = s.Publish(ctx, first, price.Tag(v1.BookVersion), "eve")
		require.ErrorIs(t, err, price.ErrStale)
		v3 := publish(t, s, withLevels(t, 2, 300), "*")

		for n, want := range map[int64]price.Version{0: v3, 1: v1, 2: v2, 3: v3} {
			got, document, err := s.Get(ctx, n)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Len(t, document, int(want.Bytes))
		}
		_, _, err = s.Get(ctx, 4)
		require.ErrorIs(t, err, price.ErrNoBook)

		page, err := s.Versions(ctx, 2, 0)
		require.NoError(t, err)
		require.Equal(t, []price.Version{v3, v2}, page)
		page, err = s.Versions(ctx, 2, 2)
		require.NoError(t, err)
		require.Equal(t, []price.Version{v1}, page)
		page, err = s.Versions(ctx, 2, 1)
		require.NoError(t, err)
		require.Empty(t, page)

		entries, err := rdb.XRange(ctx, redisdb.EventsKey(redisdb.Bucket("price-book")), "-", "+").Result()
		require.NoError(t, err)
		require.Len(t, entries, 3, "one for each version")
		require.Equal(t, "price_book.published", entries[2].Values["type"])
		require.Equal(t, "3", entries[2].Values["version"])
	})
}

func TestOneOfManyPublishersOfTheSameVersionWins(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := pricebooks.New(rdb, members{})
		tag := price.Tag(publish(t, s, withLevels(t, 1, 1), "").BookVersion)
		var wg sync.WaitGroup
		results := make(chan error, 20)
		for i := range cap(results) {
			book := withLevels(t, 1, int64(2+i))
			wg.Go(func() {
				_, _, err := s.Publish(t.Context(), book, tag, "ada")
				results <- err
			})
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, price.ErrStale) {
				t.Error(err)
			}
		}
		require.Equal(t, 1, won)
		require.Equal(t, int64(2), current(t, rdb).Number)
	})
}

func TestALevelThatCustomersHaveIsNotRemoved(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		counts := members{0: 900, 2: 5, 4: 12, 9: 1}
		s := pricebooks.New(rdb, counts)
		publish(t, s, withLevels(t, 5, 1), "")
		three := withLevels(t, 3, 2)
		want := product.Invalid{{Path: "levels", Reason: "must keep level 4 (customers who have it: 12)"}}
		_, _, err := s.Publish(t.Context(), three, "", "ada")
		require.Equal(t, want, err, "level 9 was none before")
		_, err = s.Check(t.Context(), three)
		require.Equal(t, want, err)
		v, err := s.Check(t.Context(), withLevels(t, 4, 2))
		require.NoError(t, err)
		require.Equal(t, int64(1), v.Number)
		publish(t, s, withLevels(t, 4, 2), "")
		delete(counts, 4)
		publish(t, s, three, "")
	})
}

// counting publishes a book with more levels each time that customers are counted.
type counting struct {
	members
	meanwhile func()
}

func (c *counting) Levels(ctx context.Context) (map[int]int64, error) {
	c.meanwhile()
	return c.members.Levels(ctx)
}

func TestLevelsThatAppearWhileCustomersAreCountedAreCheckedToo(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		other := pricebooks.New(rdb, members{})
		publish(t, other, withLevels(t, 2, 1), "")
		times := 0
		c := &counting{members: members{3: 1}, meanwhile: func() {
			if times++; times == 1 {
				publish(t, other, withLevels(t, 3, 1), "")
			}
		}}
		_, _, err := pricebooks.New(rdb, c).Publish(t.Context(), withLevels(t, 1, 5), "", "ada")
		require.Equal(t, product.Invalid{{Path: "levels", Reason: "must keep level 3 (customers who have it: 1)"}}, err)
		require.Equal(t, 2, times)
	})
}

func TestAnAnswerThatIsLostPublishesOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		lossy := redistest.Lossy{Word: "evalsha"}
		client := lossy.Client(t, rdb)
		s := pricebooks.New(client, members{})
		publish(t, s, withLevels(t, 1, 1), "")
		lossy.Lose.Store(1)
		v, published, err := s.Publish(t.Context(), withLevels(t, 1, 2), "1-"+withLevels(t, 1, 1).Version.Hash[:16], "ada")
		require.NoError(t, err)
		require.False(t, published, "the second sending found the first's")
		require.Equal(t, int64(2), v.Number)
		require.Equal(t, int64(2), current(t, rdb).Number)
	})
}

func TestABookIsReadOnceAndComparedWithItsHash(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := pricebooks.New(rdb, members{})
		v := publish(t, s, withLevels(t, 3, 250), "").BookVersion
		var wg sync.WaitGroup
		books := make([]*price.Book, 50)
		for i := range books {
			wg.Go(func() {
				b, err := s.Book(t.Context(), v)
				if err != nil {
					t.Error(err)
				}
				books[i] = b
			})
		}
		wg.Wait()
		for _, b := range books {
			require.Same(t, books[0], b)
		}
		require.Equal(t, v, books[0].Version)
		require.Equal(t, int64(250), books[0].Levels[2].Discount)

		for i := range int64(20) { // more than stay in memory
			v := publish(t, s, withLevels(t, 3, i), "").BookVersion
			b, err := s.Book(t.Context(), v)
			require.NoError(t, err)
			require.Equal(t, v, b.Version)
		}
		_, err := s.Book(t.Context(), order.BookVersion{Number: 2, Hash: v.Hash})
		require.ErrorContains(t, err, "isn't the one with the hash")
		_, err = s.Book(t.Context(), order.BookVersion{Number: 99, Hash: v.Hash})
		require.ErrorIs(t, err, price.ErrNoBook)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.Book(ended, order.BookVersion{Number: 3, Hash: strings.Repeat("0", 64)})
		require.Error(t, err)
	})
}

// The limit is that of the script, which a test can lower; 256 MiB would take too long.
func TestVersionsAreNotStoredWithoutEnd(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := pricebooks.New(rdb, members{})
		v := publish(t, s, withLevels(t, 1, 1), "")
		key := redisdb.Bucket("price-book") + ":price-book"
		require.Equal(t, fmt.Sprint(v.Bytes), rdb.HGet(t.Context(), key, "bytes").Val())
		require.NoError(t, rdb.HSet(t.Context(), key, "bytes", price.MaxStoredBytes-v.Bytes+1).Err())
		_, _, err := s.Publish(t.Context(), withLevels(t, 1, 2), "", "ada")
		require.ErrorIs(t, err, price.ErrFull)
		require.NoError(t, rdb.HSet(t.Context(), key, "bytes", price.MaxStoredBytes-v.Bytes).Err())
		publish(t, s, withLevels(t, 1, 2), "")
	})
}

// While processes are upgraded, a later version publishes what an earlier one doesn't understand.
func TestABookOfALaterVersionIsNoMistakeOfWhoeverAsks(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		for number, doc := range map[int64]string{1: `{"levels":[{"number":2,"name":"Gold","discount":100}]}`, 2: `{"bundles":[]}`} {
			sum := sha256.Sum256([]byte(doc))
			v := order.BookVersion{Number: number, Hash: hex.EncodeToString(sum[:])}
			bucket, field := redisdb.Bucket("price-book"), fmt.Sprint(number)
			require.NoError(t, rdb.HSet(t.Context(), bucket+":price-books", field, doc).Err())
			require.NoError(t, rdb.HSet(t.Context(), bucket+":price-book-versions", field, fmt.Sprintf("1700000000000 %d %s ada", len(doc), v.Hash)).Err())
			_, err := pricebooks.New(rdb, members{}).Book(t.Context(), v)
			require.ErrorContains(t, err, "doesn't understand")
			_, invalid := errors.AsType[product.Invalid](err)
			require.False(t, invalid, "a buyer would get 422")
		}
	})
}
