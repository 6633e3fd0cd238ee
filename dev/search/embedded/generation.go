package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"

	"holdfast/search"
)

// generation is one state of the index that can answer: the products and the
// orders.
type generation struct {
	path             string
	products, orders bleve.Index
	vocabulary       *vocabulary
}

// The folders of a generation.
const (
	productsFolder = "products"
	ordersFolder   = "orders"
)

// lockWait is how long to wait for another process to leave a folder.
const lockWait = "2s"

func createGeneration(path string, passing bool) (*generation, error) {
	// Off the disk's own pace only where nothing has to outlive a crash: otherwise
	// a batch is answered when it is stored.
	config := func() map[string]any {
		return map[string]any{"unsafe_batch": passing, "bolt_timeout": lockWait}
	}
	return eitherOrNone(path, func(path string) (bleve.Index, error) {
		return bleve.NewUsing(path, mapping.NewIndexMapping(), scorch.Name, scorch.Name, config())
	})
}

func openGeneration(path string, passing bool) (*generation, error) {
	return eitherOrNone(path, func(path string) (bleve.Index, error) {
		return bleve.OpenUsing(path, map[string]any{"unsafe_batch": passing, "bolt_timeout": lockWait})
	})
}

func eitherOrNone(path string, open func(string) (bleve.Index, error)) (*generation, error) {
	products, err := open(filepath.Join(path, productsFolder))
	if err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	orders, err := open(filepath.Join(path, ordersFolder))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("orders: %w", err), products.Close())
	}
	words, err := readVocabulary(products)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("words: %w", err), products.Close(), orders.Close())
	}
	return &generation{path: path, products: products, orders: orders, vocabulary: words}, nil
}

func (g *generation) close() error { return errors.Join(g.products.Close(), g.orders.Close()) }

// remove closes the generation and takes it from the disk.
func (g *generation) remove() error { return errors.Join(g.close(), os.RemoveAll(g.path)) }

// put stores what is newer. The caller lets one put at a time run.
func (g *generation) put(b search.Batch) (search.Results, error) {
	var r search.Results
	var err error
	if r.Products, err = putAll(g.products, b.Products, g.productRecord); err != nil {
		return search.Results{}, fmt.Errorf("products: %w", err)
	}
	if r.Orders, err = putAll(g.orders, b.Orders, orderRecord); err != nil {
		return search.Results{}, fmt.Errorf("orders: %w", err)
	}
	return r, nil
}

// productRecord notes a product's words before it can be found by them.
func (g *generation) productRecord(p search.Product) (record, error) {
	g.vocabulary.add(startWords(p)...)
	return productRecord(p)
}

// versioned is a document of either kind.
type versioned interface {
	Validate() error
	Revision() int64
}

func putAll[D versioned](in bleve.Index, docs []D, encode func(D) (record, error)) ([]search.Result, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	results := make([]search.Result, len(docs))
	batch := in.NewBatch()
	there := map[string]int64{} // revisions, with those of this batch
	for i, d := range docs {
		results[i].ID = idOf(d)
		if err := d.Validate(); err != nil {
			results[i].Outcome, results[i].Reason = search.Poisoned, err.Error()
			continue
		}
		if err := look(in, there, results[i].ID); err != nil {
			return nil, err
		}
		if d.Revision() <= there[results[i].ID] {
			results[i].Outcome = search.Ignored
			continue
		}
		r, err := encode(d)
		if err != nil {
			return nil, err
		}
		if err := batch.IndexAdvanced(r.Document); err != nil {
			return nil, err
		}
		there[results[i].ID], results[i].Outcome = d.Revision(), search.Stored
	}
	if batch.Size() == 0 {
		return results, nil
	}
	return results, in.Batch(batch)
}

func idOf(d any) string {
	switch d := d.(type) {
	case search.Product:
		return d.ID
	case search.Order:
		return d.ID
	}
	return ""
}

// look notes the revision that the index has of a document: 0 of one that isn't
// there.
func look(in bleve.Index, there map[string]int64, id string) error {
	if _, known := there[id]; known {
		return nil
	}
	revision, _, err := stored(in, id, fieldRevision)
	if err != nil {
		return err
	}
	there[id] = 0
	if revision != nil {
		if there[id], err = strconv.ParseInt(string(revision), 10, 64); err != nil {
			return fmt.Errorf("revision of %s: %w", id, err)
		}
	}
	return nil
}

// stored reads one stored field of a document; found is false where there is no
// such document.
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
