package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client"
)

// An erasure can't be undone: it says what it is about, and nothing is erased unless the id is typed once more.
func TestAnErasureAsksFirst(t *testing.T) {
	for name, row := range map[string]struct {
		typed  string
		yes    bool
		erased int
	}{
		"the id is typed":  {"ada\n", false, 1},
		"without a return": {"ada", false, 1},
		"yes is typed":     {"yes\n", false, 0},
		"nothing is typed": {"", false, 0},
		"with --yes":       {"", true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			erased := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var answer any = client.ErasurePreview{CustomerID: "ada", IsCustomer: true, Orders: 12, Open: 3, Owing: 1}
				if r.URL.Query().Get("dryRun") != "true" {
					erased++
					answer = client.Erasure{CustomerID: "ada", Status: "running"}
				}
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(answer)
			}))
			t.Cleanup(server.Close)
			c := eraseCommand{Customer: "ada", Yes: row.yes, answers: strings.NewReader(row.typed)}
			c.GatewayURL = server.URL
			var stdout, stderr bytes.Buffer
			err := c.Run(t.Context(), out{stdout: &stdout, stderr: &stderr})
			require.Equal(t, row.erased, erased)
			if row.erased == 0 {
				require.ErrorContains(t, err, "nothing was erased")
			} else {
				require.NoError(t, err)
				require.Contains(t, stdout.String(), "running")
			}
			if !row.yes {
				require.Contains(t, stderr.String(), "12 orders; 3 of them are open")
			}
		})
	}
}
