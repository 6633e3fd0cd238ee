package price_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/price"
)

var blocks = regexp.MustCompile("(?ms)^```json (\\S+)\n(.*?)^```$")

// An example is a sequence of blocks, each of which goes with the last book and order above.
func TestTheExamplesOfTheDocument(t *testing.T) {
	document, err := os.ReadFile("../docs/prices.md")
	require.NoError(t, err)
	var (
		book    *price.Book
		bookErr error
		r       price.Request
	)
	seen := map[string]int{}
	for _, block := range blocks.FindAllSubmatch(document, -1) {
		kind, text := string(block[1]), block[2]
		seen[kind]++
		switch kind {
		case "book":
			book, err = price.Parse(text)
			require.NoError(t, err, "%s", text)
		case "refused-book":
			_, bookErr = price.Parse(text)
			require.Error(t, bookErr, "%s", text)
		case "problems":
			requireHas(t, problems(t, bookErr), text)
		case "order":
			r = price.Request{At: noon}
			require.NoError(t, json.Unmarshal(text, &r), "%s", text)
			for _, c := range r.Coupons {
				require.NoError(t, c.Validate())
			}
		case "quote":
			q, err := price.Quote(book, r)
			require.NoError(t, err, "%s", text)
			require.NoError(t, price.Verify(q, asked(r)))
			requireHas(t, q, text)
		case "refusal":
			_, err := price.Quote(book, r)
			require.Error(t, err, "%s", text)
			said := map[string]string{"reason": reasonOf(err)}
			if refusal, ok := errors.AsType[*price.Refusal](err); ok {
				said["field"] = refusal.Field
			} else if coupon, ok := errors.AsType[*price.CouponError](err); ok {
				said["code"] = coupon.Code
			}
			requireHas(t, said, text)
		case "totals":
			var totals map[string]int64
			require.NoError(t, json.Unmarshal(text, &totals))
			for level, total := range totals {
				r.Level, err = strconv.Atoi(level)
				require.NoError(t, err)
				q, err := price.Quote(book, r)
				require.NoError(t, err)
				require.Equal(t, total, q.Total, "level %s", level)
			}
		default:
			t.Errorf("a block of an unknown kind %q", kind)
		}
	}
	require.Equal(t, map[string]int{"book": 8, "refused-book": 1, "problems": 1, "order": 17, "quote": 13, "refusal": 3, "totals": 1}, seen)
}

// requireHas requires that a value has all that the document says about it; lists are
// complete.
func requireHas(t *testing.T, value any, document []byte) {
	t.Helper()
	b, err := json.Marshal(value)
	require.NoError(t, err)
	var got, want any
	require.NoError(t, json.Unmarshal(b, &got))
	require.NoError(t, json.Unmarshal(document, &want), "%s", document)
	require.True(t, has(got, want), "got\n%s\nwant\n%s", b, document)
}

func has(got, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		for name, v := range w {
			if ok = ok && has(g[name], v); !ok {
				return false
			}
		}
		return ok
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !has(g[i], w[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want)
}
