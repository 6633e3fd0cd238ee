package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast/search"
)

// Revisions implements search.Index.
func (x *Index) Revisions(ctx context.Context, name search.View, ids []string) (map[string]int64, error) {
	v, err := x.view(name)
	if err != nil {
		return nil, err
	}
	var there map[string]int64
	err = v.read(ctx, "read revisions", func(g *generation) (err error) {
		there, err = g.revisions(ctx, ids)
		return err
	})
	return there, err
}

func (g *generation) revisions(ctx context.Context, ids []string) (map[string]int64, error) {
	there := map[string]int64{}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		revision, err := revisionOf(g.docs, id)
		if err != nil {
			return nil, err
		}
		if revision > 0 {
			there[id] = revision
		}
	}
	return there, nil
}

// WalkProducts implements search.Index.
func (x *Index) WalkProducts(ctx context.Context, after string, limit int) ([]search.Product, error) {
	return walk[search.Product](ctx, x.products, after, limit)
}

// WalkOrders implements search.Index.
func (x *Index) WalkOrders(ctx context.Context, after string, limit int) ([]search.Order, error) {
	return walk[search.Order](ctx, x.orders, after, limit)
}

func walk[D any](ctx context.Context, v *view, after string, limit int) ([]D, error) {
	if limit < 1 || limit > search.MaxWalk {
		return nil, search.Invalid{{Path: "limit", Reason: fmt.Sprintf("must lie between 1 and %d", search.MaxWalk)}}
	}
	var docs []D
	err := v.read(ctx, "walk over "+string(v.name), func(g *generation) error {
		return g.walk(after, func(source []byte) (more bool, err error) {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			var d D
			err = json.Unmarshal(source, &d)
			docs = append(docs, d)
			return len(docs) < limit, err
		})
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// dictionaryOfIDs is where bleve stores the ids of documents, in order.
const dictionaryOfIDs = "_id"

// walk visits the documents after an id until visit has enough.
func (g *generation) walk(after string, visit func(source []byte) (more bool, err error)) (err error) {
	ids, err := g.docs.FieldDictRange(dictionaryOfIDs, []byte(after), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ids.Close()) }()
	for more := true; more; {
		entry, err := ids.Next()
		if err != nil || entry == nil {
			return err
		}
		if entry.Term == after {
			continue
		}
		source, found, err := stored(g.docs, entry.Term, fieldSource)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if more, err = visit(source); err != nil {
			return fmt.Errorf("decode %s: %w", entry.Term, err)
		}
	}
	return nil
}
