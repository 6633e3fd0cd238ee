package commands_test

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

	"holdfast/command"
	"holdfast/command/commandtest"
	"holdfast/commands"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestChainsAreDraftedPublishedAndRolledBack(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, _ := store(t, rdb)
		mustPut(t, s, tagging("vip", "a"))
		none, err := s.Published(ctx)
		require.NoError(t, err)
		require.Empty(t, none)
		_, err = s.Draft(ctx, order.ScenarioPaid)
		require.ErrorIs(t, err, command.ErrNoDraft)
		_, _, err = s.Publish(ctx, order.ScenarioPaid, "", "ada")
		require.ErrorIs(t, err, command.ErrNoDraft)
		_, err = s.PutDraft(ctx, order.ScenarioPaid, steps("vip"), "*", "ada")
		require.ErrorIs(t, err, command.ErrStale, "there is none that could match")

		d1, err := s.PutDraft(ctx, order.ScenarioPaid, steps("vip"), command.NoDraft, "ada")
		require.NoError(t, err)
		require.Equal(t, command.ChainDraft{
			Scenario: order.ScenarioPaid, Steps: steps("vip"), Revision: 1, Hash: d1.Hash, SavedAt: d1.SavedAt, SavedBy: "ada",
		}, d1)
		same, err := s.PutDraft(ctx, order.ScenarioPaid, steps("vip"), "9-0000000000000000", "eve")
		require.NoError(t, err)
		require.Equal(t, d1, same)
		same, err = s.PutDraft(ctx, order.ScenarioPaid, steps("vip"), command.NoDraft, "ada")
		require.NoError(t, err, "its answer was lost")
		require.Equal(t, d1, same)
		_, err = s.PutDraft(ctx, order.ScenarioPaid, nil, command.NoDraft, "eve")
		require.ErrorIs(t, err, command.ErrStale)
		_, err = s.PutDraft(ctx, order.ScenarioPaid, nil, "9-0000000000000000", "eve")
		require.ErrorIs(t, err, command.ErrStale)
		none, err = s.Published(ctx)
		require.NoError(t, err)
		require.Empty(t, none, "a draft doesn't run")

		_, _, err = s.Publish(ctx, order.ScenarioPaid, "1-0000000000000000", "bob")
		require.ErrorIs(t, err, command.ErrStale)
		v1, isNew, err := s.Publish(ctx, order.ScenarioPaid, command.Tag(d1.Revision, d1.Hash), "bob")
		require.NoError(t, err)
		require.True(t, isNew)
		require.Equal(t, command.Chain{
			Scenario: order.ScenarioPaid, Version: 1, Hash: v1.Hash, Steps: steps("vip"), PublishedAt: v1.PublishedAt, PublishedBy: "bob",
		}, v1)
		require.WithinDuration(t, time.Now(), v1.PublishedAt, time.Minute)
		again, isNew, err := s.Publish(ctx, order.ScenarioPaid, "", "eve")
		require.NoError(t, err)
		require.False(t, isNew)
		require.Equal(t, v1, again)

		v2 := publish(t, s, order.ScenarioPaid, nil)
		other := publish(t, s, order.ScenarioSubmit, steps("vip", "complete-phone"))
		_, _, err = s.Rollback(ctx, order.ScenarioPaid, 3, "", "ada")
		require.ErrorIs(t, err, command.ErrNotFound)
		_, _, err = s.Rollback(ctx, order.ScenarioPaid, 1, command.Tag(1, v1.Hash), "ada")
		require.ErrorIs(t, err, command.ErrStale)
		v3, isNew, err := s.Rollback(ctx, order.ScenarioPaid, 1, command.Tag(2, v2.Hash), "ada")
		require.NoError(t, err)
		require.True(t, isNew)
		require.Equal(t, steps("vip"), v3.Steps)
		require.Equal(t, int64(3), v3.Version)
		require.Equal(t, int64(1), v3.Restores)
		again, isNew, err = s.Rollback(ctx, order.ScenarioPaid, 1, "", "eve")
		require.NoError(t, err)
		require.False(t, isNew)
		require.Equal(t, v3, again)

		published, err := s.Published(ctx)
		require.NoError(t, err)
		require.Equal(t, command.Published{
			order.ScenarioPaid:   {Number: 3, Hash: v3.Hash},
			order.ScenarioSubmit: {Number: 1, Hash: other.Hash},
		}, published)
		for n, want := range map[int64]command.Chain{0: v3, 1: v1, 2: v2, 3: v3} {
			got, err := s.Chain(ctx, order.ScenarioPaid, n)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err = s.Chain(ctx, order.ScenarioPaid, 4)
		require.ErrorIs(t, err, command.ErrNotFound)
		page, err := s.ChainVersions(ctx, order.ScenarioPaid, 2, 0)
		require.NoError(t, err)
		require.Equal(t, []command.ChainSummary{
			{Version: 3, Hash: v3.Hash, Steps: 1, PublishedAt: v3.PublishedAt, PublishedBy: "ada", Restores: 1},
			{Version: 2, Hash: v2.Hash, Steps: 0, PublishedAt: v2.PublishedAt, PublishedBy: "ada of sales"},
		}, page)

		entries, err := rdb.XRange(ctx, redisdb.EventsKey(redisdb.Bucket("commands")), "-", "+").Result()
		require.NoError(t, err)
		last := entries[len(entries)-1].Values
		require.Equal(t, "chain.published", last["type"])
		require.Equal(t, "paid", last["id"])
		require.Equal(t, "3", last["version"])
	})
}

