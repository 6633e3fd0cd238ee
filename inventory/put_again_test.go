package inventory_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// The client repeats a request if its answer was lost: what it finds is its own success.
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
			lost := &redistest.Lossy{Word: id}
			lost.Lose.Store(1)
			p, created, err := inventory.New(lost.Client(t, rdb)).Put(t.Context(), id, edited("mine"), new(product.NotThere))
			require.NoError(t, err)
			require.Negative(t, lost.Lose.Load(), "an answer was lost, and the next one was read")
			require.True(t, created)
			require.Equal(t, "mine", p.Title)
			_, _, err = plain.Put(t.Context(), id, edited("mine"), new(product.NotThere))
			require.ErrorIs(t, err, product.ErrExists, "another request is judged by itself")
		})
		t.Run("to replace what was read", func(t *testing.T) {
			id := redistest.ID("shirt")
			was, _, err := plain.Put(t.Context(), id, edited("first"), nil)
			require.NoError(t, err)
			lost := &redistest.Lossy{Word: id}
			lost.Lose.Store(2)
			p, created, err := inventory.New(lost.Client(t, rdb)).Put(t.Context(), id, edited("mine"), &was.DocVersion)
			require.NoError(t, err)
			require.Negative(t, lost.Lose.Load())
			require.False(t, created)
			require.Equal(t, "mine", p.Title)
			now, err := plain.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, now, p)
		})
		t.Run("by its caller", func(t *testing.T) {
			id := redistest.ID("shirt")
			was, _, err := plain.Put(t.Context(), id, edited("first"), nil)
			require.NoError(t, err)
			var answers []product.Product
			for range 2 {
				p, created, err := inventory.New(rdb).Put(t.Context(), id, edited("mine"), &was.DocVersion)
				require.NoError(t, err)
				require.False(t, created)
				answers = append(answers, p)
			}
			require.Equal(t, answers[0], answers[1])
			_, _, err = plain.Put(t.Context(), id, edited("another"), &was.DocVersion)
			require.ErrorIs(t, err, product.ErrStale, "another request is judged by itself")
			_, _, err = plain.Put(t.Context(), id, edited("theirs"), &answers[0].DocVersion)
			require.NoError(t, err)
			_, _, err = plain.Put(t.Context(), id, edited("mine"), &was.DocVersion)
			require.ErrorIs(t, err, product.ErrStale, "it stands no more")
		})
		t.Run("and another one replaces it in between", func(t *testing.T) {
			id := redistest.ID("shirt")
			was, _, err := plain.Put(t.Context(), id, edited("first"), nil)
			require.NoError(t, err)
			lost := &redistest.Lossy{Word: id, Meanwhile: func() {
				_, _, err := plain.Put(t.Context(), id, edited("theirs"), nil)
				require.NoError(t, err)
			}}
			lost.Lose.Store(1)
			p, _, err := inventory.New(lost.Client(t, rdb)).Put(t.Context(), id, edited("mine"), &was.DocVersion)
			require.NoError(t, err)
			require.Negative(t, lost.Lose.Load())
			now, err := plain.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, "theirs", now.Title, "sent again it changes nothing")
			require.Less(t, p.DocVersion, now.DocVersion)
			_, _, err = plain.Put(t.Context(), id, edited("mine again"), &p.DocVersion)
			require.ErrorIs(t, err, product.ErrStale, "what was answered can't overwrite theirs unseen")
		})
	})
}
