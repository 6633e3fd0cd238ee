package elastic

import (
	"context"
	"encoding/json"
	"time"

	"holdfast/search"
	"holdfast/search/text"
)

// OpenShape opens an index as a program with another version of the products' shape does.
func OpenShape(ctx context.Context, o Options, version int) (*Index, error) {
	all := shapes()
	s := all[search.ViewProducts]
	s.version = version
	all[search.ViewProducts] = s
	return open(ctx, o, all)
}

// OpenOldOrders opens an index as a program does that knows orders of shape 1.
func OpenOldOrders(ctx context.Context, o Options) (*Index, error) {
	all := shapes()
	s := all[search.ViewOrders]
	s.version, s.fields = 1, orderFields()
	for _, added := range []string{
		"externalReference", "paymentStatus", "derived", "node", "packageNodes", "marks", "alerts", "carriers", "trackingNumbers",
		"closed", "noNewsSince", "notPackedSince", "tags", "returnStatuses", "onHold",
	} {
		delete(s.fields, added)
	}
	s.fields["derived"] = object{"properties": object{"wholeId": keyword(), "placed": long()}}
	all[search.ViewOrders] = s
	return open(ctx, o, all)
}

// SwapUnnoticed swaps a rebuild in as if the answer had been lost.
func SwapUnnoticed(ctx context.Context, r search.Rebuild) error {
	return r.(*rebuild).takePlace(ctx)
}

// CopyWithin bounds how long a swap waits for a copy that no node makes.
func CopyWithin(x *Index, d time.Duration) { x.copyWithin = d }

// Forget lets the index know nothing of the rebuilds that it started, as if it had been
// killed.
func Forget(x *Index) { clear(x.rebuilds) }

// Filled lists the indices that rebuilds made.
func Filled(ctx context.Context, x *Index, v search.View) []string {
	var found map[string]any
	if err := x.client.call(ctx, request{method: "GET", path: "/" + x.names.filled(v, x.shapes[v].version)}, &found); err != nil {
		return nil
	}
	var all []string
	for name := range found {
		all = append(all, name)
	}
	return all
}

// Terms are what Elasticsearch's analysis makes of a text, and of one term of Go's.
func Terms(ctx context.Context, x *Index, analyzer, text string) ([]string, error) {
	var answer struct {
		Tokens []struct {
			Token string `json:"token"`
		} `json:"tokens"`
	}
	err := x.client.call(ctx, request{
		method: "POST", path: "/" + x.names.read(search.ViewProducts) + "/_analyze", body: object{"analyzer": analyzer, "text": text},
	}, &answer)
	var all []string
	for _, t := range answer.Tokens {
		all = append(all, t.Token)
	}
	return all, err
}

// Request is the index's request for a query.
func Request(x *Index, q search.ProductQuery) (body []byte, path string) {
	s := productSearch{query: q, words: text.Clauses(q.Q, x.same), way: text.MatchAllWords}
	all := s.body()
	if err := s.order().into(all, q.PageSize(), nil); err != nil {
		panic(err)
	}
	body, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return body, "/" + x.names.read(search.ViewProducts) + "/_search?allow_partial_search_results=false"
}

// SwapAfter swaps in a rebuild that found no view; something happens between its check and
// its request.
func SwapAfter(ctx context.Context, r search.Rebuild, happens func()) error {
	own := r.(*rebuild)
	x := own.of
	instead, err := own.insteadOfNone(ctx)
	if err != nil {
		return err
	}
	happens()
	return x.client.call(ctx, aliasing(append(own.taking(), instead...)), nil)
}
