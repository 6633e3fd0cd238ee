package embedded

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"

	"holdfast/search"
)

// generation is one state of a view: all of its documents.
type generation struct {
	path       string
	docs       bleve.Index
	vocabulary *vocabulary // of products
	// writing lets one writer at a time compare revisions and store.
	writing sync.Mutex
}

// smallPiece is the number of documents up to which segments of an index count as equally
// small. bleve's own 2,000 is meant for indexes that are filled by large batches: a smaller
// index would be one segment, rewritten with every few changes.
const smallPiece = 16

// config confirms a batch once it is on disk, unless nothing has to outlive a crash.
func config(passing bool) map[string]any {
	return map[string]any{
		"unsafe_batch": passing, "bolt_timeout": lockWait.String(),
		"scorchMergePlanOptions": map[string]any{"FloorSegmentSize": smallPiece},
	}
}

func createGeneration(path string, passing bool) (*generation, error) {
	docs, err := bleve.NewUsing(path, mapping.NewIndexMapping(), scorch.Name, scorch.Name, config(passing))
	if err != nil {
		return nil, err
	}
	return newGeneration(path, docs)
}

func openGeneration(path string, passing bool) (*generation, error) {
	docs, err := bleve.OpenUsing(path, config(passing))
	if err != nil {
		return nil, err
	}
	return newGeneration(path, docs)
}

func newGeneration(path string, docs bleve.Index) (*generation, error) {
	words, err := readVocabulary(docs)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("words: %w", err), docs.Close())
	}
	return &generation{path: path, docs: docs, vocabulary: words}, nil
}

func (g *generation) close() error { return g.docs.Close() }

// remove closes the generation and deletes it from disk.
func (g *generation) remove() error { return errors.Join(g.close(), os.RemoveAll(g.path)) }

// kind is what distinguishes products and orders.
type kind[D any] struct {
	id       func(D) string
	revision func(D) int64
	record   func(D) (record, error)
}

func (g *generation) putProducts(docs []search.Product) ([]search.Result, error) {
	return put(g, docs, kind[search.Product]{
		func(p search.Product) string { return p.ID }, search.Product.Revision, g.productRecord,
	})
}

func (g *generation) putOrders(docs []search.Order) ([]search.Result, error) {
	return put(g, docs, kind[search.Order]{
		func(o search.Order) string { return o.ID }, func(o search.Order) int64 { return o.Revision }, orderRecord,
	})
}

// productRecord adds a product's words to the vocabulary before they can be found.
func (g *generation) productRecord(p search.Product) (record, error) {
	g.vocabulary.add(startWords(p)...)
	return productRecord(p)
}

// put stores what is newer.
func put[D interface{ Validate() error }](g *generation, docs []D, of kind[D]) ([]search.Result, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	results := make([]search.Result, len(docs))
	batch := g.docs.NewBatch()
	there := map[string]int64{} // revisions, with those of this batch
	for i, d := range docs {
		id := of.id(d)
		results[i].ID = id
		if err := d.Validate(); err != nil {
			results[i].Outcome, results[i].Reason = search.OutcomePoisoned, err.Error()
			continue
		}
		if _, known := there[id]; !known {
			var err error
			if there[id], err = revisionOf(g.docs, id); err != nil {
				return nil, err
			}
		}
		if of.revision(d) <= there[id] {
			results[i].Outcome = search.OutcomeIgnored
			continue
		}
		r, err := of.record(d)
		if err != nil {
			return nil, err
		}
		if err := batch.IndexAdvanced(r.Document); err != nil {
			return nil, err
		}
		there[id], results[i].Outcome = of.revision(d), search.OutcomeStored
	}
	if batch.Size() == 0 {
		return results, nil
	}
	return results, g.docs.Batch(batch)
}

// revisionOf reads the revision of a document, or 0 if there is none.
func revisionOf(in bleve.Index, id string) (int64, error) {
	value, found, err := stored(in, id, fieldRevision)
	if err != nil || !found {
		return 0, err
	}
	revision, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("revision of %s: %w", id, err)
	}
	return revision, nil
}

// stored reads one stored field of a document; found is false if there is no such document.
func stored(in bleve.Index, id, field string) (value []byte, found bool, err error) {
	doc, err := in.Document(id)
	if err != nil || doc == nil {
		return nil, false, err
	}
	doc.VisitFields(func(f index.Field) {
		if f.Name() == field {
			value = f.Value()
		}
	})
	return value, true, nil
}