func TestADraftNamesWhatIsWrongWithIt(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, _ := store(t, rdb)
		mustPut(t, s, tagging("vip", "a"))
		bad := steps("vip", "nix", "vip", "tag", "gift")
		bad[2].Version = 2
		bad[0].When = "totl > 5"
		bad[0].OnError = command.OnErrorReject
		_, err := s.PutDraft(t.Context(), order.ScenarioPaid, bad, "", "ada")
		invalid, ok := errors.AsType[product.Invalid](err)
		require.True(t, ok, "%v", err)
		var paths []string
		for _, p := range invalid {
			paths = append(paths, p.Path)
		}
		require.ElementsMatch(t, []string{
			"steps[0].onError", "steps[0].when", "steps[1].command", "steps[2].command", "steps[3].params", "steps[4].params", "steps[4].command",
		}, paths)
	})
}

func TestAFailingTestKeepsAChainFromBeingPublished(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, b := store(t, rdb)
		good, wrong, thrown := tagging("good", "a"), tagging("wrong", "a"), tagging("thrown", "a")
		wrong.Tests[0].Expect = command.Result{Note: "hello"}
		thrown.Source = "throw oh no"
		for _, c := range []command.Command{good, wrong, thrown} {
			mustPut(t, s, c)
		}
		_, err := s.PutDraft(ctx, order.ScenarioSubmit, steps("good", "wrong", "thrown", "wrong"), "", "ada")
		require.NoError(t, err)
		_, _, err = s.Publish(ctx, order.ScenarioSubmit, "", "ada")
		broken, ok := errors.AsType[*command.BrokenError](err)
		require.True(t, ok, "%v", err)
		require.Len(t, broken.Failures, 2)
		require.Equal(t, `command wrong, version 1, test "it tags": execute returned `+
			`{"patch":[{"op":"add","path":"/tags/-","value":"a"}]} instead of {"note":"hello"}`, broken.Failures[0].String())
		require.Equal(t, command.Failure{Command: "thrown", Version: 1, Test: "it tags", Line: 3, Column: 4, Message: "oh no"}, broken.Failures[1])
		published, err := s.Published(ctx)
		require.NoError(t, err)
		require.Empty(t, published)

		before := b.Run.Load()
		publish(t, s, order.ScenarioSubmit, steps("good"))
		require.Equal(t, before, b.Run.Load(), "what has passed isn't run again")
	})
}

func TestOneOfManyPublishersOfTheSameDraftWins(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, _ := store(t, rdb)
		d, err := s.PutDraft(ctx, order.ScenarioPaid, nil, "", "ada")
		require.NoError(t, err)
		var wg sync.WaitGroup
		results := make(chan error, 20)
		for i := range cap(results) {
			wg.Go(func() {
				tag := command.Step{Command: "tag", Version: 1, Params: fmt.Appendf(nil, `{"tag":"t%d"}`, i)}
				_, err := s.PutDraft(ctx, order.ScenarioPaid, []command.Step{tag}, command.Tag(d.Revision, d.Hash), "ada")
				if err == nil {
					_, _, err = s.Publish(ctx, order.ScenarioPaid, "", "ada")
				}
				results <- err
			})
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, command.ErrStale) {
				t.Error(err)
			}
		}
		require.Equal(t, 1, won)
		c, err := s.Chain(ctx, order.ScenarioPaid, 0)
		require.NoError(t, err)
		require.Equal(t, int64(1), c.Version)
	})
}

// slow compiles after something else has happened.
type slow struct {
	commandtest.Box
	meanwhile func()
}

func (s *slow) Compile(ctx context.Context, source string) (command.Program, error) {
	s.meanwhile()
	return s.Box.Compile(ctx, source)
}

