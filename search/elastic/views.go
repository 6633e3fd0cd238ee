package elastic

import (
	"context"

	"holdfast/search"
)

// meta is what an index stores about itself, in its mapping.
type meta struct {
	Shape int `json:"shape"`
	// Complete means that a rebuild filled it. One that was created empty isn't complete,
	// whatever was put since.
	Complete bool `json:"complete"`
}

// prepare creates what is missing. Several programs may do so at once.
func (x *Index) prepare(ctx context.Context) error {
	if err := x.client.newEnough(ctx); err != nil {
		return err
	}
	if err := x.prepareEvents(ctx); err != nil {
		return err
	}
	for _, v := range search.Views() {
		if err := x.prepareView(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// prepareEvents lets the first event create the data stream.
func (x *Index) prepareEvents(ctx context.Context) error {
	return x.client.call(ctx, request{
		method: "PUT", path: "/_index_template/" + x.names.events(), body: eventsTemplate(x.names.events(), x.refresh),
	}, nil)
}

// prepareView creates an empty index if none answers. An index of an older shape keeps
// answering until a rebuild replaces it.
func (x *Index) prepareView(ctx context.Context, v search.View) error {
	if _, err := x.answering(ctx, v); !missing(err) {
		return err
	}
	s := x.shapes[v]
	body := s.index(meta{Shape: s.version}, x.settings())
	body["aliases"] = object{x.names.read(v): object{}, x.names.write(v, s.version): object{}}
	err := x.client.call(ctx, request{method: "PUT", path: "/" + x.names.first(v), body: body}, nil)
	if existsAlready(err) { // another program was faster, and created the aliases with it
		if _, err = x.answering(ctx, v); missing(err) {
			err = x.adoptFirst(ctx, v)
		}
	}
	if err != nil {
		return err
	}
	_, err = x.answering(ctx, v) // a rebuild may have been swapped in just before
	return err
}

// Stale implements search.Index.
func (x *Index) Stale(ctx context.Context) ([]search.View, error) {
	var stale []search.View
	err := x.read(ctx, "find stale views", func(ctx context.Context) error {
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
