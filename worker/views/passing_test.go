package views

import (
	"errors"
	"fmt"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"holdfast/search"
	"holdfast/search/projector"
	"holdfast/search/reindex"
)

func TestWhatIsSoonOver(t *testing.T) {
	for _, err := range []error{
		serviceerror.NewUnavailable("away"), serviceerror.NewDeadlineExceeded("late"),
		serviceerror.NewResourceExhausted(0, "too many"),
	} {
		require.True(t, passing(fmt.Errorf("ask a workflow: %w", err)), err)
	}
	for _, err := range []error{
		errors.New("a bug"), projector.ErrLapsed, reindex.ErrUnreadable, serviceerror.NewNotFound("gone"),
		&reindex.RefusedError{},
	} {
		require.False(t, passing(err), err)
	}
}

// Redis's answers while it is down or loads its file, and its answer for a broken key.
func TestRedisThatIsSoonBack(t *testing.T) {
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1}) // once is enough
	t.Cleanup(func() { _ = rdb.Close() })
	homes, changes := NewEntities(rdb), NewChanges(rdb)
	calls := map[string]func() error{
		"read":    func() error { _, _, err := homes.Read(t.Context(), search.ViewOrders, []string{"a"}); return err },
		"product": func() error { _, _, err := homes.Read(t.Context(), search.ViewProducts, []string{"a"}); return err },
		"payments": func() error {
			_, err := homes.WithPayments(t.Context(), []search.Order{{ID: "a"}})
			return err
		},
		"count": func() error { _, err := homes.Count(t.Context(), search.ViewProducts); return err },
		"list":  func() error { _, err := homes.Empty(t.Context()); return err },
		"begin": func() error { return changes.Begin(t.Context()) },
	}
	all := func(soon bool) {
		for name, call := range calls {
			err := call()
			require.Error(t, err, name)
			require.Equal(t, soon, passing(err), "%s: %v", name, err)
		}
	}
	m.SetError("LOADING Redis is loading the dataset in memory")
	all(true)
	m.SetError("ERR it is broken")
	all(false)
	m.SetError("")
	m.Close()
	all(true)
}
