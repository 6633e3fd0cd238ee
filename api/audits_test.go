package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/audit"
	"holdfast/product"
)

func TestTheLatestAuditOfEachSubjectIsShown(t *testing.T) {
	g := newGateway(t)
	a := g.get("/v1/audits/latest")
	require.Equal(t, http.StatusNotFound, a.status)
	require.Equal(t, "/problems/unknown-audit", a.problem(t).Type)
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	books := wholeAudit(at)
	require.NoError(t, g.audits.Put(t.Context(), books))
	views := audit.Stored{Subject: audit.SubjectViews, Ran: books.Ran, Checked: map[string]int64{"orders": 1}, Kinds: map[audit.Kind]int{}, Findings: []audit.StoredFinding{}}
	require.NoError(t, g.audits.Put(t.Context(), views))
	for query, want := range map[string]audit.Stored{"": books, "?subject=books": books, "?subject=views": views, "?subject=": books} {
		a := g.get("/v1/audits/latest" + query)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		var got audit.Stored
		require.NoError(t, json.Unmarshal(a.body, &got))
		require.Equal(t, want, got, query)
	}
	require.Equal(t, http.StatusNotFound, g.get("/v1/audits/latest?subject=money").status)
	a = g.get("/v1/audits/latest?subject=weather")
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, []product.FieldProblem{{Path: "subject", Reason: "must be books, money or views"}}, a.problem(t).Errors)
	require.NotContains(t, string(g.get("/v1/audits/latest?subject=views").body), "null")

	g.redis.SetError("LOADING")
	a = g.get("/v1/audits/latest")
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "/problems/audits-unavailable", a.problem(t).Type)
}

// wholeAudit is a report with everything that one can have.
func wholeAudit(at time.Time) audit.Stored {
	return audit.Stored{
		Subject: audit.SubjectBooks, Ran: audit.Ran{BegunAt: at, EndedAt: at.Add(time.Second), Version: "v1"},
		Checked: map[string]int64{"orders": 7}, Repaired: 1, NotRepaired: 1, Found: 1, Kinds: map[audit.Kind]int{audit.KindHeldDiffers: 1},
		Findings: []audit.StoredFinding{{
			Kind: audit.KindHeldDiffers, View: "orders", ProductID: "mug", SKU: "one", OrderID: "o", PackageID: "p", CouponCode: "C", CustomerID: "ada",
			Provider: "sandbox", PaymentID: "p", RefundID: "r", DisputeID: "d", Units: 1, Amount: 1, Currency: "EUR", Detail: "one too many",
		}},
	}
}

func TestAuditsAreForThoseWhoReadOrders(t *testing.T) {
	w := newWindow(t)
	for role, status := range map[api.Role]int{
		api.RoleOperator: http.StatusOK, api.RoleSupport: http.StatusOK, api.RoleFulfilment: http.StatusOK, api.RoleReadonly: http.StatusOK,
		api.RoleCatalog: http.StatusForbidden, api.RoleCustomer: http.StatusForbidden, "": http.StatusUnauthorized,
	} {
		require.Equal(t, status, w.as(role, http.MethodGet, "/v1/audits/latest", nil).status, role)
	}
}
