package audits_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/audit"
	"holdfast/audits"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestTheNewestReportOfEachAuditIsKept(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := audits.New(rdb)
		for _, of := range audit.Subjects() {
			_, err := s.Latest(t.Context(), of)
			require.ErrorIs(t, err, audit.ErrNotStored)
		}
		begun := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		for i := range 2 {
			ran := audit.Ran{BegunAt: begun.Add(time.Duration(i) * time.Hour), EndedAt: begun.Add(time.Duration(i)*time.Hour + time.Second), Version: "v1"}
			books := audit.Report{Products: 3 + i, Repaired: []audit.Repair{{}}, Findings: []audit.Finding{
				{Kind: audit.KindHeldDiffers, ProductID: "mug", SKU: "blue", Units: 2, Detail: "two too many"},
			}}.Stored(ran)
			money := audit.MoneyReport{Payments: 7, Findings: []audit.MoneyFinding{
				{Kind: audit.KindRefundTwice, Provider: "sandbox", PaymentID: "p", OrderID: "o", RefundID: "r", Amount: 5, Currency: "EUR", Detail: "twice"},
			}}.Stored(ran)
			views := audit.StoredComparison(saga.CompareResult{Orders: 9, Found: 1, Kinds: map[string]int{"view_missing": 1}, Findings: []saga.ViewFinding{
				{Kind: "view_missing", View: "orders", ID: "o", Detail: "revision 3 exists"},
			}}, ran)
			for _, r := range []audit.Stored{books, money, views} {
				require.NoError(t, s.Put(t.Context(), r))
				got, err := s.Latest(t.Context(), r.Subject)
				require.NoError(t, err)
				require.Equal(t, r, got)
				require.Equal(t, 1, got.Found)
			}
			require.Equal(t, "o", views.Findings[0].OrderID)
			require.EqualValues(t, 3+i, books.Checked["products"])
		}
		keys, err := rdb.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		if _, cluster := rdb.(*redis.ClusterClient); !cluster {
			require.Len(t, keys, 1)
		}
	})
}

// However much is wrong, and however long its descriptions are.
func TestAStoredReportIsBounded(t *testing.T) {
	var report audit.Report
	for i := range 5000 {
		report.Findings = append(report.Findings, audit.Finding{
			Kind: []audit.Kind{audit.KindHeldDiffers, audit.KindSoldDiffers}[i%2], ProductID: fmt.Sprint("p-", i), Detail: strings.Repeat("ä", 4000),
		})
	}
	s := report.Stored(audit.Ran{})
	require.Equal(t, 5000, s.Found)
	require.Equal(t, map[audit.Kind]int{audit.KindHeldDiffers: 2500, audit.KindSoldDiffers: 2500}, s.Kinds)
	require.Len(t, s.Findings, audit.MaxStoredFindings)
	require.Equal(t, strings.Repeat("ä", audit.MaxStoredDetail/2), s.Findings[0].Detail)
	text, err := json.Marshal(s)
	require.NoError(t, err)
	require.Less(t, len(text), 100<<10)

	many := audit.StoredComparison(saga.CompareResult{Found: 5000, Kinds: map[string]int{"view_missing": 5000}, Findings: make([]saga.ViewFinding, 1000)}, audit.Ran{})
	require.Equal(t, 5000, many.Found)
	require.Equal(t, 5000, many.Kinds["view_missing"])
	require.Len(t, many.Findings, audit.MaxStoredFindings)
}
