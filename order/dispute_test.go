package order_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

// Whatever order the messages of a dispute arrive in, and however often, it ends the same.
func TestADisputeIsTheSameInWhateverOrderItIsHeardOf(t *testing.T) {
	at := func(second int) time.Time { return time.Date(2026, 3, 1, 12, 0, second, 0, time.UTC) }
	said := []order.Dispute{
		{Status: order.DisputeNeedsResponse, Amount: 900, Currency: "EUR", Reason: "fraudulent", DueBy: at(50), OccurredAt: at(0)},
		{Status: order.DisputeNeedsResponse, Amount: 900, Currency: "EUR", Reason: "fraudulent", DueBy: at(50), OccurredAt: at(0), Funds: order.DisputeFundsWithdrawn, FundsAt: at(0)},
		{Status: order.DisputeUnderReview, Amount: 900, Currency: "EUR", Reason: "fraudulent", OccurredAt: at(5)},
		{Status: order.DisputeWon, Amount: 900, Currency: "EUR", Reason: "fraudulent", OccurredAt: at(5)},
		{Status: order.DisputeWon, Amount: 900, Currency: "EUR", Reason: "fraudulent", OccurredAt: at(5), Funds: order.DisputeFundsReinstated, FundsAt: at(5)},
	}
	want := said[4]
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		heard := append(append([]order.Dispute{}, said...), said...)
		random.Shuffle(len(heard), func(i, j int) { heard[i], heard[j] = heard[j], heard[i] })
		var d order.Dispute
		for _, m := range heard {
			d.Hear(m)
		}
		require.Equal(t, want, d, "seed %d", seed)
		for _, m := range heard {
			require.False(t, d.Hear(m), "what was heard before changes nothing")
		}
	}
}

// A dispute that an operator took note of is news again when a message changes it.
func TestWhatIsNewOfADisputeIsAnAlertAgain(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := order.Dispute{Status: order.DisputeNeedsResponse, Amount: 900, OccurredAt: at, DismissedAt: at, DismissedBy: "eva"}
	require.True(t, d.Hear(order.Dispute{Status: order.DisputeNeedsResponse, Amount: 900, OccurredAt: at.Add(time.Hour)}))
	require.Equal(t, at.Add(time.Hour), d.OccurredAt)
	require.Equal(t, "eva", d.DismissedBy)
	require.True(t, d.Hear(order.Dispute{Status: order.DisputeLost, Amount: 900, OccurredAt: at.Add(2 * time.Hour)}))
	require.Empty(t, d.DismissedBy)
	require.Zero(t, d.DismissedAt)
}
