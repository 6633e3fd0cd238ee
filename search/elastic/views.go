package elastic

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/search"
)

// meta is what an index remembers of itself, in its mapping.
type meta struct {
	Shape int `json:"shape"`
	// Complete: a rebuild filled it. One that was made empty isn't, whatever was put
	// since.
	Complete bool `json:"complete"`
}

// prepare makes what isn't there yet. Several programs may do so at once.
func (x *Index) prepare(ctx context.Context) error {
	if err := x.client.call(ctx, request{method: "PUT", path: "/_index_template/" + x.names.events(), body: eventsTemplate(x.names.events(), x.refresh)}, nil); err != nil {
		return err
	}
	for _, v := range search.Views() {
		if err := x.prepareView(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// prepareView makes an empty index where nothing answers. One of an older shape goes
// on answering until a rebuild takes its place.
func (x *Index) prepareView(ctx context.Context, v search.View) error {
	if _, err := x.answering(ctx, v); !missing(err) {
		return err
	}
	s := x.shapes[v]
	body := s.index(meta{Shape: s.version}, x.settings())
	body["aliases"] = object{x.names.read(v): object{}, x.names.write(v, s.version): object{}}
	err := x.client.call(ctx, request{method: "PUT", path: "/" + x.names.first(v), body: body}, nil)
	if existsAlready(err) { // somebody was quicker, and made the aliases with it
		_, err = x.answering(ctx, v)
	}
	return err
}

// answering tells the one index that answers searches of a view.
func (x *Index) answering(ctx context.Context, v search.View) (string, error) {
	var found map[string]any
	if err := x.client.call(ctx, request{method: "GET", path: "/_alias/" + x.names.read(v)}, &found); err != nil {
		return "", err
	}
	indices := slices.Sorted(maps.Keys(found))
	if len(indices) != 1 {
		return "", fmt.Errorf("alias %s stands for %d indices: %v", x.names.read(v), len(indices), indices)
	}
	return indices[0], nil
}

// Stale implements search.Index.
func (x *Index) Stale(ctx context.Context) ([]search.View, error) {
	var stale []search.View
	err := x.read(ctx, "look for stale views", func(ctx context.Context) error {
		for _, v := range search.Views() {
			m, err := x.meta(ctx, v)
			if err != nil && !missing(err) {
				return err
			}
			if err != nil || m.Shape < x.shapes[v].version || !m.Complete {
				stale = append(stale, v)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stale, nil
}

func (x *Index) meta(ctx context.Context, v search.View) (meta, error) {
	var found map[string]struct {
		Mappings struct {
			Meta meta `json:"_meta"`
		} `json:"mappings"`
	}
	if err := x.client.call(ctx, request{method: "GET", path: "/" + x.names.read(v) + "/_mapping"}, &found); err != nil {
		return meta{}, err
	}
	for _, index := range found {
		return index.Mappings.Meta, nil
	}
	return meta{}, nil
}
