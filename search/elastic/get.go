package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"holdfast/search"
)

// GetProduct implements search.Index.
func (x *Index) GetProduct(ctx context.Context, id string) (search.Product, error) {
	var p search.Product
	err := x.read(ctx, "read a product", func(ctx context.Context) error { return x.get(ctx, search.ViewProducts, id, &p) })
	return p, err
}

// GetOrder implements search.Index.
func (x *Index) GetOrder(ctx context.Context, id string) (search.Order, error) {
	var o search.Order
	err := x.read(ctx, "read an order", func(ctx context.Context) error { return x.get(ctx, search.ViewOrders, id, &o) })
	return o, err
}

// document is the answer to a read by id, which sees the latest changes.
type document struct {
	ID      string          `json:"_id"`
	Version int64           `json:"_version"`
	Found   bool            `json:"found"`
	Source  json.RawMessage `json:"_source"`
	Error   *cause          `json:"error"`
}

func (x *Index) get(ctx context.Context, v search.View, id string, into any) error {
	if id == "" {
		return search.ErrNotFound
	}
	docs, err := x.documents(ctx, x.names.read(v), []string{id}, "")
	if err != nil {
		return err
	}
	if !docs[0].Found {
		return fmt.Errorf("%q: %w", id, search.ErrNotFound)
	}
	return json.Unmarshal(docs[0].Source, into)
}

// documents reads by ids, which are sent in the body: in a path, some would lead elsewhere.
func (x *Index) documents(ctx context.Context, in string, ids []string, query string) ([]document, error) {
	var docs []document
	err := throughSwap(ctx, func() error {
		var answer struct {
			Docs []document `json:"docs"`
		}
		r := request{method: "POST", path: "/" + in + "/_mget", query: query, body: object{"ids": ids}}
		if err := x.client.call(ctx, r, &answer); err != nil {
			return err
		}
		if len(answer.Docs) != len(ids) {
			return fmt.Errorf("mget: %d answers to %d ids", len(answer.Docs), len(ids))
		}
		for _, d := range answer.Docs {
			if d.Error != nil { // the index was dropped between resolving the alias and reading the document
				return &refusal{request: r.path, status: http.StatusNotFound, cause: *d.Error}
			}
		}
		docs = answer.Docs
		return nil
	})
	return docs, ofView(err)
}

// revisionsAtOnce is how many are read in one request.
const revisionsAtOnce = 1000

// Revisions implements search.Index.
func (x *Index) Revisions(ctx context.Context, v search.View, ids []string) (map[string]int64, error) {
	if err := known(v); err != nil {
		return nil, err
	}
	var all map[string]int64
	err := x.read(ctx, "read revisions", func(ctx context.Context) (err error) {
		all, err = x.revisions(ctx, x.names.read(v), ids)
		return err
	})
	return all, err
}

// revisions reads them from an index or alias.
func (x *Index) revisions(ctx context.Context, in string, ids []string) (map[string]int64, error) {
	all := map[string]int64{}
	for some := range slices.Chunk(ids, revisionsAtOnce) {
		found, err := x.someRevisions(ctx, in, some)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, found)
	}
	return all, nil
}

func (x *Index) someRevisions(ctx context.Context, in string, ids []string) (map[string]int64, error) {
	var real []string
	for _, id := range ids {
		if id != "" {
			real = append(real, id)
		}
	}
	found := map[string]int64{}
	if len(real) == 0 {
		return found, nil
	}
	docs, err := x.documents(ctx, in, real, "_source=false&filter_path=docs._id,docs._version,docs.found,docs.error")
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		if d.Found {
			found[d.ID] = d.Version
		}
	}
	return found, nil
}
