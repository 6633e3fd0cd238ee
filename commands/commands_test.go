package commands_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/command/commandtest"
	"holdfast/commands"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestVersionsOfACommandAreStoredListedAndKept(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, _ := store(t, rdb)
		_, err := s.Get(ctx, "vip", 0)
		require.ErrorIs(t, err, command.ErrNotFound)
		_, _, err = s.Put(ctx, tagging("vip", "a"), "*", "ada")
		require.ErrorIs(t, err, command.ErrStale, "there is none that could match")

		v1, isNew, err := s.Put(ctx, tagging("vip", "a"), "0", "ada of sales")
		require.NoError(t, err)
		require.True(t, isNew)
		want := tagging("vip", "a")
		want.Version, want.Hash, want.StoredAt, want.StoredBy = 1, v1.Hash, v1.StoredAt, "ada of sales"
		require.Equal(t, want, v1)
		require.Len(t, v1.Hash, 64)
		require.WithinDuration(t, time.Now(), v1.StoredAt, time.Minute)

		again, isNew, err := s.Put(ctx, v1, "7-0000000000000000", "eve")
		require.NoError(t, err)
		require.False(t, isNew)
		require.Equal(t, v1, again, "it is as the caller wants it, whatever they read")
		_, _, err = s.Put(ctx, tagging("vip", "b"), "0", "eve")
		require.ErrorIs(t, err, command.ErrExists)
		_, _, err = s.Put(ctx, tagging("vip", "b"), "1-0000000000000000", "eve")
		require.ErrorIs(t, err, command.ErrStale)
		v2, _, err := s.Put(ctx, tagging("vip", "b"), command.Tag(v1.Version, v1.Hash), "ada")
		require.NoError(t, err)
		require.Equal(t, int64(2), v2.Version)
		v3, _, err := s.Put(ctx, tagging("vip", "c"), "*", "ada")
		require.NoError(t, err)

		for n, want := range map[int64]command.Command{0: v3, 1: v1, 2: v2, 3: v3} {
			got, err := s.Get(ctx, "vip", n)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err = s.Get(ctx, "vip", 4)
		require.ErrorIs(t, err, command.ErrNotFound)
		page, err := s.Versions(ctx, "vip", 2, 0)
		require.NoError(t, err)
		require.Equal(t, []command.Summary{v3.Summary(), v2.Summary()}, page)
		page, err = s.Versions(ctx, "vip", 2, 2)
		require.NoError(t, err)
		require.Equal(t, []command.Summary{v1.Summary()}, page)

		entries, err := rdb.XRange(ctx, redisdb.EventsKey(redisdb.Bucket("commands")), "-", "+").Result()
		require.NoError(t, err)
		require.Len(t, entries, 3, "one for each version")
		require.Equal(t, "command.published", entries[2].Values["type"])
		require.Equal(t, "vip", entries[2].Values["id"])
		require.Equal(t, "3", entries[2].Values["version"])
	})
}

func TestCommandsAreListedById(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, _ := store(t, rdb)
		a, z := mustPut(t, s, tagging("a", "a")), mustPut(t, s, tagging("z", "z"))
		builtins := command.Builtins()
		want := []command.Summary{a.Summary()}
		for i := range builtins {
			want = append(want, builtins[i].Summary())
		}
		want = append(want, z.Summary())
		all, more, err := s.List(ctx, 100, "")
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, want, all)
		var pages []command.Summary
		for more, after := true, ""; more; after = pages[len(pages)-1].ID {
			var page []command.Summary
			page, more, err = s.List(ctx, 3, after)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), 3)
			pages = append(pages, page...)
		}
		require.Equal(t, want, pages)
	})
}

func TestABuiltInCommandHasOneVersion(t *testing.T) {
	s, _ := store(t, nil)
	for _, n := range []int64{0, 1} {
		c, err := s.Get(t.Context(), "tag", n)
		require.NoError(t, err)
		require.Equal(t, command.BehaviourGo, c.Behaviour)
		require.Equal(t, int64(1), c.Version)
	}
	_, err := s.Get(t.Context(), "tag", 2)
	require.ErrorIs(t, err, command.ErrNotFound)
	_, _, err = s.Put(t.Context(), tagging("tag", "a"), "", "ada")
	require.Equal(t, product.Invalid{{Path: "id", Reason: "is the id of a built-in command"}}, err)
}

func TestACommandThatIsNotJavaScriptIsNotStored(t *testing.T) {
	s, _ := store(t, nil)
	c := tagging("vip", "a")
	c.Source = commandtest.NotJavaScript
	_, _, err := s.Put(t.Context(), c, "", "ada")
	require.Equal(t, &command.BrokenError{Failures: []command.Failure{
		{Command: "vip", Line: 1, Column: 2, Message: "unexpected end"},
	}}, err)
	c.Source = commandtest.Away
	_, _, err = s.Put(t.Context(), c, "", "ada")
	require.ErrorIs(t, err, command.ErrUnavailable)
}

func TestWhatAShopStoresIsBounded(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, _ := store(t, rdb)
		v := mustPut(t, s, tagging("vip", "a"))
		bucket := redisdb.Bucket("commands")

		bytes, err := rdb.Get(ctx, bucket+":command-bytes").Int64()
		require.NoError(t, err)
		next := tagging("vip", "b")
		require.NoError(t, rdb.Set(ctx, bucket+":command-bytes", command.MaxStoredBytes-bytes+1, 0).Err())
		_, _, err = s.Put(ctx, next, "", "ada")
		require.ErrorIs(t, err, command.ErrFull)
		require.NoError(t, rdb.Set(ctx, bucket+":command-bytes", command.MaxStoredBytes-bytes, 0).Err())
		mustPut(t, s, next)
		require.NoError(t, rdb.Del(ctx, bucket+":command-bytes").Err())

		last := fmt.Sprintf("%d-%s", command.MaxVersions-1, v.Hash)
		require.NoError(t, rdb.HSet(ctx, bucket+":commands", "vip", last).Err())
		mustPut(t, s, next)
		_, _, err = s.Put(ctx, tagging("vip", "c"), "", "ada")
		require.ErrorIs(t, err, command.ErrTooManyVersions)

		for i := range command.MaxCommands - 2 {
			require.NoError(t, rdb.HSet(ctx, bucket+":commands", fmt.Sprintf("other%d", i), last).Err())
		}
		mustPut(t, s, tagging("one", "a"))
		_, _, err = s.Put(ctx, tagging("two", "a"), "", "ada")
		require.ErrorIs(t, err, command.ErrTooManyCommands)
	})
}

func TestAnAnswerThatIsLostStoresOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		lossy := redistest.Lossy{Word: "evalsha"}
		client := lossy.Client(t, rdb)
		s := commands.New(client, &commandtest.Box{})
		v1 := mustPut(t, s, tagging("vip", "a"))
		lossy.Lose.Store(1)
		v2, isNew, err := s.Put(t.Context(), tagging("vip", "b"), command.Tag(v1.Version, v1.Hash), "ada")
		require.NoError(t, err)
		require.False(t, isNew, "the second sending found the first's")
		require.Equal(t, int64(2), v2.Version)
	})
}

func TestADocumentThatWasChangedIsNotRead(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, _ := store(t, rdb)
		mustPut(t, s, tagging("vip", "a"))
		require.NoError(t, rdb.HSet(t.Context(), redisdb.Bucket("commands")+":command-documents", "vip/1", `{"id":"vip"}`).Err())
		_, err := s.Get(t.Context(), "vip", 1)
		require.ErrorContains(t, err, "isn't the one with the hash")
	})
}