func TestADraftThatChangesWhileItIsCheckedIsNotPublished(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		other, _ := store(t, rdb)
		mustPut(t, other, tagging("vip", "a"))
		_, err := other.PutDraft(ctx, order.ScenarioPaid, steps("vip"), "", "ada")
		require.NoError(t, err)
		changed := false
		s := commands.New(rdb, &slow{meanwhile: func() {
			changed = true
			_, err := other.PutDraft(ctx, order.ScenarioPaid, nil, "", "bob")
			require.NoError(t, err)
		}})
		_, _, err = s.Publish(ctx, order.ScenarioPaid, "", "ada")
		require.ErrorIs(t, err, command.ErrStale)
		require.True(t, changed)
	})
}

func TestAChainIsPreparedOnceAndComparedWithItsHash(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		writer, _ := store(t, rdb)
		mustPut(t, writer, tagging("vip", "a"))
		c := publish(t, writer, order.ScenarioPaid, steps("vip", "vip"))
		publish(t, writer, order.ScenarioPaid, nil)

		s, b := store(t, rdb)
		none, err := s.Prepared(ctx, order.ScenarioPaid, command.ChainVersion{})
		require.NoError(t, err)
		require.Nil(t, none)
		require.True(t, none.Empty())
		old := command.ChainVersion{Number: 1, Hash: c.Hash}
		var wg sync.WaitGroup
		all := make([]*command.Prepared, 50)
		for i := range all {
			wg.Go(func() {
				v := old
				if i%2 == 0 { // as an order in flight names it
					v.Hash = ""
				}
				p, err := s.Prepared(ctx, order.ScenarioPaid, v)
				if err != nil {
					t.Error(err)
				}
				all[i] = p
			})
		}
		wg.Wait()
		for _, p := range all {
			require.Same(t, all[0], p)
		}
		require.Equal(t, c, all[0].Chain)
		require.LessOrEqual(t, b.Compiled.Load(), int64(2))
		d := command.Draft{View: command.View{ID: "o1"}}
		require.NoError(t, all[0].Run(ctx, &d, nil))
		require.Equal(t, []string{"a"}, d.Made.Tags)

		_, err = s.Prepared(ctx, order.ScenarioPaid, command.ChainVersion{Number: 2, Hash: strings.Repeat("0", 64)})
		require.ErrorContains(t, err, "isn't the one with the hash")
		for _, v := range []command.ChainVersion{{Number: 9}, {Number: 9, Hash: c.Hash}} {
			_, err = s.Prepared(ctx, order.ScenarioPaid, v)
			require.ErrorIs(t, err, command.ErrNotFound)
		}
	})
}

func TestAChainRunsOnlyTheCommandsThatItWasPublishedWith(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, _ := store(t, rdb)
		mustPut(t, s, tagging("vip", "a"))
		c := publish(t, s, order.ScenarioPaid, steps("vip"))
		// Another version 1, as after a restore of an older copy.
		bucket := redisdb.Bucket("commands")
		require.NoError(t, rdb.HDel(ctx, bucket+":commands", "vip").Err())
		mustPut(t, s, tagging("vip", "b"))
		_, err := s.Prepared(ctx, order.ScenarioPaid, command.ChainVersion{Number: 1, Hash: c.Hash})
		require.ErrorContains(t, err, "isn't the one that it was published with")
	})
}

// While processes are upgraded, a later version publishes what an earlier one doesn't know.
func TestAChainOfALaterVersionIsUnavailableRatherThanWrong(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		s, _ := store(t, rdb)
		doc := `{"scenario":"paid","steps":[{"command":"tag","version":99,"params":{"tag":"x"}}]}`
		sum := sha256.Sum256([]byte(doc))
		hash, bucket := hex.EncodeToString(sum[:]), redisdb.Bucket("commands")
		require.NoError(t, rdb.HSet(ctx, bucket+":chains", "paid", "1-"+hash).Err())
		require.NoError(t, rdb.HSet(ctx, bucket+":chain-documents", "paid/1", doc).Err())
		require.NoError(t, rdb.HSet(ctx, bucket+":chain-versions", "paid/1", `1700000000000 {"hash":"`+hash+`"}`).Err())
		_, err := s.Prepared(ctx, order.ScenarioPaid, command.ChainVersion{Number: 1, Hash: hash})
		require.ErrorIs(t, err, command.ErrUnavailable)
		require.ErrorContains(t, err, `there is no command "tag" with version 99`)
		_, invalid := errors.AsType[product.Invalid](err)
		require.False(t, invalid, "a buyer would get 422")
	})
}
