package embedded

import (
	"github.com/blevesearch/bleve/v2/search"
	index "github.com/blevesearch/bleve_index_api"
)

// bleve scores by how rare a term is, so that a product's place would move
// whenever another one comes or goes, and a page could show again what the page
// before had shown. Here each match has a score of its own that goes by the
// product and the query alone.

// fixed gives every match of a searcher the same score.
type fixed struct {
	search.Searcher
	score float64
}

func (f fixed) Weight() float64      { return 0 }
func (f fixed) SetQueryNorm(float64) {}

func (f fixed) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	return f.mark(f.Searcher.Next(ctx))
}

func (f fixed) Advance(ctx *search.SearchContext, id index.IndexInternalID) (*search.DocumentMatch, error) {
	return f.mark(f.Searcher.Advance(ctx, id))
}

func (f fixed) mark(m *search.DocumentMatch, err error) (*search.DocumentMatch, error) {
	if m != nil {
		m.Score = f.score
	}
	return m, err
}

// mean divides the scores of a searcher that adds up n of them.
type mean struct {
	search.Searcher
	n float64
}

func (d mean) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	return d.divide(d.Searcher.Next(ctx))
}

func (d mean) Advance(ctx *search.SearchContext, id index.IndexInternalID) (*search.DocumentMatch, error) {
	return d.divide(d.Searcher.Advance(ctx, id))
}

func (d mean) divide(m *search.DocumentMatch, err error) (*search.DocumentMatch, error) {
	if m != nil {
		m.Score /= d.n
	}
	return m, err
}

// best finds what any of its searchers finds, each document once, with the highest
// score that one of them gives it.
type best struct {
	of []*source
}

// source is a searcher and the match where it stands, nil before the first and
// when that one was given out.
type source struct {
	search.Searcher
	at   *search.DocumentMatch
	done bool
}

func newBest(of []search.Searcher) *best {
	b := &best{}
	for _, s := range of {
		b.of = append(b.of, &source{Searcher: s})
	}
	return b
}

// Next implements search.Searcher.
func (b *best) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	for _, s := range b.of {
		if s.done || s.at != nil {
			continue
		}
		if err := s.set(s.Next(ctx)); err != nil {
			return nil, err
		}
	}
	return b.take(ctx), nil
}

// Advance implements search.Searcher.
func (b *best) Advance(ctx *search.SearchContext, id index.IndexInternalID) (*search.DocumentMatch, error) {
	for _, s := range b.of {
		if s.done || s.at != nil && s.at.IndexInternalID.Compare(id) >= 0 {
			continue
		}
		ctx.DocumentMatchPool.Put(s.at)
		if err := s.set(s.Advance(ctx, id)); err != nil {
			return nil, err
		}
	}
	return b.take(ctx), nil
}

func (s *source) set(m *search.DocumentMatch, err error) error {
	s.at, s.done = m, m == nil
	return err
}

// take gives out the lowest document that a source stands at, by its best match.
func (b *best) take(ctx *search.SearchContext) *search.DocumentMatch {
	var first *source
	for _, s := range b.of {
		switch {
		case s.at == nil:
		case first == nil || s.at.IndexInternalID.Compare(first.at.IndexInternalID) < 0:
			first = s
		case s.at.IndexInternalID.Equals(first.at.IndexInternalID) && s.at.Score > first.at.Score:
			first = s
		}
	}
	if first == nil {
		return nil
	}
	match := first.at
	for _, s := range b.of {
		if s.at == nil || !s.at.IndexInternalID.Equals(match.IndexInternalID) {
			continue
		}
		if s != first {
			ctx.DocumentMatchPool.Put(s.at)
		}
		s.at = nil
	}
	return match
}

// Close implements search.Searcher.
func (b *best) Close() error {
	var first error
	for _, s := range b.of {
		if err := s.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Count implements search.Searcher: an upper bound.
func (b *best) Count() uint64 {
	var sum uint64
	for _, s := range b.of {
		sum += s.Count()
	}
	return sum
}

// DocumentMatchPoolSize implements search.Searcher.
func (b *best) DocumentMatchPoolSize() int {
	n := len(b.of)
	for _, s := range b.of {
		n += s.DocumentMatchPoolSize()
	}
	return n
}

// Size implements search.Searcher.
func (b *best) Size() int {
	n := 0
	for _, s := range b.of {
		n += s.Size()
	}
	return n
}

// Weight implements search.Searcher.
func (*best) Weight() float64 { return 0 }

// SetQueryNorm implements search.Searcher.
func (*best) SetQueryNorm(float64) {}

// Min implements search.Searcher.
func (*best) Min() int { return 0 }
