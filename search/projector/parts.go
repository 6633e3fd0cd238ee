package projector

import (
	"holdfast/search"
)

const (
	// partDocuments and partBytes bound one call to the index. A single document may be
	// larger than that.
	partDocuments = 1000
	partBytes     = 4 << 20
)

// parts splits the batch into pieces that an index takes at once.
func (b batch) parts() []search.Batch {
	var all []search.Batch
	var part search.Batch
	documents, size := 0, 0
	room := func(bytes int) *search.Batch {
		if documents > 0 && (documents == partDocuments || size+bytes > partBytes) {
			all, part, documents, size = append(all, part), search.Batch{}, 0, 0
		}
		documents, size = documents+1, size+bytes
		return &part
	}
	for _, d := range b.Products {
		to := room(sizeOfProduct(d))
		to.Products = append(to.Products, d)
	}
	for _, d := range b.Orders {
		to := room(sizeOfOrder(d))
		to.Orders = append(to.Orders, d)
	}
	for _, d := range b.Events {
		to := room(fixedSize + len(d.Stock) + len(d.Prices) + len(d.Reason))
		to.Events = append(to.Events, d)
	}
	if documents > 0 {
		all = append(all, part)
	}
	return all
}

// fixedSize is roughly a document's size without its longer texts, in bytes.
const fixedSize = 500

func sizeOfProduct(d search.Product) int {
	n := fixedSize + len(d.Title) + len(d.Description)
	for name, value := range d.Attributes {
		n += len(name) + len(value)
	}
	return n
}

func sizeOfOrder(d search.Order) int {
	n := fixedSize + len(d.Document)
	for _, t := range d.Titles {
		n += len(t)
	}
	for _, doc := range d.Payments {
		n += len(doc)
	}
	return n
}

// outcomes counts the outcomes of a part's documents, and returns a letter for each that
// can't be stored as it is.
func (p *Projector) outcomes(part search.Batch, r search.Results) []letter {
	var bad []letter
	count := func(view string, results []search.Result, letterOf func(i int) letter) {
		for i, one := range results {
			p.metrics.documents.WithLabelValues(view, string(one.Outcome)).Inc()
			if one.Outcome == search.OutcomePoisoned {
				l := letterOf(i)
				l.Reason = one.Reason
				bad = append(bad, l)
			}
		}
	}
	count(string(search.ViewProducts), r.Products, func(i int) letter {
		return letter{Entity: kindProduct, ID: part.Products[i].ID, Version: part.Products[i].Version}
	})
	count(string(search.ViewOrders), r.Orders, func(i int) letter {
		return letter{Entity: kindOrder, ID: part.Orders[i].ID, Version: part.Orders[i].Revision}
	})
	count(eventsView, r.Events, func(i int) letter { return letterOfEvent(part.Events[i]) })
	return bad
}

// eventsView is the metrics' name for the events, which aren't a View, since they can't be
// rebuilt.
const eventsView = "events"
