package embedded

import (
	"github.com/blevesearch/bleve/v2/search"
	index "github.com/blevesearch/bleve_index_api"
)

// bleve scores by how rare a term is, so a product's place would change whenever another
// one is added or removed, and a page could repeat results of the previous one. Here each
// match has a score that depends only on the product and the query.

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

// plus adds to the score of everything that a searcher finds.
type plus struct {
	search.Searcher
	more float64
}

func (p plus) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	return p.add(p.Searcher.Next(ctx))
}

func (p plus) Advance(ctx *search.SearchContext, id index.IndexInternalID) (*search.DocumentMatch, error) {
	return p.add(p.Searcher.Advance(ctx, id))
}

func (p plus) add(m *search.DocumentMatch, err error) (*search.DocumentMatch, error) {
	if m != nil {
		m.Score += p.more
	}
	return m, err
}

// union finds documents that at least so many of the first, required searchers find, each
// document once, with the highest score of any searcher, or the sum of all.
type union struct {
	of     []*source
	counts int
	least  int
	sum    bool
}

// source is a searcher and its current match, nil before the first and after that one was
// returned.
type source struct {
	search.Searcher
	at   *search.DocumentMatch
	done bool
}

func newUnion(of []search.Searcher, counts, least int, sum bool) *union {
	b := &union{counts: counts, least: least, sum: sum}
	for _, s := range of {
		b.of = append(b.of, &source{Searcher: s})
	}
	return b
}

// Next implements search.Searcher.
func (b *union) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	for {
		for _, s := range b.of {
			if s.done || s.at != nil {
				continue
			}
			if err := s.set(s.Next(ctx)); err != nil {
				return nil, err
			}
		}
		match, found := b.take(ctx)
		if match == nil || found >= b.least {
			return match, nil
		}
		ctx.DocumentMatchPool.Put(match)
	}
}

// Advance implements search.Searcher.
func (b *union) Advance(ctx *search.SearchContext, id index.IndexInternalID) (*search.DocumentMatch, error) {
	for _, s := range b.of {
		if s.done || s.at != nil && s.at.IndexInternalID.Compare(id) >= 0 {
			continue
		}
		ctx.DocumentMatchPool.Put(s.at)
		if err := s.set(s.Advance(ctx, id)); err != nil {
			return nil, err
		}
	}
	match, found := b.take(ctx)
	if match == nil || found >= b.least {
		return match, nil
	}
	ctx.DocumentMatchPool.Put(match)
	return b.Next(ctx)
}

func (s *source) set(m *search.DocumentMatch, err error) error {
	s.at, s.done = m, m == nil
	return err
}

// take returns the lowest current document, and how many of the required sources are at it.
func (b *union) take(ctx *search.SearchContext) (match *search.DocumentMatch, found int) {
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
		return nil, 0
	}
	match = first.at
	for i, s := range b.of {
		if s.at == nil || !s.at.IndexInternalID.Equals(match.IndexInternalID) {
			continue
		}
		if i < b.counts {
			found++
		}
		if s != first {
			if b.sum {
				match.Score += s.at.Score
			}
			ctx.DocumentMatchPool.Put(s.at)
		}
		s.at = nil
	}
	return match, found
}

// Close implements search.Searcher.
func (b *union) Close() error {
	var first error
	for _, s := range b.of {
		if err := s.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Count implements search.Searcher: an upper bound.
func (b *union) Count() uint64 {
	var sum uint64
	for _, s := range b.of {
		sum += s.Count()
	}
	return sum
}

// DocumentMatchPoolSize implements search.Searcher.
func (b *union) DocumentMatchPoolSize() int {
	n := len(b.of)
	for _, s := range b.of {
		n += s.DocumentMatchPoolSize()
	}
	return n
}

// Size implements search.Searcher.
func (b *union) Size() int {
	n := 0
	for _, s := range b.of {
		n += s.Size()
	}
	return n
}

// Weight implements search.Searcher.
func (*union) Weight() float64 { return 0 }

// SetQueryNorm implements search.Searcher.
func (*union) SetQueryNorm(float64) {}

// Min implements search.Searcher.
func (*union) Min() int { return 0 }
