package projector

import (
	"context"
	"maps"

	"holdfast/search"
)

// bring reads the current state of what changed, and puts it into the index. Each step goes
// through do, which may retry it. bad can't be stored as it is; gone are entities without
// anything to put, by letter.
func (p *Projector) bring(ctx context.Context, w work, do func(what string, try func() error) error) (bad []letter, gone map[[2]string]bool, err error) {
	bad, gone = w.bad, map[[2]string]bool{}
	var unput batch
	steps := w.steps()
	for i, step := range steps {
		var b batch
		err := do("the changed entities", func() (err error) {
			b, err = p.fetch(ctx, step)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		bad = append(bad, b.bad...)
		maps.Copy(gone, b.gone)
		unput.add(b.Batch)
		if i < len(steps)-1 && !unput.full() {
			continue
		}
		for _, part := range unput.parts() {
			err := do("the index", func() error {
				results, err := p.Index.Put(ctx, part)
				if err == nil {
					bad = append(bad, p.outcomes(part, results)...)
				}
				return err
			})
			if err != nil {
				return nil, nil, err
			}
		}
		unput = batch{}
	}
	return bad, gone, nil
}

func (b *batch) add(more search.Batch) {
	b.Products = append(b.Products, more.Products...)
	b.Orders = append(b.Orders, more.Orders...)
	b.Events = append(b.Events, more.Events...)
}

// full reports whether the batch should be put before more is read.
func (b *batch) full() bool {
	size := 0
	for _, d := range b.Products {
		size += sizeOfProduct(d)
	}
	for _, d := range b.Orders {
		size += sizeOfOrder(d)
	}
	return size >= partBytes || len(b.Products)+len(b.Orders) >= partDocuments
}
